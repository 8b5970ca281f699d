"""`nnref encode --lnq`, `nnref strip`."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnref.codec import decode
from tests.spec.process import streams


@pytest.fixture
def layers(tmp_path):
    random = np.random.default_rng(1)
    scale = random.uniform(0.1, 1.0, (40, 1))
    path = tmp_path / "layers.safetensors"
    save_file({"w": (random.laplace(size=(40, 200)) * scale).astype(np.float32)}, path)
    return path


def test_layers_are_encoded_with_lnq_and_stripped(run, run_json, layers, tmp_path):
    stream, plain = tmp_path / "l.nnr", tmp_path / "p.nnr"
    options = ("--sqnr", 10, "--lnq", "class", "--lu", "filter", "--prune", 0.5)
    status, found, _ = run_json("encode", layers, "-o", stream, *options)
    assert status == 0
    (tensor,) = found["tensors"]
    assert tensor["lnq"]["mode"] == "class"
    assert tensor["lnq"]["sl"] == 1.0
    status, out, _ = run("inspect", stream, "--lnq")
    assert "Local non-linear quantization" in out
    assert "100.0 %" in out
    (layer,) = run_json("inspect", stream, "--lnq")[1]["lnq"]
    assert (layer["mode"], layer["units"], layer["sl"]) == ("class", 40, 1.0)
    assert sum(layer["units_by_class"]) == 40
    assert 0 < layer["side_bits"] < layer["unit_bits"] / 2
    status, found, err = run_json("strip", stream, "-o", plain, "--replace")
    assert (status, err) == (0, "")
    assert (found["removed"], found["replaced"], found["lost"]) == (1, ["w"], [])
    assert run("verify", plain)[0] == 0


def test_tensors_that_are_lost_are_named(run, layers, tmp_path):
    stream, plain = tmp_path / "l.nnr", tmp_path / "p.nnr"
    run("encode", layers, "-o", stream, "--sqnr", 10, "--lnq", "class")
    status, out, err = run("strip", stream, "-o", plain)
    assert status == 0
    assert "1 lost" in out
    assert "'w'" in err
    assert run("strip", plain, "-o", plain)[0] != 0


def test_levels_of_units_are_shown(run_json, tmp_path):
    path = tmp_path / "l.nnr"
    path.write_bytes(streams.LNQ_DIRECT)
    status, found, _ = run_json("inspect", path, "--lnq")
    assert status == 0
    (layer,) = found["lnq"]
    assert layer["mode"] == "published"
    assert 0 < layer["sl"] <= 1
    assert len(layer["units_by_levels"]) <= 4


@pytest.mark.parametrize(("asked", "zeros"), [("0.75", 0.75), ("ratio:20", 0.95), ("ratio:1", 0)])
def test_sparsity_is_a_part_or_a_ratio(run, tmp_path, asked, zeros):
    model, stream = tmp_path / "m.npz", tmp_path / "m.nnr"
    np.savez(model, w=np.random.default_rng(1).normal(size=(40, 50)).astype(np.float32))
    assert run("encode", model, "-o", stream, "--sqnr", 40, "--prune", asked)[0] == 0
    assert (decode(stream)["w"] == 0).mean() == pytest.approx(zeros, abs=0.03)


@pytest.mark.parametrize("asked", ["ratio:", "ratio:0.5", "ratio:x", ":20", "1", "-0.1", "much"])
def test_other_sparsities_are_refused(run, tmp_path, asked):
    status, _, problem = run(
        "encode", tmp_path / "m.npz", "-o", tmp_path / "m.nnr", "--prune", asked
    )
    assert status != 0
    assert "ratio:20" in problem
