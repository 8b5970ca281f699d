"""Paired measurement: both sides alternate in one session, and ratios are taken round by round.

A machine's speed drifts with its other load. A ratio of two runs made one after the other drifts
much less than either time, so the median of the per-round ratios is what a row reports.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Seconds = Callable[[], float]
"""Does the work once and returns the CPU seconds it took."""


@dataclass(frozen=True)
class Spread:
    """Median and extremes of some rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Timing:
    """Seconds per round of nnref and, measured in the same rounds, of the peer."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> Spread | None:
        """How many times faster nnref is; None without a peer."""
        if not self.theirs:
            return None
        return Spread.of([b / a for a, b in zip(self.ours, self.theirs, strict=True)])


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process during one call, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_seconds(work: Callable[[], object]) -> float:
    """Seconds that pass during one call: what several threads are for."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run_paired(
    rounds: int,
    ours: Callable[[], object],
    theirs: Seconds | None,
    clock: Callable[[Callable[[], object]], float] = cpu_seconds,
) -> Timing:
    """`rounds` rounds after one unmeasured call of ours; the side that goes first alternates.

    `theirs` reports its own seconds, which are taken in its own process.
    """
    ours()
    timing = Timing([], [])
    for number in range(rounds):
        if theirs and number % 2:
            timing.theirs.append(theirs())
        timing.ours.append(clock(ours))
        if theirs and not number % 2:
            timing.theirs.append(theirs())
    return timing
