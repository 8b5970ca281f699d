"""`nnref encode --base`, and decoding what it writes."""

import numpy as np
import pytest

from nnref.codec import decode_chain, open_stream
from nnref.codec.model import open_model
from nnref.codec.quantization import sqnr_db
from tests.tools.cli.conftest import write


@pytest.fixture
def trained(tensors, tmp_path):
    """The model after some training."""
    changed = tensors["conv.weight"] + np.float32(0.01) * (tensors["conv.weight"] > 0.03)
    path = tmp_path / "trained.safetensors"
    write(path, tensors | {"conv.weight": changed})
    return path


def test_update_is_written_and_decoded(run, trained, stream, tmp_path):
    update, out = tmp_path / "u.nnr", tmp_path / "out.npz"
    status, text, err = run("encode", trained, "--base", stream, "--sqnr", "30", "-o", update)
    assert (status, err) == (0, "")
    assert ": 1 increment, 4 unchanged; lowest SQNR 3" in text
    assert update.stat().st_size < stream.stat().st_size / 2
    assert run("decode", stream, update, "-o", out)[0] == 0
    with open_model(out) as found, open_model(trained) as expected:
        for name in ("conv.weight", "conv.bias"):
            assert sqnr_db(expected.read(name), found.read(name)) >= 30


@pytest.mark.parametrize("semantics", ["cumulative", "non-cumulative"])
def test_chains_of_both_semantics_come_back(run, model, trained, stream, tmp_path, semantics):
    first, second, out = (tmp_path / name for name in ("1.nnr", "2.nnr", "out.npz"))
    named = ("--semantics", semantics)
    assert run("encode", trained, "--base", stream, *named, "-o", first)[0] == 0
    bases = ("--base", stream, "--base", first)
    assert run("encode", model, *bases, *named, "--sqnr", "50", "-o", second)[0] == 0
    assert run("decode", stream, first, second, *named, "-o", out)[0] == 0
    paths = [stream, first, second]
    expected = decode_chain(paths, semantics=semantics)["conv.weight"]
    with open_model(out) as found, open_model(model) as original:
        assert np.array_equal(found.read("conv.weight"), expected)
        assert sqnr_db(original.read("conv.weight"), expected) >= 50


def test_sum_of_a_chain_is_verified_against_the_model(run, run_json, trained, stream, tmp_path):
    update = tmp_path / "u.nnr"
    run("encode", trained, "--base", stream, "--sqnr", "30", "-o", update)
    against = ("--against", trained, "--min-sqnr", "30")
    status, text, err = run("verify", stream, update, *against)
    assert (status, err) == (0, "")
    assert "5 of 5 tensors decoded, lowest SQNR 3" in text
    status, found, _ = run_json("verify", stream, update, *against, "--semantics", "cumulative")
    assert (status, found["updates"], found["good"]) == (0, [str(update)], True)
    assert found["bytes"] == stream.stat().st_size + update.stat().st_size
    assert run("verify", stream, "--against", trained, "--min-sqnr", "30")[0] == 6
    assert run("verify", stream, "--semantics", "cumulative")[0] == 2
    assert run("verify", stream, update, "--as-coded")[0] == 2


def test_unit_of_an_update_that_cannot_be_decoded_is_told(run_json, trained, stream, tmp_path):
    update = tmp_path / "u.nnr"
    run_json("encode", trained, "--base", stream, "-o", update)
    damaged = bytearray(update.read_bytes())
    damaged[-1] = 0
    update.write_bytes(damaged)
    status, found, _ = run_json("verify", stream, update)
    assert (status, found["tensors_decoded"], len(found["errors"])) == (3, 4, 1)


def test_json_names_the_base_and_what_became_of_every_tensor(run_json, trained, stream, tmp_path):
    update = tmp_path / "u.nnr"
    options = ("--parent-id", "sha256", "--device-id", "7", "--predictive")
    status, found, _ = run_json("encode", trained, "--base", stream, *options, "-o", update)
    assert status == 0
    assert found["base"] == [str(stream)]
    ways = {row["name"]: row["tools"][0] for row in found["tensors"]}
    assert ways["conv.weight"] == "increment"
    assert ways["steps"] == "unchanged"
    fields = open_stream(update).info("conv.weight").unit.fields
    assert (fields["device_id"], fields["parent_node_id_type"]) == (7, 1)


@pytest.mark.parametrize(
    ("options", "status", "error"),
    [
        (["--semantics", "cumulative"], 2, "setting-conflict"),
        (["--predictive"], 2, "setting-conflict"),
        (["--base", "STREAM", "--compatible"], 2, "setting-conflict"),
        (["--base", "missing.nnr"], 7, "file-not-found"),
        (["--base", "MODEL"], 3, ""),
    ],
)
def test_what_cannot_be_an_update_is_refused(run, model, stream, tmp_path, options, status, error):
    names = {"STREAM": stream, "MODEL": model}
    given = [names.get(option, option) for option in options]
    found, _, err = run("encode", model, *given, "-o", tmp_path / "u.nnr")
    assert found == status, err
    assert f"error[{error}" in err
    assert not (tmp_path / "u.nnr").exists()


def test_base_is_not_overwritten(run, model, stream):
    before = stream.read_bytes()
    status, _, err = run("encode", model, "--base", stream, "-o", stream)
    assert (status, "setting-conflict" in err) == (2, True)
    assert stream.read_bytes() == before


def test_update_of_another_base_is_refused_in_decoding(run, trained, model, stream, tmp_path):
    other, update = tmp_path / "other.nnr", tmp_path / "u.nnr"
    run("encode", model, "--sqnr", "31", "-o", other)
    run("encode", trained, "--base", stream, "-o", update)
    status, _, err = run("decode", other, update, "-o", tmp_path / "out.npz")
    assert (status, "error[base-model-mismatch]" in err) == (6, True)
