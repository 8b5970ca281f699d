"""Operating points of one layer: without LNQ, and in class mode at the same error (clause 15.1)."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.operating_point import PRICE_DEPENDENT, PRICE_UNIFORM
from nnref.codec.encoder.qp_bracket import QpBracket
from nnref.codec.quantization.lnq_classes import ClassChoice, ClassSearch
from nnref.codec.quantization.step import normal_step, qp_range

PRICES: Final = (PRICE_UNIFORM, PRICE_DEPENDENT)
"""Price of a bit in squared steps, by dq_flag."""

_PRICES_TRIED: Final = 4
_NEAR: Final = 1e-3
_PRICE_PER_ERROR: Final = 3.0
"""How an error that is left is spent: trials, the part that is not worth one, and the part of the
price that a part of the error is worth at first."""
_MEETING: Final = 2
"""Passes with one step."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Where a layer without LNQ is: what class mode has to beat."""

    qp: int
    dq_flag: int
    squared_error: float
    """Of the decoded weights."""
    unary_length: int
    bits: float = math.inf
    """Of the unit."""
    quantized: NDArray[np.int32] | None = None
    """Quantized parameters, row-major."""


def likely_qp(operation: Operation, octaves: float, qp_density: int, base_qp: int) -> int:
    """The legal qp so many octaves above that of an operation."""
    legal = qp_range(qp_density, base_qp)
    qp = operation.qp + round(octaves * (1 << qp_density))
    return min(max(qp, legal[0]), legal[-1])


@dataclass(frozen=True, slots=True)
class ClassPoint:
    """A layer in class mode, its step, and the price of a bit in squared steps."""

    choice: ClassChoice
    qp: int
    price: float

    @property
    def objective(self) -> float:
        """Bits, and the squared error in bits."""
        return self.choice.objective(self.price)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Points of class mode that just meet an error. `weights` as in `ClassEncoder`."""

    weights: NDArray[np.float32]
    qp_density: int
    base_qp: int

    def step(self, qp: int) -> float:
        """Clause 10.1: the step of a qp."""
        return normal_step(qp, self.qp_density)

    def at_error(self, operation: Operation, start: ClassPoint) -> ClassPoint | None:
        """The point with the tools and the price of `start` whose step meets the error."""
        search, choice = ClassSearch(self.weights, start.choice.plan), start.choice
        legal = qp_range(self.qp_density, self.base_qp)
        bracket = QpBracket(legal, start.qp, self.qp_density)
        best: ClassPoint | None = None
        while True:
            qp, step = bracket.qp, self.step(bracket.qp)
            choice = search.reassigned(choice)
            for _ in range(_MEETING):
                choice = search.improved(choice, step, start.price)
            surplus = decibels(operation.squared_error, choice.noise * step**2)
            if surplus >= 0 and (best is None or choice.bits < best.choice.bits):
                best = ClassPoint(choice, qp, start.price)
            if not bracket.note(surplus):
                return best

    def spent(self, operation: Operation, point: ClassPoint) -> ClassPoint:
        """What is left of the error is spent: a higher price of bits with the same step."""
        step, search = self.step(point.qp), ClassSearch(self.weights, point.choice.plan)
        low, high, factor = 1.0, math.inf, 1.0
        for _ in range(_PRICES_TRIED):
            error = point.choice.noise * step**2
            left = operation.squared_error / error - 1.0 if error else 0.0
            if left < _NEAR:
                break
            factor = (low + high) / 2 if high < math.inf else low + _PRICE_PER_ERROR * left
            choice = search.improved(point.choice, step, factor * point.price)
            if choice.noise * step**2 > operation.squared_error:
                high = factor
                continue
            low = factor
            if choice.bits < point.choice.bits:
                point = replace(point, choice=choice)
        return point


def decibels(signal: float, noise: float) -> float:
    """How far a noise lies below a signal; infinite without noise."""
    if noise == 0.0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0.0 else -math.inf
