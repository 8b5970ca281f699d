"""Templates on a network of one convolution, and retraining for one round."""

import numpy as np
import torch
from safetensors.numpy import save_file

from nnref.tools.cli import app
from nnref.tools.experiments import templates_retrained
from nnref.tools.experiments.journal import Journal
from nnref.tools.experiments.templates import as_published, markdown, measured

SHAPE = (20, 15, 3, 3)


def model():
    random = np.random.default_rng(3)
    return {"w": random.normal(size=SHAPE).astype(np.float32), "m": np.ones((4, 5), np.float32)}


def test_bytes_as_published_are_templates_scales_offsets_and_indices():
    found, size = as_published(model(), 16, signed=False)
    assert list(found) == ["w"]
    assert size == 4 * 16 * 9 + (4 + 4 + 1) * 20 * 15


def test_magnitude_of_r_leaves_less_error_than_r_and_more_templates_less_than_few(tmp_path):
    save_file(model(), tmp_path / "net.safetensors")
    points = measured("net", tmp_path / "net.safetensors", Journal(tmp_path / "points.jsonl"))
    db = {
        (each["row"], each["templates"], each["distance"]): each["db"]
        for each in points
        if "templates" in each
    }
    assert db["as published", 16, "absolute"] > db["as published", 16, "signed"]
    assert db["as published", 64, "absolute"] > db["as published", 16, "absolute"]
    assert db["coded, residual", 16, "absolute"] > db["coded", 16, "absolute"]
    report = markdown({"net": points}, [], "command")
    assert "| as published | 16 | \\|r\\| |" in report


def test_command_writes_the_report_once(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    save_file({"m": np.ones((4, 5), np.float32)}, tmp_path / "data" / "net.safetensors")
    arguments = ["experiment", "templates", "--data", str(tmp_path / "data")]
    arguments += ["--out", str(tmp_path / "out"), "--pictures"]
    assert app.run(arguments) == 0
    assert "![net](pictures/net.svg)" in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "pictures" / "net.svg").exists()
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert ": 0 points measured now" in capsys.readouterr().out


def test_retraining_repairs_what_freezing_has_cost(tmp_path, monkeypatch):
    monkeypatch.setattr(templates_retrained, "COUNTS", (4,))
    journal = Journal(tmp_path / "points.jsonl")
    (point,) = templates_retrained.retrained(torch, journal, epochs=1)
    assert point["retrained"] > point["frozen"]
    assert point["bytes"] < point["original_bytes"] / 6
