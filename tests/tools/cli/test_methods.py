"""Methods beyond the standard on the command line."""

import numpy as np

from nnref.codec import decode


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
