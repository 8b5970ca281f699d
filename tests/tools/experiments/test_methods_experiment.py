"""All methods on a network of one small convolution and one small matrix."""

import shlex
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnref.tools.cli import app
from nnref.tools.experiments.journal import Journal
from nnref.tools.experiments.method_rows import QUALITIES, Setting, method_rows
from nnref.tools.experiments.methods import markdown, measured
from nnref.tools.experiments.rows import DQ, URQ, Settings

JUDGE = (
    "import sys, numpy as np; from safetensors.numpy import load_file;"
    "print(10 + float(np.abs(load_file(sys.argv[1])['w']).mean()))"
)


def model():
    random = np.random.default_rng(3)
    return {
        "w": random.laplace(size=(8, 4, 3, 3)).astype(np.float32),
        "m": random.laplace(size=(12, 20)).astype(np.float32),
        "b": np.linspace(-1, 1, 24, dtype=np.float32),
    }


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    save_file(model(), tmp_path / "data" / "net.safetensors")
    return tmp_path / "data"


@pytest.mark.parametrize("row", method_rows(None))
def test_every_setting_of_a_row_codes_the_network(row):
    if row == "video":
        pytest.importorskip("av", reason="no PyAV: pip install 'nnref[video]'")
    (first, *_) = method_rows(None)[row]
    assert len(first.code(model()).stream) < sum(tensor.nbytes for tensor in model().values())


def test_report_compares_rows_and_points_are_not_measured_twice(data, tmp_path, capsys):
    judge = shlex.join([sys.executable, "-c", JUDGE]) + " {model}"
    arguments = ["experiment", "methods", "--data", str(data), "--out", str(tmp_path / "out")]
    arguments += ["--evaluate", judge, "--row", URQ, "--row", DQ, "--pictures"]
    assert app.run(arguments) == 0
    report = (tmp_path / "out" / "report.md").read_text()
    for words in ("At 8 dB:", "| DQ | 1.000 | 1.000 (1) |", "## net", "pictures/net.svg"):
        assert words in report
    assert (tmp_path / "out" / "pictures" / "net.svg").exists()
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert ": 0 points measured now" in capsys.readouterr().out


def test_a_setting_that_the_encoder_refuses_leaves_no_point(data, tmp_path):
    rows = {
        DQ: [Setting("10 dB", Settings({}), 10.0)],
        "wrong": [Setting("step", Settings({"step": 1e-300}), 10.0)],
    }
    result = measured("net", data / "net.safetensors", rows, Journal(tmp_path / "points.jsonl"))
    assert list(result.points) == [DQ]
    assert "wrong" not in markdown([result], "command")


def test_qualities_rise():
    assert list(QUALITIES) == sorted(QUALITIES)
