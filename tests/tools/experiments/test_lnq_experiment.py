"""The whole experiment on a network of one small layer."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnref.codec import decode
from nnref.tools.cli import app
from nnref.tools.experiments.ablation import VARIANTS, measure_variant
from nnref.tools.experiments.distortion import weight_quality
from nnref.tools.experiments.measuring import measure
from nnref.tools.experiments.rows import BEST, DEEP_COMPRESSION, DQ, OWN, PUBLISHED, URQ

EVALUATOR = """
import numpy as np

def evaluate(network, tensors, reference):
    apart = np.abs(tensors["w"] - reference["w"])
    zeros = (tensors["w"] == 0).mean()
    accuracy = 80.0 - WORTH * zeros - apart.max()
    return {"accuracy": accuracy, "kl": float((apart ** 2).mean())}
"""


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


def folder(tmp_path, worth=1.0):
    """A network, what all its weights are worth, and the arguments of an experiment on them."""
    data = tmp_path / "data"
    data.mkdir()
    save_file(model(), data / "net.safetensors")
    (tmp_path / "evaluator.py").write_text(f"WORTH = {worth}\n{EVALUATOR}")
    evaluator = ["--evaluator", str(tmp_path / "evaluator.py")]
    return ["experiment", "lnq", "--data", str(data), "--out", str(tmp_path / "out"), *evaluator]


def test_reports_have_both_tests_and_points_are_not_measured_twice(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    rows = [URQ, DQ, PUBLISHED, BEST]
    asked = ["--no-ablation", "--pictures", "svg", "--sqnr", "8", "--sqnr", "12"]
    asked += ["--sparsity", "0.5", *(word for row in rows for word in ("--row", row))]
    arguments, out = [*folder(tmp_path), *asked], tmp_path / "out"
    assert app.run(arguments) == 0
    lines = (out / "points.jsonl").read_text().splitlines()
    assert len(lines) == 2 * (1 + 2 * len(rows))
    report = (out / "report.md").read_text()
    for words in (
        "## net, Test 1\n",
        "## net, Test 2, 50 % pruned",
        "at equal kl",
        "LNQ published",
        "--sqnr 8.0 --sqnr 12.0 --sparsity 0.5 --evaluator evaluator.py`",
    ):
        assert words in report
    assert (out / "points.md").read_text().count("\n| LNQ best |") == 4
    pictures = [str(path.relative_to(out)) for path in out.rglob("*.svg")]
    assert "pictures/net-50/curves.svg" in pictures
    assert all(f"]({path})" in report for path in pictures)
    page = (out / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == len(pictures)
    assert "http" not in page
    assert {path.suffix for path in (out / "streams").iterdir()} == {".nnr"}
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert ": 0 points measured now" in capsys.readouterr().out


def test_sparsity_auto_is_the_most_that_costs_two_percent(tmp_path, capsys):
    arguments = [*folder(tmp_path), "--no-ablation", "--row", URQ, "--sqnr", "8", "--json"]
    assert app.run([*arguments, "--quiet"]) == 0
    lines = (tmp_path / "out" / "points.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    tried = {key["sparsity"]: key["row"] for key in keys}
    assert tried == {0.0: URQ, **{n / 10: "uncoded" for n in range(1, 9)}, 0.9: URQ}
    assert "pruned within 2 %" in (tmp_path / "out" / "report.md").read_text()
    assert json.loads(capsys.readouterr().out)["measured"] == len(keys)


def test_network_that_bears_no_pruning_has_no_second_test(tmp_path, capsys):
    arguments = [*folder(tmp_path, worth=20.0), "--no-ablation", "--row", URQ, "--sqnr", "8"]
    assert app.run(arguments) == 0
    assert "net: no Test 2, pruned within 2 %" in capsys.readouterr().err
    assert "Test 2, pruned" not in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--sparsity", "1"], "between 0 and 1"),
        (["--row", "zip"], "one of URQ"),
        (["--network", "other"], "one of net"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path, capsys, option, words):
    assert app.run([*folder(tmp_path), *option]) == 2
    assert words in capsys.readouterr().err


def test_sparsity_auto_needs_an_evaluator(tmp_path, capsys):
    without = folder(tmp_path)[:-2]
    asked = ["--no-ablation", "--row", URQ, "--sqnr", "8", "--sparsity", "auto"]
    assert app.run([*without, *asked]) == 2
    assert "asks for --evaluator" in capsys.readouterr().err


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
