"""Low-rank kernels on a network of three small convolutions."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from nnref.codec.quantization import kernel_weight
from nnref.tools.cli import app
from nnref.tools.experiments import low_rank_retrained
from nnref.tools.experiments.journal import Journal
from nnref.tools.experiments.low_rank import ONE_LAYER, ORIGINAL, TWO_LAYERS, measured, rows
from nnref.tools.experiments.low_rank_report import blocks, draw
from nnref.tools.experiments.low_rank_runtime import LayerSeconds
from nnref.tools.experiments.rows import Settings
from nnref.tools.train import digits

CHANNELS = 8


def model():
    random = np.random.default_rng(3)
    shapes = {"a": (CHANNELS, 2, 3, 3), "b": (CHANNELS, CHANNELS, 3, 3), "p": (4, CHANNELS, 1, 1)}
    found = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    g, h = random.normal(size=(CHANNELS, 3, 3)), random.normal(size=(3, CHANNELS, 3))
    separable = kernel_weight(g.astype(np.float32), h.astype(np.float32))
    return {**found, "c": separable, "bias": np.ones(CHANNELS, np.float32)}


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    folder = tmp_path_factory.mktemp("low_rank")
    save_file(model(), folder / "net.safetensors")
    found = measured(
        "net",
        folder / "net.safetensors",
        Journal(folder / "points.jsonl"),
        seconds=lambda shape, rank: shape[1] + 100 * rank,
    )
    return {point["row"]: point for point in found}


def test_every_row_is_a_point(points):
    assert list(points) == [row.words for row in rows()]
    original = points[ORIGINAL.words]
    assert original["bytes"] == original["kept_bytes"] == original["original_bytes"]
    assert original["db"] == float("inf")


def test_layers_of_the_text_are_the_second_and_the_third_with_its_parts_of_the_channels(points):
    assert points[ONE_LAYER.words]["ranks"] == {"b": 4}
    assert points[TWO_LAYERS.words]["ranks"] == {"b": 4, "c": 3}


def test_sizes_and_multiplications_are_those_of_the_factors(points):
    original, factored = points[ORIGINAL.words], points[TWO_LAYERS.words]
    saved = 2 * CHANNELS * CHANNELS * 9 - (4 + 3) * 2 * CHANNELS * 3
    assert original["kept_bytes"] - factored["kept_bytes"] == 4 * saved
    assert original["macs"] - factored["macs"] == saved


def test_layer_of_low_rank_loses_nothing_and_pays(points):
    assert points["where it pays, 30 dB"]["ranks"] == {"c": 3}
    assert points["where it pays, 30 dB"]["bytes"] < points["DQ, 30 dB"]["bytes"]
    assert points[TWO_LAYERS.words]["db"] == pytest.approx(points[ONE_LAYER.words]["db"], abs=0.1)


def test_layer_is_timed_once_as_one_convolution_or_as_two(tmp_path):
    journal = Journal(tmp_path / "points.jsonl")
    seconds = LayerSeconds(torch, 8, journal, spent=0.01)
    assert type(seconds._layer((4, 3, 3, 3), 0)) is torch.nn.Conv2d
    assert [tuple(layer.weight.shape) for layer in seconds._layer((4, 3, 3, 5), 2)] == [
        (2, 3, 3, 1),
        (4, 2, 1, 5),
    ]
    found = [seconds((4, 3, 3, 3), rank) for rank in (0, 2, 0)]
    assert found[0] == found[2] > 0
    assert journal.measured == 2


def test_time_of_a_network_is_that_of_its_layers(points):
    times = {row: point["seconds"] for row, point in points.items()}
    assert times[ORIGINAL.words] == 2 + CHANNELS + CHANNELS
    assert times[TWO_LAYERS.words] == times[ORIGINAL.words] + 100 * (4 + 3)


def test_report_has_the_figures_of_the_text_and_curves(points, tmp_path):
    results = {"net": list(points.values())}
    (table,) = (
        b for b in blocks(results, "command", {}) if "text: KB" in getattr(b, "columns", ())
    )
    assert [row[:5] for row in table.rows][1] == ["2nd layer", "495", "72", "38.93", "94"]
    pytest.importorskip("matplotlib")
    draw(results["net"], tmp_path / "net.svg")
    assert "where it pays" in (tmp_path / "net.svg").read_text()


def test_command_writes_the_report_once(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    save_file({"m": np.ones((4, 5), np.float32)}, tmp_path / "data" / "net.safetensors")
    arguments = ["experiment", "lowrank", "--data", str(tmp_path / "data")]
    arguments += ["--out", str(tmp_path / "out"), "--runtime", "8"]
    assert app.run(arguments) == 0
    assert "### net" in (tmp_path / "out" / "report.md").read_text()
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert ": 0 points measured now" in capsys.readouterr().out


def test_training_repairs_what_a_low_rank_has_cost(tmp_path, monkeypatch):
    images, labels = digits.load_training_set()
    monkeypatch.setattr(low_rank_retrained, "PARTS", (0.25,))
    monkeypatch.setattr(digits, "load_training_set", lambda: (images[:1500], labels[:1500]))
    quick = {"effort": "fast"}
    monkeypatch.setattr(low_rank_retrained, "Settings", lambda own: Settings({**own, **quick}))
    journal = Journal(tmp_path / "points.jsonl")
    (point,) = low_rank_retrained.retrained(torch, journal, epochs=1)
    assert point["retrained"] > point["factored"] + 0.1
    assert point["bytes"] < point["dq_bytes"] < point["original_bytes"] / 6
    (*_, table) = blocks({}, "command", {}, [point])
    assert table.rows[0][0] == "25"


def test_some_rows_are_enough(tmp_path):
    save_file({"m": np.ones((4, 5), np.float32)}, tmp_path / "net.safetensors")
    path, journal = tmp_path / "net.safetensors", Journal(tmp_path / "points.jsonl")
    found = measured("net", path, journal, wanted=("2nd layer",))
    assert [point["row"] for point in found] == [ORIGINAL.words, "2nd layer", "2nd layer, DQ"]
    (table,) = (
        b for b in blocks({"net": found}, "", {}) if "text: KB" in getattr(b, "columns", ())
    )
    assert table.rows[2][5:] == ["–"] * 3
