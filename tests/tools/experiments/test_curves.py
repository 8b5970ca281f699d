"""Bytes between measured points."""

import pytest

from nnref.tools.experiments.curves import best_points, bytes_at, bytes_within


def test_best_points_are_those_that_no_other_undercuts():
    points = [(10, 100), (12, 140), (11, 119), (11, 130), (9, 105), (14, 200)]
    assert best_points(points) == [(10, 100), (11, 119), (12, 140), (14, 200)]
    assert best_points([(10, 100), (11, 150), (12, 140)]) == [(10, 100), (12, 140)]


def test_lines_are_drawn_between_neighbours_only():
    points = [(2.0, 10.0), (10.0, 100.0), (18.0, 110.0)]
    assert bytes_at(points, 10.0) == 100.0
    assert bytes_at(points, 6.0) == 55.0


def test_bytes_are_those_of_the_line_between_two_points():
    points = [(10.0, 100.0), (12.0, 140.0), (float("inf"), 900.0)]
    assert bytes_at(points, 11.0) == 120.0
    assert bytes_at(points, 12.0) == 140.0
    assert bytes_at([(10.0, 100.0)], 10.0) == 100.0


@pytest.mark.parametrize("quality", [9.9, 12.1])
def test_nothing_is_said_beyond_the_points(quality):
    assert bytes_at([(10.0, 100.0), (12.0, 140.0)], quality) is None


def test_smaller_losses_take_more_bytes():
    points = [(0.1, 100.0), (0.05, 150.0), (0.0, 400.0)]
    assert bytes_within(points, 0.075) == pytest.approx(125.0)
    assert bytes_within(points, 0.2) is None
