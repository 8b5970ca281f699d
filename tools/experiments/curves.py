"""Bytes of a method at a quality that it was not measured at: between its best points."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]
"""A quality, larger is better, and bytes."""


def lower_hull(points: Iterable[Point]) -> list[Point]:
    """The points that no mixture of others undercuts, by rising quality and bytes."""
    hull: list[Point] = []
    for quality, size in sorted(points, key=lambda point: (-point[0], point[1])):
        if hull and size >= hull[-1][1]:
            continue
        while len(hull) > 1 and _above(hull[-2], hull[-1], (quality, size)):
            hull.pop()
        hull.append((quality, size))
    return hull[::-1]


def bytes_at(points: Sequence[Point], quality: float) -> float | None:
    """Bytes at a quality, on the line between the points beside it; None outside of them."""
    hull = lower_hull(point for point in points if math.isfinite(point[0]))
    for (low, small), (high, large) in pairwise(hull):
        if low <= quality <= high:
            return small + (large - small) * (quality - low) / (high - low)
    return next((size for at, size in hull if at == quality), None)


def bytes_within(points: Sequence[Point], loss: float) -> float | None:
    """Bytes at a task loss: `points` are losses, smaller is better, and bytes."""
    return bytes_at([(-each, size) for each, size in points], -loss)


def _above(first: Point, middle: Point, last: Point) -> bool:
    """Whether the middle one costs no less than the mixture of its neighbours."""
    part = (first[0] - middle[0]) / (first[0] - last[0])
    return middle[1] >= first[1] + part * (last[1] - first[1])
