"""Bytes of rows at equal distances, and their ratios to the calibrated row."""

from collections.abc import Iterable, Sequence
from math import exp, isfinite, log
from typing import Final

from nnref.tools.bench.calibrated import Curve, bytes_at
from nnref.tools.experiments.calibrated.experiment import LEVELS, Result
from nnref.tools.experiments.calibrated.rows import CALIBRATED, SINGLE
from nnref.tools.experiments.journal import Values

Seed = int | None
"""Of calibration inputs; None of rows without a calibration."""

SIZES: Final = {"bytes": "whole files", "weight_bytes": "weight tensors alone"}


def frontier(points: Iterable[tuple[float, int]]) -> Curve:
    """Points than which no smaller one is as near, by rising distance."""
    best: Curve = []
    for distance, size in sorted(points, key=lambda point: (point[1], point[0])):
        if isfinite(distance) and (not best or distance < best[-1][0]):
            best.append((distance, size))
    return best[::-1]


def sizes_at(result: Result, row: str, distance: float, of: str = "bytes") -> dict[Seed, float]:
    """Bytes of a row at a distance by seed: those of the best setting, on its own curve.

    Settings do not share a curve: a line between two points of different ones may lie above both.
    """
    curves: dict[tuple[Seed, str], list[tuple[float, int]]] = {}
    for point in result.points.get(row, []):
        at = point["seed"], point["setting"]
        curves.setdefault(at, []).append((point["distance"], point[of]))
    best: dict[Seed, float] = {}
    for (seed, _), points in curves.items():
        found = frontier(points)
        size = bytes_at(found, distance) if found else None
        if size is not None:
            best[seed] = min(size, best.get(seed, size))
    return best


def size_at(result: Result, row: str, distance: float, of: str = "bytes") -> float | None:
    """Bytes of a row at a distance; of several seeds their geometric mean."""
    sizes = sizes_at(result, row, distance, of)
    return geometric_mean(list(sizes.values())) if sizes else None


def ratios(result: Result, row: str, distance: float, of: str = "bytes") -> dict[Seed, float]:
    """Bytes of a row in parts of those of the calibrated row, by seed of the latter."""
    size = size_at(result, row, distance, of)
    own = sizes_at(result, CALIBRATED, distance, of)
    return {} if size is None else {seed: size / each for seed, each in own.items()}


def levels(result: Result, row: str) -> Sequence[float]:
    """The distances at which a row is compared: that of its point where it has only one."""
    if row in SINGLE:
        return [point["distance"] for point in result.points.get(row, [])]
    return LEVELS


def nearest(result: Result, row: str, distance: float) -> Values:
    """The point of a row's first seed that is nearest to a distance, on a scale of logarithms."""
    first = result.points[row][0]["seed"]
    points = [point for point in result.points[row] if point["seed"] == first]
    return min(points, key=lambda point: abs(log(max(point["distance"], 1e-300) / distance)))


def geometric_mean(numbers: Sequence[float]) -> float:
    """Of at least one number."""
    return exp(sum(map(log, numbers)) / len(numbers))
