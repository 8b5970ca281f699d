"""Rate-distortion quantization of one tensor: step, unary length and quantized parameters.

Encoder policy. A choice is found by iterated searches (`quantization.iterated`). Large tensors are
explored on a sample: the rates that settle there are where the passes over all weights start.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.qp_bracket import QpBracket
from nnref.codec.encoder.unary_length import (
    UNARY_LENGTHS,
    best_unary_length,
    element_bits,
    first_unary_length,
)
from nnref.codec.entropy import TensorSyntax
from nnref.codec.quantization.coding_cost import CodingCost, CostModel
from nnref.codec.quantization.iterated import (
    FROM_PLAIN,
    Choice,
    can_iterate,
    iterate,
    plain_choice,
)
from nnref.codec.quantization.kernels.uniform import squared_error
from nnref.codec.quantization.metrics import ratio_db, rounded_sqnr_db
from nnref.codec.quantization.quality import choose_qp
from nnref.codec.quantization.scan import from_scan, to_scan
from nnref.codec.quantization.step import normal_step, qp_range

PRICE_DEPENDENT: Final = 0.4
PRICE_UNIFORM: Final = 0.12
"""Price of a bit in squared steps. Over all pairs of step and price, the fewest bytes at equal
error lie near these; the minimum is flat (a third more or less costs about 0.2 %)."""

_RUNS, _RUN = 32, 2048
"""Weights of a sample: runs of neighbours in scan order."""
_NEARLY_SETTLED: Final = (1.0, 1.0)
"""Passes of a trial that starts with the rates of a near one."""


@dataclass(frozen=True, slots=True)
class Work:
    """How much is spent on one tensor."""

    passes: int = 2
    """Passes over the whole tensor when its step is given."""
    prices: tuple[float, ...] = (1.0,)
    """Factors of the price that are tried when an SQNR is wanted."""


class Point(NamedTuple):
    """A choice for a whole tensor, with the qp and the unary length that it is made for."""

    choice: Choice
    qp: int
    unary_length: int

    @property
    def bits(self) -> float:
        """Estimated bits of the tensor, with those of the unary length."""
        return self.choice.cost.bits + element_bits(self.unary_length)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights in scan order, all of a tensor's or a sample, and how they are coded."""

    scanned: NDArray[np.float32]
    shape: tuple[int, ...]
    syntax: TensorSyntax
    signal: float
    """Sum of the squares."""
    dtype: np.dtype[Any] | None
    """What decoded values are rounded to; None if it keeps them."""

    @classmethod
    def of(
        cls,
        scanned: NDArray[np.float32],
        shape: tuple[int, ...],
        syntax: TensorSyntax,
        dtype: np.dtype[Any] | None,
    ) -> "_Weights":
        zeros = np.zeros(scanned.size, np.int32)
        signal = float(squared_error(scanned, zeros, np.float32(1)))
        return cls(scanned, shape, syntax, signal, dtype)

    def sqnr(self, choice: Choice) -> float:
        if self.dtype is None:
            return ratio_db(self.signal, choice.noise)
        return rounded_sqnr_db(self.scanned, choice.q, choice.step, self.dtype)


