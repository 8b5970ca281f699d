"""Scales on which streams are equally good, and what each row's streams take there.

Bytes at a quality lie on the line between the best measured points beside it (`curves`); beyond
the points of a row nothing is said.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnref.tools.experiments.curves import bytes_at, bytes_within
from nnref.tools.experiments.lnq import TestResult

Values = Mapping[str, Any]

LOSSES: Final = (0.005, 0.01, 0.02)
"""Of a task metric, relative: the paper's is 2 %."""
_PLACES: Final = (0.1, 0.5, 0.9)
"""Parts of the way from the lowest to the highest quality of the base."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One way to call two streams equally good."""

    name: str
    """The same for all networks whose figures may be put together."""
    title: str
    quality: Callable[[Values], float]
    """Of a point; larger is better."""
    size: str
    """Which bytes of a point count: `weight_bytes`, or `bytes` of the file."""
    levels: Mapping[str, float]
    """Qualities that are compared, by their words."""

    def bytes_at(self, result: TestResult, row: str, level: str) -> float | None:
        """Bytes of a row at a level; None outside of its points."""
        points = result.points[row]
        curve = [(self.quality(each), each[self.size]) for each in points]
        return bytes_at(curve, self.levels[level])


def equal_distortion(result: TestResult, row: str, db: float) -> float | None:
    """Bytes of a row's weight tensors at a distortion in dB (`weight_quality`)."""
    return bytes_at([(each["db"], each["weight_bytes"]) for each in result.points[row]], db)


def equal_loss(result: TestResult, row: str, loss: float) -> float | None:
    """Bytes of a row's files at a relative change of the first task metric."""
    points = result.points[row]
    for name, before in [*result.metrics.items()][:1]:
        change = _change(name, before).quality
        return bytes_within([(-change(each), each["bytes"]) for each in points], loss)
    return None


def scales(result: TestResult, base: str) -> Iterator[Scale]:
    """Distortion, and each metric of the network: a change that is small, or an error.

    A metric that is 0 for the network itself is an error, such as a divergence of outputs.
    Levels follow the base's points, but for small changes, which are always the same.
    """
    yield _distortion(result, base)
    for name, before in result.metrics.items():
        yield _change(name, before) if before else _error(result, base, name)


def _distortion(result: TestResult, base: str) -> Scale:
    at = _between([each["db"] for each in result.points[base]])
    levels = {f"{db:.1f} dB": db for db in at}
    title = "Bytes of weight tensors at equal distortion"
    return Scale("distortion", title, _db, "weight_bytes", levels)


def _db(point: Values) -> float:
    db: float = point["db"]
    return db


def _change(name: str, before: float) -> Scale:
    def quality(point: Values) -> float:
        change: float = abs(point["metrics"][name] - before)
        return -change / abs(before)

    levels = {f"{100 * loss:g} %": -loss for loss in LOSSES}
    title = f"Bytes of files at equal relative change of {name}, for better or worse"
    return Scale("change of the task metric", title, quality, "bytes", levels)


def _error(result: TestResult, base: str, name: str) -> Scale:
    def quality(point: Values) -> float:
        error = point["metrics"][name]
        return -math.log10(error) if error > 0 else math.inf

    at = _between([quality(each) for each in result.points[base]])
    levels = {f"{10**-level:.2g}": level for level in at}
    title = f"Bytes of files at equal {name}, on a line over its logarithm"
    return Scale("error of the outputs", title, quality, "bytes", levels)


def _between(qualities: list[float]) -> list[float]:
    finite = [quality for quality in qualities if math.isfinite(quality)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return [low + part * (high - low) for part in _PLACES] if low < high else []
