"""The whole experiment on a network of one small layer."""

import shlex
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnref.codec import decode
from nnref.tools.cli import app
from nnref.tools.experiments.ablation import VARIANTS, measure_variant
from nnref.tools.experiments.distortion import weight_quality
from nnref.tools.experiments.measuring import measure
from nnref.tools.experiments.rows import BEST, DEEP_COMPRESSION, DQ, OWN, PUBLISHED, URQ

JUDGE = 'import sys; assert sys.argv[1] == "net"; print(\'{"top1": 80.0, "n": 5}\')'


def model():
    random = np.random.default_rng(3)
    rows = random.uniform(0.2, 1.0, (24, 1))
    weight = (random.laplace(size=(24, 64)) * rows).astype(np.float32)
    return {"w": weight, "b": np.linspace(-1, 1, 24, dtype=np.float32)}


@pytest.mark.parametrize("row", OWN)
def test_every_row_reaches_the_quality(row):
    point = measure(OWN[row], model(), 10.0)
    assert point["db"] >= 10.0
    assert 0 < point["weight_bytes"] < point["bytes"] < point["original_bytes"]


def test_rows_with_lnq_are_never_larger_than_those_without():
    for row, base in ((PUBLISHED, URQ), (BEST, DQ)):
        with_lnq, without = (measure(OWN[each], model(), 10.0) for each in (row, base))
        assert with_lnq["weight_bytes"] <= without["weight_bytes"]
        assert 0 <= with_lnq["sl"] <= 24 * 64 / (24 * 65)


def test_quality_of_weights_is_that_of_every_tensor_alike():
    original = {"small": np.full((2, 8), 0.1), "large": np.full((2, 8), 10.0), "b": np.ones(4)}
    decoded = {"small": np.full((2, 8), 0.11), "large": np.full((2, 8), 10.0), "b": np.zeros(4)}
    assert weight_quality(original, decoded) == pytest.approx(10 * np.log10(200), abs=0.01)


def test_report_has_both_tests_and_points_are_not_measured_twice(tmp_path, capsys):
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    save_file(model(), data / "net.safetensors")
    judge = shlex.join([sys.executable, "-c", JUDGE]) + " {network} {model}"
    arguments = ["experiment", "lnq", "--data", str(data), "--out", str(out), "--no-ablation"]
    arguments += [
        "--pictures",
        "--sqnr",
        "8",
        "--sqnr",
        "12",
        "--sparsity",
        "0.5",
        "--evaluate",
        judge,
    ]
    assert app.run(arguments) == 0
    lines = (out / "points.jsonl").read_text().splitlines()
    assert len(lines) == 2 * (1 + 2 * len(OWN))
    report = (out / "report.md").read_text()
    for words in ("## net, Test 1", "## net, Test 2, 50 % pruned", "LNQ published", "top1 80"):
        assert words in report
    pictures = [str(path.relative_to(out)) for path in out.rglob("*.svg")]
    assert "pictures/net-50/curves.svg" in pictures
    assert all(f"![{path}]({path})" in report for path in pictures)
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert ": 0 points measured now" in capsys.readouterr().out


def test_network_that_is_not_there_is_refused(tmp_path, capsys):
    save_file(model(), tmp_path / "net.safetensors")
    arguments = ["experiment", "lnq", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert app.run([*arguments, "--network", "other"]) == 2
    assert "one of net" in capsys.readouterr().err


def test_decoded_model_is_what_is_evaluated():
    seen = []

    def metrics(tensors):
        seen.append(tensors)
        return {"metric": 1.0}

    point = measure(OWN[DQ], model(), 10.0, metrics)
    coded = OWN[DQ].code(model(), 10.0)
    assert point["metrics"] == {"metric": 1.0}
    assert np.array_equal(seen[0]["w"], decode(coded.stream)["w"])


def test_switches_of_the_ablation_change_what_is_written():
    first, *others = (measure_variant(model(), each, 8.0) for each in VARIANTS.values())
    assert first["weights"] == 24 * 64
    assert len({each["bytes"] for each in others} - {first["bytes"]}) > 2


def test_deep_compression_takes_the_fewest_bits_that_reach_the_quality():
    low, high = (measure(OWN[DEEP_COMPRESSION], model(), sqnr) for sqnr in (8.0, 16.0))
    assert 8.0 <= low["db"] < 16.0 <= high["db"]
    assert low["weight_bytes"] < high["weight_bytes"]