class PointSearch:
    """The operating points of one tensor: float32, finite values, any shape.

    `syntax` says how it is coded; the best of `unary_lengths` replaces the one in it. A qp has
    `2**qp_density` steps per octave and is legal with `base_qp`. Without `search` contexts keep
    parameter set 0. `price` is that of a bit in squared steps (None: the usual one, 0: the plain
    quantizer). `dtype` is what decoded values are rounded to in the end, None if it is binary32.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        syntax: TensorSyntax,
        *,
        qp_density: int,
        base_qp: int | None = 0,
        unary_lengths: tuple[int, ...] = UNARY_LENGTHS,
        search: bool = True,
        price: float | None = None,
        work: Work | None = None,
        dtype: np.dtype[Any] | None = None,
    ) -> None:
        self._density, self._base_qp = qp_density, base_qp
        self._lengths = unary_lengths
        self._first = first_unary_length(unary_lengths)
        self._search = search
        usual = PRICE_DEPENDENT if syntax.dq_flag else PRICE_UNIFORM
        self._price = usual if price is None else price
        self._work = work or Work()
        self._whole = _Weights.of(to_scan(values, syntax.scan_order), values.shape, syntax, dtype)
        self._sample = _sample(self._whole)

    def quantized(self, point: Point) -> NDArray[np.int32]:
        """The quantized parameters of a point in the shape of the tensor."""
        return from_scan(point.choice.q, self._whole.shape, self._whole.syntax.scan_order)

    def at_qp(self, qp: int) -> Point:
        """The best choice with the step of `qp`, at this price never worse than the plain one."""
        step = normal_step(qp, self._density)
        iterated = self._price > 0 and can_iterate(self._whole.scanned, step)
        model = self._model(self._sample, self._first)
        explored = plain_choice(self._sample.scanned, step, model)
        if iterated:
            explored = self._last(self._sample, model, step, self._price, explored.cost, FROM_PLAIN)
        unary_length, start = self._best_unary_length(self._sample, explored)
        model = self._model(self._whole, unary_length)
        best = plain_choice(self._whole.scanned, step, model)
        if iterated:
            passes = (1.0,) * self._work.passes
            later = iterate(self._whole.scanned, step, self._price, model, start, passes)
            for choice in later:
                best = min(best, choice, key=lambda each: each.objective(self._price))
        return Point(best, qp, unary_length)

    def at_sqnr(self, target: float) -> Point:
        """The choice of the fewest bits found that reaches `target` dB, which is positive.

        Raises as `choose_qp` when no legal qp reaches it.
        """
        start = self._plain_qp(self._sample, target)
        found = []
        if self._price > 0 and can_iterate(self._whole.scanned, normal_step(start, self._density)):
            settled = (self._settled(target, start, f * self._price) for f in self._work.prices)
            found = [point for point in settled if point is not None]
        if not found:
            return self._plain_point(target)
        if self._sample is self._whole:
            plain = self._plain_point(target)
            found += [plain] * (self._whole.sqnr(plain.choice) >= target)
        return min(found, key=lambda point: point.bits)

    def _model(self, weights: _Weights, unary_length: int) -> CostModel:
        syntax = replace(weights.syntax, unary_length=unary_length)
        return CostModel(weights.shape, syntax, search=self._search)

    def _plain_qp(self, weights: _Weights, target: float) -> int:
        return choose_qp(
            weights.scanned,
            sqnr_db=target,
            qp_density=self._density,
            dq_flag=bool(weights.syntax.dq_flag),
            base_qp=self._base_qp,
            dtype=weights.dtype,
        )

    def _plain_point(self, target: float) -> Point:
        qp = self._plain_qp(self._whole, target)
        model = self._model(self._whole, self._first)
        plain = plain_choice(self._whole.scanned, normal_step(qp, self._density), model)
        unary_length, cost = self._best_unary_length(self._whole, plain)
        return Point(replace(plain, cost=cost), qp, unary_length)

    def _settled(self, target: float, qp: int, price: float) -> Point | None:
        """Step and rates settle on the sample, then on all weights: the best point of one price."""
        first = self._first
        qp, last, _ = self._trials(self._sample, first, target, qp, price, None)
        unary_length, rates = self._best_unary_length(self._sample, last)
        return self._trials(self._whole, unary_length, target, qp, price, rates)[2]

    def _trials(
        self,
        weights: _Weights,
        unary_length: int,
        target: float,
        qp: int,
        price: float,
        rates: CodingCost | None,
    ) -> tuple[int, Choice, Point | None]:
        """Move the step until the target is met closely.

        Returns the last qp and choice, and the point of fewest bits that meets the target.
        """
        model = self._model(weights, unary_length)
        bracket = QpBracket(qp_range(self._density, self._base_qp), qp, self._density)
        best: Point | None = None
        passes: tuple[float, ...] = _NEARLY_SETTLED
        while True:
            qp, step = bracket.qp, normal_step(bracket.qp, self._density)
            if rates is None:
                rates, passes = plain_choice(weights.scanned, step, model).cost, FROM_PLAIN
            choice = self._last(weights, model, step, price, rates, passes)
            rates, passes = choice.cost, _NEARLY_SETTLED
            surplus = weights.sqnr(choice) - target
            if surplus >= 0 and (best is None or choice.cost.bits < best.choice.cost.bits):
                best = Point(choice, qp, unary_length)
            if not bracket.note(surplus):
                return qp, choice, best

    def _last(
        self,
        weights: _Weights,
        model: CostModel,
        step: float,
        price: float,
        rates: CodingCost,
        passes: tuple[float, ...],
    ) -> Choice:
        *_, last = iterate(weights.scanned, step, price, model, rates, passes)
        return last

    def _best_unary_length(self, weights: _Weights, choice: Choice) -> tuple[int, CodingCost]:
        """The unary length with which a choice costs least, and rates for all weights."""
        best, cost = best_unary_length(
            choice.q, lambda length: self._model(weights, length), self._lengths, choice.cost
        )
        if weights is self._whole:
            return best, cost
        return best, averaged(cost, self._whole.scanned.size)


def averaged(cost: CodingCost, weights: int) -> CodingCost:
    """The rates of a sample, for a tensor of so many weights."""
    mean = np.rint(cost.rates.mean(axis=0, keepdims=True)).astype(np.int32)
    return CodingCost(cost.bits, mean, max(1, weights), cost.shift_idx)


def _sample(whole: _Weights) -> _Weights:
    """All weights, or evenly spread runs of them as one row."""
    if whole.scanned.size <= 2 * _RUNS * _RUN:
        return whole
    starts = np.linspace(0, whole.scanned.size - _RUN, _RUNS).astype(np.int64)
    runs = to_scan(np.concatenate([whole.scanned[at : at + _RUN] for at in starts]), 0)
    syntax = replace(whole.syntax, rows=1, columns=runs.size, scan_order=0)
    return _Weights.of(runs, runs.shape, syntax, whole.dtype)
