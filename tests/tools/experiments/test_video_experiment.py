"""Pictures on a network of one convolution and two fully connected layers."""

import lzma

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnref.tools.cli import app
from nnref.tools.experiments import video
from nnref.tools.experiments.journal import Journal
from nnref.tools.experiments.video import best_within, bits_of_weight, measured, rows, saved
from nnref.tools.experiments.video_report import blocks
from tests.support import needs_pictures

needs_pictures()


def model():
    random = np.random.default_rng(3)
    shapes = {"conv": (20, 10, 3, 3), "fc1": (80, 90), "fc2": (10, 80), "bias": (10,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def error(tensors):
    """A metric that is lost with the weights, and a number that says nothing."""
    return {
        "worth": 100 - float(sum(np.abs(tensors[n] - model()[n]).mean() for n in model())),
        "samples": 1,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("video")
    save_file(model(), path / "net.safetensors")
    return path


@pytest.fixture(scope="module")
def points(folder):
    journal = Journal(folder / "points.jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video, "QPS", (22, 37))
        patch.setattr(video, "QUALITIES", (20.0, 40.0))
        found = measured("net", folder / "net.safetensors", journal, error)
        again = measured("net", folder / "net.safetensors", Journal(folder / "points.jsonl"), error)
    assert found == again
    return found


def by_name(points):
    return {point["row"]: point for point in points}


def test_integers_take_about_a_quarter_in_pictures_and_in_xz(points):
    found = by_name(points)
    integers = found["all lossless"]
    assert integers["db"] == pytest.approx(found["integers of 8 bits, xz"]["db"])
    assert 7 < bits_of_weight(integers) < 9.5
    assert 0.6 < saved(integers) < 0.8
    assert found["all lossless, 12 bits"]["db"] > integers["db"] + 20


def test_size_of_integers_in_xz_is_that_of_their_samples(points):
    random_bytes = len(lzma.compress(bytes(range(256)), preset=9))
    found = by_name(points)["integers of 8 bits, xz"]
    assert found["bytes"] - 40 == found["weight_bytes"]
    assert found["weight_bytes"] > random_bytes


def test_layers_that_are_not_fully_connected_stay_as_they_are_or_lose_nothing(points):
    found = by_name(points)
    plain, whole = found["FC QP 22, rest binary32"], found["FC QP 22, rest lossless"]
    assert plain["bytes"] > whole["bytes"] > found["all QP 22"]["bytes"]
    assert (
        plain["metrics"]["worth"]
        > whole["metrics"]["worth"]
        > found["all QP 22"]["metrics"]["worth"]
    )


def test_filters_of_least_magnitude_are_left_out(points):
    found = by_name(points)["filters less 35 %"]
    assert found["original_bytes"] - found["bytes"] == 7 * 90 * 4
    _, decoded, _ = video._without_filters(0.35)(model())
    assert (decoded["conv"].reshape(20, -1) == 0).all(axis=1).sum() == 7


def test_networks_with_little_that_is_fully_connected_have_no_rows_of_it():
    convolutions = {
        "conv": np.ones((64, 64, 3, 3), np.float32),
        "fc": np.ones((10, 64), np.float32),
    }
    names = [row.series for row in rows(convolutions)]
    assert not [name for name in names if name == "FC pictures, rest lossless"]
    assert "FC pictures, rest lossless" in [row.series for row in rows(model())]
    assert "filters" in names
    matrices = {"fc": np.ones((10, 64), np.float32)}
    assert "filters" not in [row.series for row in rows(matrices)]


def test_smallest_point_within_a_change_is_taken(points):
    worth = points[0]["metrics"]["worth"]
    best = best_within(points, "all pictures", 0.003)
    change = {p["row"]: abs(p["metrics"]["worth"] - worth) / worth for p in points}
    assert change[best["row"]] <= 0.003
    smaller = [p for p in points if p["series"] == "all pictures" and p["bytes"] < best["bytes"]]
    assert smaller
    assert all(change[point["row"]] > 0.003 for point in smaller)
    assert best_within([{**p, "metrics": {}} for p in points], "DQ", 1.0) is None


def test_report_has_the_figures_of_the_text_and_all_points(points):
    found = list(blocks({"net": points}, "nnref experiment video", {}))
    text = str(found)
    assert "ImageNet, Places365" in text
    assert "'worth'" in text
    assert "'samples'" not in text
    assert all(point["row"] in text for point in points)


def test_command_writes_report_and_pictures_and_goes_on(folder, points, monkeypatch, capsys):
    monkeypatch.setattr(video, "rows", lambda model: [video.ORIGINAL, *video.TEXT])
    out = folder / "out"
    options = ["experiment", "video", "--data", str(folder), "--out", str(out), "--pictures"]
    assert app.run(options) == 0
    assert "3 points measured now" in capsys.readouterr().out
    assert app.run([*options, "--row", "none", "--row", "all l*"]) == 0
    assert "FC lossless" not in (out / "report.md").read_text("utf-8").rpartition("### net")[2]
    capsys.readouterr()
    assert app.run([*options, "--quiet", "--json"]) == 0
    assert '"measured": 0' in capsys.readouterr().out
    assert "| all lossless |" in (out / "report.md").read_text("utf-8")
    assert (out / "pictures" / "net.svg").exists()
