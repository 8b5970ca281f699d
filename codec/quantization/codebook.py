"""Clauses 7.8.7 and 10.4: codebooks of least squared error, and quantization with them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.kernels.cluster import add_cluster
from nnref.codec.quantization.kernels.uniform import round_to_grid, squared_error
from nnref.codec.quantization.overflow import extremes
from nnref.codec.quantization.scan import to_scan
from nnref.codec.quantization.step import (
    check_qp_density,
    inverse_step32,
    normal_step,
    qp_below,
    qp_range,
)

MAX_ENTRIES: Final = 1024
"""Entries a codebook is fitted with at most."""
MAX_GRID: Final = 1 << 15
"""Points of the grid on which the entries lie, from the smallest weight to the largest, at most."""
FINE_PEAK: Final = 1 << 13
"""Steps of a grid that follows the data, from 0 to the largest magnitude."""
_FARTHEST: Final = 1 << 30
"""Steps from 0 to the largest magnitude, at most."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Codebook:
    """Clause 7.8.7: strictly increasing entries, in steps.

    Index 0 stands for the entry at `zero_offset`.
    """

    entries: tuple[int, ...]
    zero_offset: int


@dataclass(frozen=True, slots=True)
class CodebookResult:
    """What the codebook quantizer returns."""

    k: npt.NDArray[np.int32]
    """Levels: index of the entry less zero_offset, shape of the weights, C-contiguous."""
    qp: int
    """The asked qp, or a larger one whose grid is not too fine."""
    codebook: Codebook
    squared_error: float
    """Sum over all weights, in binary64."""


def grid_qp(weights: npt.NDArray[np.float32], qp_density: int, base_qp: int = 0) -> int:
    """Clause 10.1: a legal qp whose grid is fine enough for any codebook of these weights.

    The largest magnitude is about 2^13 steps. Raises UsageError tensor-not-finite,
    tensor-dtype-unsupported.
    """
    low, high = extremes(weights)
    peak = max(-low, high)
    legal = qp_range(qp_density, base_qp)
    if peak == 0.0:
        return base_qp
    return min(max(qp_below(peak / FINE_PEAK, qp_density), legal[0]), legal[-1])


def quantize_codebook(
    weights: npt.NDArray[np.float32],
    qp: int,
    qp_density: int,
    *,
    entries: int,
    max_squared_error: float | None = None,
    unary_length: int = 11,
) -> CodebookResult:
    """Clause 10.4: levels and entries with the least squared error of all codebooks.

    `weights` is float32 of any shape. They are rounded to the grid of `qp`; of all codebooks of at
    most `entries` integers (1..1024) the result has the least squared error on that grid, exactly.
    With `max_squared_error` it is the smallest such codebook that keeps to it, or the largest
    tried. A grid of more than 2^15 points between the smallest and the largest weight is replaced
    by the finest one of less. Of equal codebooks the one whose clusters start leftmost wins.
    `unary_length` flags abs_level_greater_x are assumed for the choice of zero_offset.
    Raises UsageError tensor-not-finite, tensor-dtype-unsupported, step-out-of-range.
    """
    qp = _coarse_enough(weights, qp, qp_density)
    grid = _Grid.of(weights, qp, qp_density)
    clustering = _Clustering(grid)
    while clustering.size < min(entries, grid.points.size):
        clustering.grow()
        if max_squared_error is None or clustering.cost * grid.step**2 > max_squared_error:
            continue
        result = _quantized(weights, grid, clustering, qp, unary_length)
        if result.squared_error <= max_squared_error:
            return result
    return _quantized(weights, grid, clustering, qp, unary_length)


def _coarse_enough(weights: npt.NDArray[np.float32], qp: int, qp_density: int) -> int:
    """The asked qp, or the smallest that keeps the grid small and its numbers inside 32 bits."""
    check_qp_density(qp_density)
    low, high = extremes(weights)
    step = max((high - low) / (MAX_GRID - 2), max(-low, high) / _FARTHEST)
    return max(qp, qp_below(step, qp_density) + 1) if step > 0 else qp


