"""`nnref verify`."""

import numpy as np
import pytest

from nnref.codec import encode
from tests.spec.process.streams import LOW_RANK_CODEBOOKS

from .conftest import write
from .damage import broken


def test_good_stream_is_summed_up(run, stream):
    status, out, err = run("verify", stream)
    assert (status, err) == (0, "")
    assert out == f"{stream}: {stream.stat().st_size:,} bytes, 5 of 5 tensors decoded\n"


def test_comparison_is_a_row_per_tensor(run, stream, model, tensors):
    status, out, err = run("verify", stream, "--against", model)
    assert (status, err) == (0, "")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert rows["steps"].endswith("identical  ")
    assert "good" in rows["conv.weight"]
    assert "SQNR" in out.splitlines()[-1]


def test_json_has_documented_keys(run_json, stream, model, tensors):
    status, found, _ = run_json("verify", stream, "--against", model)
    assert status == 0
    assert list(found) == [
        *("schema", "stream", "updates", "model", "good", "bytes", "tensors", "tensors_decoded"),
        *("findings", "errors", "identical", "lowest_sqnr", "comparison"),
    ]
    assert found["schema"] == "nnref.verify/1"
    assert (found["good"], found["identical"]) == (True, False)
    rows = {row["name"]: row for row in found["comparison"]}
    assert rows["steps"] == {
        "name": "steps",
        "identical": True,
        "max_error": 0.0,
        "sqnr": None,
        "problems": [],
    }
    assert rows["conv.weight"]["sqnr"] >= 30
    assert set(rows) == set(tensors)


def test_lossless_stream_is_identical(run_json, run, model, tmp_path):
    path = tmp_path / "lossless.nnr"
    path.write_bytes(encode(model, lossless=True))
    _, found, _ = run_json("verify", path, "--against", model)
    assert found["identical"] is True
    assert found["lowest_sqnr"] is None
    assert run("verify", path, "--against", model)[1].endswith("identical to the model\n")


def test_bounds_decide(run, stream, model):
    verify = ("verify", stream, "--against", model)
    assert run(*verify, "--min-sqnr", "30", "--max-error", "1")[0] == 0
    status, out, err = run(*verify, "--min-sqnr", "200")
    assert status == 6
    assert err.startswith("nnref: error[comparison-failed]: ")
    assert "below 200 dB" in out
    assert run(*verify, "--max-error", "1e-9")[0] == 6


def test_bounds_without_a_model_are_a_usage_error(run, stream):
    status, _, err = run("verify", stream, "--min-sqnr", "3")
    assert status == 2
    assert err.startswith("nnref: error[usage]: ")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda t: t.pop("half"), "'half': not in the model"),
        (lambda t: t.update(more=np.zeros(3, np.float32)), "'more': not in the stream"),
        (
            lambda t: t.update(half=t["half"].reshape(5, 6)),
            "'half': shape [6, 5] instead of [5, 6]",
        ),
        (
            lambda t: t.update(half=t["half"].astype(np.float32)),
            "'half': dtype bfloat16 instead of float32",
        ),
        (lambda t: t.update(steps=np.array(3, np.int64)), "'steps': integers differ"),
    ],
)
def test_other_model_fails_the_comparison(run, stream, tensors, tmp_path, change, problem):
    other = dict(tensors)
    change(other)
    write(tmp_path / "other.safetensors", other)
    status, _, err = run("verify", stream, "--against", tmp_path / "other.safetensors")
    assert status == 6
    assert problem in err
    assert err.count("\n") == 1


def test_model_of_other_weights_fails_without_any_bound(run, stream, tensors, tmp_path):
    other = tensors | {name: -tensors[name] for name in ("conv.weight", "conv.bias", "half")}
    write(tmp_path / "other.safetensors", other)
    status, _, err = run("verify", stream, "--against", tmp_path / "other.safetensors")
    assert status == 6
    assert "zeros would be nearer" in err


def test_every_damaged_unit_is_reported_and_the_rest_decoded(run, run_json, stream, tmp_path):
    data = bytearray(broken(stream.read_bytes(), "payload"))
    _, found, _ = run_json("inspect", stream)
    first = found["units"][2]
    data[first["payload_byte"] + first["payload_bytes"] - 2] ^= 0xFF
    path = tmp_path / "damaged.nnr"
    path.write_bytes(data)
    status, out, err = run("verify", path)
    assert status == 3
    assert "3 of 5 tensors decoded" in out
    warning, error = err.splitlines()
    assert warning == "nnref: warning: 1 more units cannot be decoded; --json lists them"
    assert "tensor 'conv.weight'" in error
    status, found, _ = run_json("verify", path)
    assert (found["good"], found["tensors_decoded"], len(found["errors"])) == (False, 3, 2)
    assert found["error"] == found["errors"][0]


def test_tolerated_rule_is_a_warning(run, run_json, stream, tmp_path):
    path = tmp_path / "odd.nnr"
    path.write_bytes(broken(stream.read_bytes(), "tolerated"))
    status, _, err = run("verify", path)
    assert status == 0
    assert err.startswith("nnref: warning: reserved-bits-nonzero: ")
    _, found, _ = run_json("verify", path)
    assert found["findings"][0]["error"] == "reserved-bits-nonzero"


def test_missing_files_are_file_errors(run, stream, tmp_path):
    assert run("verify", tmp_path / "none.nnr")[0] == 7
    assert run("verify", stream, "--against", tmp_path / "none.npz")[0] == 7


def test_a_block_is_compared_composed_or_as_coded(run, tmp_path):
    path = tmp_path / "block.nnr"
    path.write_bytes(LOW_RANK_CODEBOOKS)
    for options in ((), ("--as-coded",)):
        model = tmp_path / "model.safetensors"
        assert run("decode", path, "-o", model, *options)[0] == 0
        status, out, _ = run("verify", path, "--against", model, *options)
        assert status == 0
        assert "identical to the model" in out
