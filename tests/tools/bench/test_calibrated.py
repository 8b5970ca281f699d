"""Bytes at equal outputs, with and without a calibration."""

import numpy as np
import pytest

from nnref.tools.bench import calibrated

PROGRAM = """
import torch
from torch import nn
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 5))
"""


@pytest.mark.parametrize("more", [[], ["--mse", "--no-dq"]])
def test_curves_and_bytes_at_equal_distance_are_printed(tmp_path, capsys, more):
    (tmp_path / "net.py").write_text(PROGRAM)
    random = np.random.default_rng(1)
    mixed = random.normal(size=(4, 20))
    for name in ("x", "y"):
        inputs = random.normal(size=(60, 4)) @ mixed
        np.savez(tmp_path / f"{name}.npz", input=inputs.astype(np.float32))
    given = ["--calibration-inputs", str(tmp_path / "x.npz")]
    given += ["--test-inputs", str(tmp_path / "y.npz")]
    calibrated.main([f"{tmp_path / 'net.py'}:network", *given, *more])
    curves, equal = capsys.readouterr().out.split("at equal distance")
    assert curves.count("plain") == len(calibrated.PLAIN)
    assert curves.count("calibrated") == len(calibrated.CALIBRATED)
    rows = [line.split() for line in equal.splitlines() if line.strip()[-1:].isdigit()]
    assert rows
    assert all(float(row[-1]) > 1 for row in rows)


def test_bytes_are_interpolated_between_logarithms():
    points = [(1.0, 100), (0.01, 10000)]
    assert calibrated.bytes_at(points, 0.1) == pytest.approx(1000)
    assert calibrated.bytes_at(points, 2.0) is None
