"""`nnref calibrate`, and what `nnref encode` makes of it."""

import json

import numpy as np
import pytest

PROGRAM = """
from torch import nn
def network(): return nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 4))
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.MultiheadAttention(20, 2), nn.Linear(20, 3)
    def forward(self, x): return self.outer(self.inner(x, x, x)[0])
"""
RNG = np.random.default_rng(6)
INPUTS = RNG.normal(size=(50, 20)) + 3.0


@pytest.fixture
def files(tmp_path):
    """A program, weights for it, inputs, and activations of its first layer."""
    (tmp_path / "net.py").write_text(PROGRAM)
    shapes = {"0.weight": (30, 20), "0.bias": (30,), "2.weight": (4, 30), "2.bias": (4,)}
    weights = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(tmp_path / "weights.npz", **weights)
    np.savez(tmp_path / "inputs.npz", x=INPUTS)
    np.savez(tmp_path / "activations.npz", **{"0.weight": INPUTS})
    return tmp_path


def test_program_is_calibrated_and_its_weights_encoded(run, run_json, files):
    out, weights = files / "c.safetensors", files / "weights.npz"
    program = f"{files / 'net.py'}:network"
    given = ("--inputs", files / "inputs.npz", "--weights", weights, "--batch", "7")
    status, text, err = run("calibrate", program, *given, "-o", out)
    assert (status, text, err) == (0, f"{out}: {out.stat().st_size:,} bytes\n", "")
    stream = files / "o.nnr"
    status, found, _ = run_json("encode", weights, "-o", stream, "--calibration", out, "--sqnr", 20)
    assert status == 0
    rows = {row["name"]: row for row in found["tensors"]}
    assert "calibrated" in rows["0.weight"]["tools"]
    assert rows["0.weight"]["output_sqnr"] > 15
    assert rows["0.bias"]["output_sqnr"] is None
    text = run("encode", weights, "-o", stream, "--calibration", out)[1]
    assert "lowest SQNR of outputs" in text


def test_activations_need_no_program(run, files):
    out = files / "c.safetensors"
    given = ("--activations", files / "activations.npz", "-o", out)
    assert run("calibrate", files / "weights.npz", *given, "-q") == (0, "", "")
    assert out.stat().st_size > 4 * 20 * 20


def test_weights_without_a_product_are_named(run, files):
    np.savez(files / "inputs.npz", x=RNG.normal(size=(3, 2, 20)))
    given = ("--inputs", files / "inputs.npz", "-o", files / "c.safetensors")
    status, _, err = run("calibrate", f"{files / 'net.py'}:Attention", *given)
    assert status == 0
    assert "'inner.in_proj_weight'" in err


def test_json_says_what_was_left_out(run_json, files):
    np.savez(files / "inputs.npz", x=RNG.normal(size=(3, 2, 20)))
    given = ("--inputs", files / "inputs.npz", "-o", files / "c.safetensors")
    status, found, _ = run_json("calibrate", f"{files / 'net.py'}:Attention", *given)
    assert (status, found["schema"]) == (0, "nnref.calibrate/1")
    assert found["left_out"] == ["inner.in_proj_weight", "inner.out_proj.weight"]
    assert found["bytes"] == (files / "c.safetensors").stat().st_size


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--inputs", "i.npz", "--activations", "a.npz"],
        ["--activations", "a.npz", "--weights", "w.npz"],
    ],
)
def test_options_that_do_not_go_together_are_refused(run, tmp_path, options):
    status, _, err = run("calibrate", "m.npz", *options, "-o", tmp_path / "c.safetensors")
    assert status == 2
    assert "usage" in err


@pytest.fixture
def calibrated(run, files):
    """The same with a calibration."""
    given = ("--inputs", files / "inputs.npz", "--weights", files / "weights.npz", "-q")
    assert (
        run("calibrate", f"{files / 'net.py'}:network", *given, "-o", files / "c.safetensors")[0]
        == 0
    )
    return files


def test_size_is_met_with_a_calibration(run_json, calibrated):
    stream = calibrated / "o.nnr"
    given = ("--calibration", calibrated / "c.safetensors", "--target-bytes", 600)
    status, found, _ = run_json("encode", calibrated / "weights.npz", "-o", stream, *given)
    assert status == 0
    assert 560 <= stream.stat().st_size == found["bytes"] <= 600
    assert found["tensors"][0]["output_sqnr"] is not None


def test_divergence_is_bounded_resumed_and_its_best_points_written(run, run_json, calibrated):
    random = np.random.default_rng(7)
    np.savez(calibrated / "others.npz", x=random.normal(size=(60, 20)) + 3.0)
    given = ["--calibration", calibrated / "c.safetensors", "--max-kl", "0.01"]
    given += ["--network", f"{calibrated / 'net.py'}:network"]
    given += ["--network-inputs", calibrated / "others.npz", "--journal", calibrated / "j.jsonl"]
    place = ("encode", calibrated / "weights.npz", "-o", calibrated / "o.nnr")
    status, text, _ = run(*place, *given, "--pareto", calibrated / "p.csv")
    assert status == 0
    assert "left at most" in text
    assert "lambda 0" in text
    first = (calibrated / "o.nnr").read_bytes()
    journal = (calibrated / "j.jsonl").read_text()
    status, found, _ = run_json(*place, *given, "--pareto", calibrated / "p.json")
    assert status == 0
    assert (calibrated / "o.nnr").read_bytes() == first
    assert (calibrated / "j.jsonl").read_text() == journal
    trials = json.loads((calibrated / "p.json").read_text())["trials"]
    assert found["search"]["trials"][found["search"]["kept"]] in trials
    assert [t["bytes"] for t in trials] == sorted(t["bytes"] for t in trials)
    assert [t["loss"] for t in trials] == sorted((t["loss"] for t in trials), reverse=True)
    assert len((calibrated / "p.csv").read_text().splitlines()) == 1 + len(trials)


@pytest.mark.parametrize(
    "options",
    [
        ["--max-kl", "0.1"],
        ["--max-kl", "0.1", "--network", "n.py:f", "--network-inputs", "i.npz", "--min-sqnr", "9"],
        ["--network", "n.py:f"],
        ["--journal", "j"],
        ["--pareto", "p"],
    ],
)
def test_options_of_a_search_need_what_they_are_for(run, files, options):
    status, _, err = run("encode", files / "weights.npz", "-o", files / "o.nnr", *options)
    assert status == 2
    assert "usage" in err
