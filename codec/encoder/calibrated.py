"""Quantization of one tensor for the least error of its layer's outputs. Encoder policy."""

import math
from dataclasses import replace
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.encoder.operating_point import PRICE_DEPENDENT, PRICE_UNIFORM, Point, averaged
from nnref.codec.encoder.qp_bracket import QpBracket
from nnref.codec.encoder.unary_length import (
    UNARY_LENGTHS,
    best_unary_length,
    first_unary_length,
)
from nnref.codec.entropy import TensorSyntax
from nnref.codec.quantization.coding_cost import CodingCost, CostModel
from nnref.codec.quantization.feedback import Feedback, iterate_with_feedback
from nnref.codec.quantization.iterated import Choice, can_iterate, plain_choice
from nnref.codec.quantization.metrics import ratio_db
from nnref.codec.quantization.scan import read_only, to_scan
from nnref.codec.quantization.step import normal_step, qp_below, qp_range

_NOISE: Final = 5.0
"""Squared steps over the squared error that they leave, about, where trials begin."""


_PRICE_PART: Final = 0.375
"""Part of the usual price that is paid for a bit. Moments and gains are estimates: the more they
decide, the less of what they promise comes true on other inputs. Networks differ much in that."""
_SAMPLE: Final = 1 << 16
"""Weights of the rows with which rates are found first."""


class CalibratedSearch:
    """The operating points of one tensor with at least two dimensions, scanned row by row.

    Arguments are those of `PointSearch`; `passes` go over the weights when the step is given. SQNRs
    are those of the layer's outputs: of sums of e H e' with damped moments, see `Feedback`.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        syntax: TensorSyntax,
        moments: Moments,
        *,
        qp_density: int,
        base_qp: int = 0,
        unary_lengths: tuple[int, ...] = UNARY_LENGTHS,
        search: bool = True,
        price: float | None = None,
        passes: int = 3,
    ) -> None:
        self._density, self._base_qp = qp_density, base_qp
        self._lengths, self._search, self._passes = unary_lengths, search, passes
        usual = _PRICE_PART * (PRICE_DEPENDENT if syntax.dq_flag else PRICE_UNIFORM)
        self._price = usual if price is None else price
        self._shape, self._syntax = values.shape, syntax
        self._scanned = to_scan(values, 0)
        self._feedback = _feedback(moments, syntax)
        zeros = np.zeros(self._scanned.size, np.int32)
        self._signal = self._feedback.error(self._scanned, zeros, 1.0)
        self._signal /= self._feedback.mean_gain

    def sqnr(self, choice: Choice) -> float:
        """DB of the layer's outputs."""
        return ratio_db(self._signal, choice.noise)

    def at_qp(self, qp: int) -> Point | None:
        """The best choice found with the step of `qp`; None where it is far below the weights."""
        step = normal_step(qp, self._density)
        if not can_iterate(self._scanned, step):
            return None
        length, rates = self._first_rates(step)
        choices = self._choices(step, length, rates, self._passes - 1)
        best = min(choices, key=lambda choice: choice.objective(self._price))
        return Point(best, qp, length)

    def at_share(self, target: float) -> Point | None:
        """The best choice found with the step that leaves about `target` dB; None as in `at_qp`.

        That holds for fine steps; with coarse ones outputs are better, as weights of 0 have no
        error beyond themselves. So layers whose steps have the same price keep equal slopes.
        """
        return self.at_qp(self._nominal_qp(target)) if 0 < self._signal < math.inf else None

    def at_sqnr(self, target: float) -> Point | None:
        """The choice of fewest bits found that reaches `target` dB; None where none does."""
        if not 0 < self._signal < math.inf:
            return None
        legal = qp_range(self._density, self._base_qp)
        bracket = QpBracket(legal, self._nominal_qp(target), self._density)
        best: Point | None = None
        known: tuple[int, CodingCost] | None = None
        while True:
            qp, step = bracket.qp, normal_step(bracket.qp, self._density)
            if not can_iterate(self._scanned, step):
                return best
            length, rates = known or self._first_rates(step)
            *_, choice = self._choices(step, length, rates, 1)
            known = length, choice.cost
            surplus = self.sqnr(choice) - target
            if surplus >= 0 and (best is None or choice.cost.bits < best.choice.cost.bits):
                best = Point(choice, qp, length)
            if not bracket.note(surplus):
                return best

    def _nominal_qp(self, target: float) -> int:
        """The legal qp with which an SQNR in dB is to be expected."""
        noise = self._signal * 10 ** (-target / 10) / self._scanned.size
        legal = qp_range(self._density, self._base_qp)
        return min(max(qp_below(math.sqrt(_NOISE * noise), self._density), legal[0]), legal[-1])

    def _first_rates(self, step: float) -> tuple[int, CodingCost]:
        """The unary length that suits a step, and the rates that a first pass over rows leaves."""
        rows = _sample(self._shape, self._feedback)
        whole = self._scanned.reshape(self._shape[0], -1)
        some = read_only(whole[rows])
        feedback = self._feedback.of_some(rows)
        shape = (len(rows), whole.shape[1])

        def model(unary_length: int) -> CostModel:
            syntax = replace(self._syntax, rows=len(rows), unary_length=unary_length)
            return CostModel(shape, syntax, search=self._search)

        first = model(first_unary_length(self._lengths))
        plain = plain_choice(some, step, first)
        (choice,) = iterate_with_feedback(some, step, self._price, first, plain.cost, feedback, 1)
        length, rates = best_unary_length(choice.q, model, self._lengths, choice.cost)
        return length, averaged(rates, whole.size)

    def _choices(self, step: float, length: int, rates: CodingCost, passes: int) -> list[Choice]:
        model = self._model(length)
        return list(
            iterate_with_feedback(
                self._scanned, step, self._price, model, rates, self._feedback, max(1, passes)
            )
        )

    def _model(self, unary_length: int) -> CostModel:
        syntax = replace(self._syntax, unary_length=unary_length)
        return CostModel(self._shape, syntax, search=self._search)


def _sample(shape: tuple[int, ...], feedback: Feedback) -> NDArray[np.int64]:
    """Rows that are enough to find rates: evenly spread ones, or all."""
    rows, columns = shape[0], prod(shape[1:])
    some = max(1, _SAMPLE // columns)
    if rows <= 2 * some or feedback.gains.shape[0] > 1:
        return np.arange(rows)
    return np.linspace(0, rows - 1, some).astype(np.int64)


def _feedback(moments: Moments, syntax: TensorSyntax) -> Feedback:
    if moments.columns is not None:
        return Feedback.of_columns(moments.columns, syntax.rows, moments.row_gains)
    assert moments.rows is not None
    return Feedback.of_rows(moments.rows, moments.count, syntax.columns)
