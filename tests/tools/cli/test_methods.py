"""Methods beyond the standard on the command line."""

import json

import numpy as np
import pytest

from nnref.codec import decode
from nnref.spec.syntax import read_units
from nnref.tools.cli import app
from tests.support import needs_pictures


def test_templates_that_are_asked_for_are_decoded_by_the_plain_command(run, run_json, tmp_path):
    model, stream, decoded = (tmp_path / name for name in ("m.npz", "m.nnr", "d.npz"))
    weight = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    np.savez(model, w=weight)
    options = ("--method", "templates", "--templates", "6", "--no-template-residual")
    status, found, _ = run_json(
        "encode", model, "-o", stream, *options, "--template-distance", "signed"
    )
    assert status == 0
    assert found["tensors"][0]["tools"] == ["templates", "templates6", "dq"]
    assert found["tensors"][0]["qp"] is None
    assert run("decode", stream, "-o", decoded)[0] == 0
    assert np.load(decoded)["w"].tobytes() == decode(stream)["w"].tobytes()


def test_hierarchical_compression_and_formats_of_outputs_come_back(run, run_json, tmp_path):
    model, stream, decoded = (tmp_path / name for name in ("m.npz", "m.nnr", "d.npz"))
    given, found = tmp_path / "given.json", tmp_path / "found.json"
    weight = np.random.default_rng(0).normal(size=(8, 90)).astype(np.float32)
    np.savez(model, w=weight)
    given.write_text(
        '{"w": {"width": 8, "fraction_length": -3}, "v": {"width": 4, "fraction_length": 0}}'
    )
    options = ("--method", "hierarchical", "--prune-deviations", "0.5", "--shared-bits", "4")
    options += ("--fixed-point-bits", "5", "--output-formats", given)
    status, report, _ = run_json("encode", model, "-o", stream, *options)
    assert status == 0
    name, shared, *formats = report["tensors"][0]["tools"]
    assert (name, formats) == ("hierarchical", ["fixed5", "outputs8"])
    assert int(shared.removeprefix("shared")) in range(8, 17)
    assert run("decode", stream, "-o", decoded, "--output-formats", found)[0] == 0
    assert json.loads(found.read_text()) == {"w": {"width": 8, "fraction_length": -3}}
    pruned = np.abs(weight) < 0.5 * weight.std()
    assert not np.load(decoded)["w"][pruned].any()


@pytest.mark.parametrize(
    ("text", "rule", "status"),
    [
        ("[]", "file-format", 7),
        ('{"w": 8}', "file-format", 7),
        ('{"w": {"width": 8}}', "file-format", 7),
        ("{", "file-format", 7),
        ('{"w": {"width": 25, "fraction_length": 0}}', "setting-unknown", 2),
        ('{"w": {"width": 8, "fraction_length": -105}}', "setting-unknown", 2),
    ],
)
def test_formats_of_outputs_that_are_none_are_refused(run, model, tmp_path, text, rule, status):
    formats = tmp_path / "formats.json"
    formats.write_text(text)
    options = ("--method", "hierarchical", "--output-formats", formats)
    found, _, err = run("encode", model, "-o", tmp_path / "s", *options)
    assert found == status
    assert f"error[{rule}]" in err


def test_number_that_is_none_is_wrong_usage(run, model, tmp_path):
    status, _, err = run("encode", model, "-o", tmp_path / "s", "--templates", "many")
    assert status == 2
    assert "'many' is neither an integer nor 'auto'" in err


def test_deep_compression_is_decoded_by_the_plain_command(run, run_json, tmp_path):
    model, stream, decoded = (tmp_path / name for name in ("m.npz", "m.nnr", "d.npz"))
    weight = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    np.savez(model, w=weight)
    options = ("--method", "deep-compression", "--shared-bits", "3", "--prune", "0.5")
    status, found, _ = run_json("encode", model, "-o", stream, *options)
    assert status == 0
    name, shared = found["tensors"][0]["tools"]
    assert name == "deep-compression"
    assert int(shared.removeprefix("shared")) in range(4, 8)
    assert run("decode", stream, "-o", decoded)[0] == 0
    assert np.load(decoded)["w"].tobytes() == decode(stream)["w"].tobytes()
    assert np.count_nonzero(np.load(decoded)["w"]) == weight.size / 2


def test_pictures_are_decoded_by_the_plain_command_and_given_to_other_decoders(
    capsysbinary, tmp_path
):
    needs_pictures()
    model, stream, decoded = (tmp_path / name for name in ("m.npz", "m.nnr", "d.npz"))
    weight = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    np.savez(model, w=weight)
    options = ("--method", "video", "--video-depth", "10", "--video-qp", "20", "--video-chroma")
    layout = ("--video-layout", "kernels", "--video-scales", "row", "--video-layers", "all")
    assert app.run(["encode", str(model), "-o", str(stream), *options, *layout, "--json"]) == 0
    (found,) = json.loads(capsysbinary.readouterr().out)["tensors"]
    assert found["tools"] == ["video", "bits10", "row-scales", "qp20"]
    assert app.run(["inspect", str(stream), "--payload", "w"]) == 0
    payload = capsysbinary.readouterr().out
    (unit,) = (unit for unit in read_units(stream.read_bytes()) if unit.has_tensors)
    assert payload == bytes(unit.payload)
    assert payload.startswith(b"\0\0\0\1")
    assert app.run(["decode", str(stream), "-o", str(decoded)]) == 0
    assert np.load(decoded)["w"].tobytes() == decode(stream)["w"].tobytes()


def test_payload_of_an_unknown_tensor_is_wrong_usage(run, stream):
    status, _, err = run("inspect", stream, "--payload", "none")
    assert status == 2
    assert "tensor-unknown" in err


def test_low_rank_kernels_are_decoded_by_the_plain_command(run, run_json, tmp_path):
    model, stream, decoded = (tmp_path / name for name in ("m.npz", "m.nnr", "d.npz"))
    weight = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    np.savez(model, w=weight)
    options = ("--method", "lowrank", "--kernel-rank", "5")
    status, found, _ = run_json("encode", model, "-o", stream, *options)
    assert status == 0
    assert found["tensors"][0]["tools"] == ["lowrank", "rank5", "dq"]
    assert run("decode", stream, "-o", decoded)[0] == 0
    assert np.load(decoded)["w"].tobytes() == decode(stream)["w"].tobytes()
    assert run("decode", stream, "-o", decoded, "--as-coded")[0] == 0
    assert {name: array.shape for name, array in np.load(decoded).items()} == {
        "w_G": (4, 3, 5),
        "w_H": (5, 8, 3),
    }
    status, found, _ = run_json(
        "encode", model, "-o", stream, "--method", "lowrank", "--kernel-rank", "0.5"
    )
    assert found["tensors"][0]["tools"][1] == "rank4"
    assert run("encode", model, "-o", stream, "--kernel-rank", "many")[0] == 2
    assert run("verify", stream, "--against", model)[0] == 0
    for command, words in (("inspect", "rank4"), ("trace", "kernel_rank_minus1")):
        status, out, _ = run(command, stream)
        assert status == 0
        assert words in out
