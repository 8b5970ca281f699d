"""Streams are compared where they are equally good, and the paper's way."""

import pytest

from nnref.tools.experiments.equal import scales
from nnref.tools.experiments.lnq import TestResult as Result
from nnref.tools.experiments.operating import smallest_within
from nnref.tools.experiments.paper_tables import paper_blocks
from nnref.tools.experiments.report import report
from nnref.tools.experiments.rows import BEST, DEEP_COMPRESSION, PUBLISHED, URQ

SHARES = {"CONVOLUTION": 0.5, "POINT_OR_DEPTH_WISE": 0, "FULLY_CONNECTED": 0.3, "OTHER": 0.2}


def points(sizes, sl=0.25):
    """One point for each of three qualities."""
    qualities = ((10.0, 70.0, 1e-1), (20.0, 79.0, 1e-2), (30.0, 80.0, 1e-3))
    return [
        {
            "bytes": size,
            "weight_bytes": size - 10,
            "original_bytes": 1000,
            "db": db,
            "sl": sl,
            "side_bits": 8,
            "metrics": {"accuracy": accuracy, "kl": kl},
        }
        for size, (db, accuracy, kl) in zip(sizes, qualities, strict=True)
    ]


def result(sparsity=0.0, sl=0.25):
    rows = {URQ: points([100, 200, 300]), BEST: points([50, 100, 150])}
    rows |= {PUBLISHED: points([90, 160, 290], sl), DEEP_COMPRESSION: points([300, 400, 500])}
    test = f"Test 2, {100 * sparsity:g} % pruned" if sparsity else "Test 1"
    return Result("net", test, sparsity, SHARES, {"accuracy": 80.0, "kl": 0.0}, rows)


def test_bytes_are_compared_on_the_scale_of_each_measure():
    distortion, change, error = scales(result(), URQ)
    assert list(distortion.levels) == ["12.0 dB", "20.0 dB", "28.0 dB"]
    assert distortion.bytes_at(result(), BEST, "12.0 dB") == pytest.approx(50)
    assert list(change.levels) == ["0.5 %", "1 %", "2 %"]
    assert change.bytes_at(result(), URQ, "1 %") == pytest.approx(220)
    assert list(error.levels) == ["0.063", "0.01", "0.0016"]
    assert error.bytes_at(result(), URQ, "0.063") == pytest.approx(120)


def test_the_papers_way_takes_the_smallest_file_within_the_loss():
    found = smallest_within(result(), 0.02)
    assert {row: each["bytes"] for row, each in found.items()} == {
        URQ: 200,
        BEST: 100,
        PUBLISHED: 160,
        DEEP_COMPRESSION: 400,
    }
    assert smallest_within(result(), 0.0)[URQ]["bytes"] == 300


def test_our_networks_stand_below_the_papers():
    blocks = list(paper_blocks([result(), result(0.5, sl=0.5)]))
    tables = [block for block in blocks if hasattr(block, "rows")]
    ours = [row for row in tables[0].rows if row[0] == "net"]
    crs = [
        "40.00 (2.5x)",
        "20.00 (5.0x)",
        "16.00 (6.2x)",
        "25.0",
        "1.25x",
        "10.00 (10.0x)",
        "2.00x",
    ]
    assert ours[0] == ["net", "1", *crs]
    assert ours[1][1] == "2, 50 % pruned"
    assert tables[1].rows[-1] == ["net, Test 2, 50 % pruned", "1.25x", "1.25x", "1.00x", "2.00x"]


def test_means_are_those_of_the_networks_ratios():
    blocks = [block for block in report([result(), result()], "command") if hasattr(block, "rows")]
    over_urq, over_best = ({row[0]: row[1] for row in block.rows} for block in blocks[:2])
    assert over_urq[BEST] == f"{110 / 50:.4f} (2)"
    assert over_best[URQ] == f"{50 / 110:.4f} (2)"
