"""Bytes of a method at a quality that it was not measured at: between its best points."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]
"""A quality, larger is better, and bytes."""


def best_points(points: Iterable[Point]) -> list[Point]:
    """Those that no other point undercuts at its quality or a better one, by rising quality.

    They are no hull: a line to a point far away would promise bytes that no stream has.
    """
    best: list[Point] = []
    for quality, size in sorted(points, key=lambda point: (-point[0], point[1])):
        if not best or size < best[-1][1]:
            best.append((quality, size))
    return best[::-1]


def bytes_at(points: Sequence[Point], quality: float) -> float | None:
    """Bytes at a quality, on the line between the best points beside it; None outside of them."""
    best = best_points(point for point in points if math.isfinite(point[0]))
    for (low, small), (high, large) in pairwise(best):
        if low <= quality <= high:
            return small + (large - small) * (quality - low) / (high - low)
    return next((size for at, size in best if at == quality), None)


def bytes_within(points: Sequence[Point], loss: float) -> float | None:
    """Bytes at a task loss: `points` are losses, smaller is better, and bytes."""
    return bytes_at([(-each, size) for each, size in points], -loss)
