"""Clause 10.3: quantization for the least error of a layer's outputs, given its inputs' moments.

The error of a row e = weight - decoded counts e H e', H the second moment of the inputs: later
columns make up for the errors of earlier ones (see `kernels.feedback`). Encoder policy: nothing
here is normative, and the levels are coded like any others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.coding_cost import CodingCost, CostModel
from nnref.codec.quantization.iterated import Choice, Scanned
from nnref.codec.quantization.kernels.feedback import (
    round_with_feedback,
    search_path_with_feedback,
)
from nnref.codec.quantization.scan import read_only

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_DAMPING: Final = 0.01
"""Part of the mean moment that is added to every input's own: what was not seen may yet come, and
moments of fewer inputs than columns get an inverse."""
_LEAST_ROW: Final = 0.02
"""Part of the mean gain of rows that is added to every row's, for the same reason."""
_STRONGER: Final = 10.0
"""Factor of the damping when rounding has left a matrix without a factorization."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """H of every group of rows as A D A', A unit upper triangular, and factors of whole rows."""

    factors: Float32
    """A: float32[groups, columns, columns]; [1, 0, 0] where columns have nothing in common."""
    gains: Float64
    """D: float64[groups, columns]."""
    row_gains: Float64
    """float64[rows]."""

    @classmethod
    def of_columns(
        cls, moments: npt.NDArray[Any], rows: int, row_gains: npt.NDArray[Any] | None = None
    ) -> Self:
        """From E[x x'] [groups, columns, columns], each of them damped, and what rows count.

        Gains of rows are taken relative to their mean.

        The factorization is LAPACK's: on machines where it rounds otherwise, levels may differ.
        """
        groups, columns, _ = moments.shape
        factors = np.empty(moments.shape, np.float32)
        gains = np.empty((groups, columns))
        for group in range(groups):
            factors[group], gains[group] = _factorized(moments[group])
        return cls(factors, gains, _relative(row_gains, rows))

    @classmethod
    def of_rows(cls, frequencies: npt.NDArray[Any], count: int, columns: int) -> Self:
        """From how often each row is looked up, of so many times; every row once more."""
        looked_up = frequencies.astype(np.float64) * count + 1.0
        return cls(
            np.empty((1, 0, 0), np.float32), np.ones((1, columns)), looked_up / looked_up.mean()
        )

    def of_some(self, rows: npt.NDArray[np.int64]) -> Self:
        """That of some rows, which are those of all groups or of a weight without groups."""
        return replace(self, row_gains=self.row_gains[rows])

    @property
    def mean_gain(self) -> float:
        """What a squared error counts on average."""
        return float(self.gains.mean() * self.row_gains.mean())

    def error(self, scanned: Scanned, q: npt.NDArray[np.int32], step: float) -> float:
        """The sum over all rows of e H e', to about six digits."""
        groups, columns = self.gains.shape
        rows = scanned.size // columns
        errors = (scanned - np.float32(step) * q).reshape(groups, rows // groups, columns)
        found = 0.0
        for group, of_group in enumerate(errors):
            moved = of_group @ self.factors[group] if self.factors.shape[1] else of_group
            squares = np.square(moved, dtype=np.float64) @ self.gains[group]
            found += float(squares @ self.row_gains.reshape(groups, -1)[group])
        return found


def _relative(row_gains: npt.NDArray[Any] | None, rows: int) -> Float64:
    """Gains of rows with the mean 1, none of them 0; None are equal ones."""
    if row_gains is None or not row_gains.any():
        return np.ones(rows)
    gains = row_gains.astype(np.float64)
    gains += _LEAST_ROW * gains.mean()
    return np.asarray(gains / gains.mean())


def _factorized(moment: npt.NDArray[Any]) -> tuple[Float64, Float64]:
    """A and D of one symmetric moment. Moments of no inputs are those of equal ones."""
    columns = len(moment)
    # The lower factor of the matrix turned around is the upper one turned around.
    turned = moment[::-1, ::-1].astype(np.float64)
    turned += turned.T
    turned /= 2
    mean = float(np.trace(turned)) / columns
    if not mean > 0:
        return np.eye(columns), np.ones(columns)
    damping, diagonal = _DAMPING, np.diagonal(turned).copy()
    while True:
        np.fill_diagonal(turned, diagonal + damping * mean)
        try:
            upper = np.asarray(np.linalg.cholesky(turned)[::-1, ::-1], np.float64)
            break
        except np.linalg.LinAlgError:
            damping *= _STRONGER
    roots = np.diagonal(upper).copy()
    upper /= roots
    return upper, roots**2


def iterate_with_feedback(
    scanned: Scanned,
    step: float,
    price: float,
    model: CostModel,
    rates: CodingCost,
    feedback: Feedback,
    passes: int,
) -> Iterator[Choice]:
    """One choice per pass; the first takes `rates`, every other those of the one before.

    Weights are float32[n] in row-major order, as in `iterated.iterate`; `price` is that of a bit in
    squared steps of mean gain. A choice's noise is the error of the outputs in units of mean gain,
    so that its objective is the one that was searched. Raises nothing.
    """
    scanned, gain = read_only(scanned), feedback.mean_gain
    relative = replace(feedback, gains=feedback.gains / gain)
    search = search_path_with_feedback if model.syntax.dq_flag else round_with_feedback
    length = model.syntax.unary_length
    for number in range(1, passes + 1):
        q = np.empty(scanned.size, np.int32)
        tables = (rates.rates, rates.segment, length)
        linked = (relative.factors, relative.gains, relative.row_gains)
        noise = search(scanned, 1.0 / step, price, *tables, *linked, q)
        rates = model.cost(q, rates if 1 < number < passes else None)
        yield Choice(q, step, float(noise) * step**2, rates)