@dataclass(frozen=True, slots=True)
class _Grid:
    """The histogram of the weights, rounded to multiples of a step."""

    q: npt.NDArray[np.int32]
    """Multiple of every weight, one dimension."""
    step: float
    lowest: int
    points: Integers
    """The multiples that occur, less `lowest`, increasing."""
    weights: Integers
    """How many weights each has."""

    @classmethod
    def of(cls, weights: npt.NDArray[np.float32], qp: int, qp_density: int) -> "_Grid":
        q = np.empty(weights.size, np.int32)
        round_to_grid(to_scan(weights, 0), inverse_step32(qp, qp_density), q)
        lowest = int(q.min()) if q.size else 0
        counts = np.bincount(q - np.int32(lowest))
        points = np.flatnonzero(counts)
        return cls(q, normal_step(qp, qp_density), lowest, points, counts[points])


class _Clustering:
    """The exact clusterings of a grid, one cluster more at a time."""

    def __init__(self, grid: _Grid) -> None:
        def sums_of_first(values: Integers) -> Integers:
            return np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])

        self.size = 0
        self._weights = sums_of_first(grid.weights)
        self._sums = sums_of_first(grid.weights * grid.points)
        self._squares = sums_of_first(grid.weights * grid.points**2)
        self._costs = np.zeros(grid.points.size + 1, np.int64)
        self._starts: list[npt.NDArray[np.uint16]] = []

    @property
    def cost(self) -> int:
        """Squared error in squared steps."""
        return int(self._costs[-1])

    def grow(self) -> None:
        """Allow one more cluster."""
        after = np.empty_like(self._costs)
        starts = np.empty(after.size, np.uint16)
        last = after.size if self.size else 0
        sums = (self._weights, self._sums, self._squares)
        add_cluster(*sums, self._costs, last, after, starts)
        self.size += 1
        self._costs = after
        self._starts.append(starts)

    def runs(self) -> Integers:
        """The index of the first point of every cluster, increasing."""
        firsts, end = [], self._costs.size - 1
        for starts in reversed(self._starts):
            if end == 0:
                break
            end = int(starts[end])
            firsts.append(end)
        return np.array(firsts[::-1], np.int64)

    def centres(self, firsts: Integers) -> tuple[Integers, Integers]:
        """The integer nearest to the mean of every cluster, and how many weights it has."""
        ends = np.append(firsts, self._costs.size - 1)
        counts, totals = np.diff(self._weights[ends]), np.diff(self._sums[ends])
        return np.floor(totals / counts + 0.5).astype(np.int64), counts


def _quantized(
    weights: npt.NDArray[np.float32],
    grid: _Grid,
    clustering: _Clustering,
    qp: int,
    unary_length: int,
) -> CodebookResult:
    if not grid.points.size:
        empty = np.empty(weights.shape, np.int32)
        return CodebookResult(empty, qp, Codebook((0,), 0), 0.0)
    firsts = clustering.runs()
    centres, counts = clustering.centres(firsts)
    zero_offset = cheapest_zero_offset(counts, unary_length)
    entries = (centres + grid.lowest).astype(np.int32)
    cluster = np.zeros(int(grid.points[-1]) + 1, np.int32)
    cluster[grid.points[firsts[1:]]] = 1
    index = np.cumsum(cluster, dtype=np.int32)[grid.q - np.int32(grid.lowest)]
    error = squared_error(to_scan(weights, 0), entries[index], np.float32(grid.step))
    k = (index - np.int32(zero_offset)).reshape(weights.shape)
    return CodebookResult(k, qp, Codebook(tuple(entries.tolist()), zero_offset), error)


def cheapest_zero_offset(counts: Integers, unary_length: int) -> int:
    """Clause 7.8.7: the entry for index 0, given how many weights each entry has.

    The one that needs the fewest bits of abs_remainder, all weights together; of these the most
    frequent, of these the one nearest to the middle, of these the lowest.
    """
    size = counts.size
    index = np.arange(size)
    beyond = np.abs(index[:, np.newaxis] - index) - unary_length
    bits = np.where(beyond > 0, 2 * np.floor(np.log2(np.maximum(beyond, 1))) + 1, 0)
    total = bits.astype(np.int64) @ counts
    return min(range(size), key=lambda z: (total[z], -counts[z], abs(2 * z - size + 1), z))


def cheapest_egk(codebook: Codebook) -> int:
    """Clause 6.10: the codebook_egk with the fewest bits of codebook(); of these the smallest."""
    entries = np.array(codebook.entries, np.int64)
    deltas = entries[1:] - entries[:-1] - 1
    egk = np.arange(16)[:, np.newaxis]
    zeros = np.floor(np.log2((deltas >> egk) + 1)).astype(np.int64)
    return int(np.argmin((2 * zeros + 1 + egk).sum(axis=1)))
