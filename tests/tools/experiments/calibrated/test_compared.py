"""Bytes at equal distances."""

from itertools import pairwise

import pytest

from nnref.tools.experiments.calibrated.compared import (
    frontier,
    nearest,
    ratios,
    size_at,
    sizes_at,
)
from nnref.tools.experiments.calibrated.experiment import BEYOND, START, STEP, Result, sweep
from nnref.tools.experiments.calibrated.rows import CALIBRATED


def points(setting, seed, *pairs):
    return [
        {"setting": setting, "seed": seed, "distance": distance, "bytes": size, "weight_bytes": 1}
        for distance, size in pairs
    ]


def result(**rows):
    return Result("net", "", False, 10, {}, {}, (), rows, {})


def test_frontier_leaves_out_points_that_a_smaller_one_is_as_near_as():
    found = frontier([(0.1, 10), (0.01, 40), (0.02, 50), (0.05, 20), (float("inf"), 1)])
    assert found == [(0.01, 40), (0.05, 20), (0.1, 10)]


def test_settings_have_curves_of_their_own_and_the_best_one_counts():
    one = points("one", None, (0.1, 100), (0.001, 10000))
    other = points("other", None, (0.02, 200), (0.005, 4000))
    given = result(row=one + other)
    assert size_at(given, "row", 0.01) == pytest.approx((200 * 4000) ** 0.5)
    assert size_at(given, "row", 0.001) == pytest.approx(10000)
    assert size_at(given, "row", 0.0001) is None


def test_every_seed_has_a_ratio_of_its_own():
    seeds = points("", 0, (0.1, 10), (0.001, 100)) + points("", 1, (0.1, 20), (0.001, 200))
    given = result(**{CALIBRATED: seeds, "row": points("", None, (0.1, 40), (0.001, 400))})
    assert sizes_at(given, CALIBRATED, 0.1) == pytest.approx({0: 10, 1: 20})
    assert ratios(given, "row", 0.1) == pytest.approx({0: 4, 1: 2})
    assert ratios(given, "row", 1.0) == {}


def test_nearest_point_is_the_one_of_the_nearest_logarithm():
    given = result(row=points("", None, (0.0, 3), (0.005, 2), (0.03, 1)))
    assert nearest(given, "row", 0.01)["bytes"] == 2


def test_sweep_goes_both_ways_until_it_is_beyond_all_distances():
    asked = []

    def measure(quality):
        asked.append(quality)
        return {"quality": quality, "distance": 200 * 10 ** (-quality / 12)}

    found = sweep(measure)
    assert asked[0] == START
    assert len(asked) == len(set(asked)) == len(found)
    distances = [point["distance"] for point in found if point["quality"] != START]
    assert distances[0] >= BEYOND[1] > distances[1]
    assert distances[-1] <= BEYOND[0] < distances[-2]
    swept = sorted(set(asked) - {START})
    assert {b - a for a, b in pairwise(swept)} == {STEP}


def test_sweep_ends_at_a_failure():
    assert len(sweep(lambda quality: {"quality": quality, "failure": "no"})) == 1
