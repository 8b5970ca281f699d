"""Class mode (clause 15.1.3) for one layer: the tools that suit it, at an error that is given."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.operating_point import PRICE_DEPENDENT, PRICE_UNIFORM
from nnref.codec.encoder.qp_bracket import QpBracket
from nnref.codec.entropy import LnqShape
from nnref.codec.quantization.kernels.trellis import search_path, trace_back
from nnref.codec.quantization.kernels.uniform import round_to_grid
from nnref.codec.quantization.lnq_classes import ClassChoice, ClassPlan, ClassSearch
from nnref.codec.quantization.scan import read_only
from nnref.codec.quantization.step import normal_step, qp_range

Weights = NDArray[np.float32]
Map = NDArray[np.uint8]

PRICES: Final = (PRICE_UNIFORM, PRICE_DEPENDENT)
"""Price of a bit in squared steps, by dq_flag."""

_EXPLORED: Final = 1 << 20
"""Weights on which tools are compared, about."""
_LEAST_UNITS: Final = 8
"""Units of a class that are worth telling apart."""
_PRICES_TRIED: Final = 6
_NEAR: Final = 1e-3
_PRICE_PER_ERROR: Final = 3.0
"""How an error that is left is spent: trials, the part that is not worth one, and the part of the
price that a part of the error is worth at first."""
_EXPLORING, _MEETING = 4, 2
"""Passes with one step: while tools are compared, and while the error is met."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Where a layer without LNQ is: what class mode has to beat."""

    qp: int
    dq_flag: int
    squared_error: float
    """Of the decoded weights."""
    unary_length: int


@dataclass(frozen=True, slots=True)
class ClassPoint:
    """A layer in class mode, and its step."""

    choice: ClassChoice
    qp: int


@dataclass(frozen=True, slots=True)
class ClassEncoder:
    """Finds class modes for one layer: float32, finite, row-major, at least one weight."""

    weights: Weights
    shape: LnqShape
    qp_density: int
    base_qp: int
    search: bool = True
    """Whether contexts get parameter sets of their own."""

    def best(self, operation: Operation, classes: tuple[int, ...] = (1, 2, 3)) -> ClassPoint | None:
        """The point found of the fewest bits whose error is not above that of `operation`.

        Tools are compared on some rows of large layers. None if no step meets the error.
        """
        slope = PRICES[operation.dq_flag] * self._step(operation.qp) ** 2
        part = self._part()
        points = [part._explored(operation, plan) for plan in part._plans(operation, classes)]
        if not points:
            return None

        def cost(point: ClassPoint) -> float:
            choice = point.choice
            return choice.noise * self._step(point.qp) ** 2 + slope * choice.bits

        point = min(points, key=cost)
        if part is not self:
            # The step that meets the error is looked for on the part first.
            share = _energy(part.weights) / max(_energy(self.weights), 1e-300)
            scaled = replace(operation, squared_error=operation.squared_error * share)
            point = part._met(scaled, point) or point
        return self._met(operation, point)

    def _plans(self, operation: Operation, classes: tuple[int, ...]) -> Iterator[ClassPlan]:
        common = ClassPlan(
            self.shape, 0, 1, 7, unary_length=operation.unary_length, search=self.search
        )
        for count in classes:
            if count == 1 or self.shape.units >= _LEAST_UNITS * count:
                yield replace(common, dq_flag=1, classes=count, offsets=2)
                yield replace(common, classes=count)

    def _explored(self, operation: Operation, plan: ClassPlan) -> ClassPoint:
        """Where the tools of a plan lead with a step that is likely."""
        ratio = PRICES[operation.dq_flag] / PRICES[plan.dq_flag]
        octaves = 0.5 * math.log2(ratio)
        legal = qp_range(self.qp_density, self.base_qp)
        qp = operation.qp + round(octaves * (1 << self.qp_density))
        qp = min(max(qp, legal[0]), legal[-1])
        search, step = ClassSearch(self.weights, plan), self._step(qp)
        choice = search.start(self._plain(plan, step), self._first_map(plan), step)
        for _ in range(_EXPLORING):
            choice = search.improved(search.reassigned(choice), step, PRICES[plan.dq_flag])
        return ClassPoint(choice, qp)

    def _met(self, operation: Operation, start: ClassPoint) -> ClassPoint | None:
        """The point with the tools of `start` that just meets the error, on the whole layer."""
        plan = replace(start.choice.plan, shape=self.shape)
        search, price = ClassSearch(self.weights, plan), PRICES[plan.dq_flag]
        choice = start.choice
        if choice.q.size != self.weights.size:
            choice = self._whole(search, start)
        legal = qp_range(self.qp_density, self.base_qp)
        bracket = QpBracket(legal, start.qp, self.qp_density)
        best: ClassPoint | None = None
        while True:
            qp, step = bracket.qp, self._step(bracket.qp)
            choice = search.reassigned(choice)
            for _ in range(_MEETING):
                choice = search.improved(choice, step, price)
            surplus = decibels(operation.squared_error, choice.noise * step**2)
            if surplus >= 0 and (best is None or choice.bits < best.choice.bits):
                best = ClassPoint(choice, qp)
            if not bracket.note(surplus):
                return best and self._spent(operation, search, best)

    def _spent(self, operation: Operation, search: ClassSearch, point: ClassPoint) -> ClassPoint:
        """What is left of the error is spent: a higher price of bits with the same step."""
        step, price = self._step(point.qp), PRICES[search.plan.dq_flag]
        low, high, factor = 1.0, math.inf, 1.0
        for _ in range(_PRICES_TRIED):
            error = point.choice.noise * step**2
            left = operation.squared_error / error - 1.0 if error else 0.0
            if left < _NEAR:
                break
            factor = (low + high) / 2 if high < math.inf else low + _PRICE_PER_ERROR * left
            choice = search.improved(point.choice, step, factor * price)
            if choice.noise * step**2 > operation.squared_error:
                high = factor
                continue
            low = factor
            if choice.bits < point.choice.bits:
                point = ClassPoint(choice, point.qp)
        return point

    def _whole(self, search: ClassSearch, start: ClassPoint) -> ClassChoice:
        """A first choice for the whole layer, at the rates that a part of it has left."""
        plan, step = search.plan, self._step(start.qp)
        choice = search.start(self._plain(plan, step), self._first_map(plan), step)
        segments = choice.rates.shape[0]
        mean = np.rint(start.choice.rates.mean(axis=0)).astype(np.int32)
        rates = np.repeat(mean[np.newaxis], segments, axis=0)
        return search.reassigned(replace(choice, rates=rates, offsets=start.choice.offsets))

    def _part(self) -> "ClassEncoder":
        """The layer, or evenly spaced rows of it."""
        shape = self.shape
        if shape.weights <= 2 * _EXPLORED or shape.rows < 2:
            return self
        groups = -(-shape.rows // shape.unit_rows)
        wanted = max(1, round(groups * _EXPLORED / shape.weights))
        first = np.linspace(0, groups - 1, wanted).astype(np.int64) * shape.unit_rows
        rows = (first[:, np.newaxis] + np.arange(shape.unit_rows)).reshape(-1)
        rows = rows[rows < shape.rows]
        weights = self.weights.reshape(shape.rows, shape.columns)[rows].reshape(-1)
        return replace(self, weights=weights, shape=replace(shape, rows=rows.size))

    def _plain(self, plan: ClassPlan, step: float) -> NDArray[np.int32]:
        """Quantized parameters of least error."""
        weights, q = read_only(self.weights), np.empty(self.weights.size, np.int32)
        if plan.dq_flag:
            decisions = np.empty(q.size, np.uint16)
            state = search_path(weights, 1.0 / step, decisions)
            trace_back(weights, 1.0 / step, decisions, state, q)
        else:
            round_to_grid(weights, np.float32(1.0 / step), q)
        return q

    def _first_map(self, plan: ClassPlan) -> Map:
        """Units by their energy, in classes of one size."""
        if plan.classes == 1:
            return np.zeros(1, np.uint8)
        shape = plan.shape
        energy = _unit_energy(self.weights.reshape(shape.rows, shape.columns), shape)
        bounds = np.quantile(energy, np.arange(1, plan.classes) / plan.classes)
        return np.searchsorted(bounds, energy).astype(np.uint8)

    def _step(self, qp: int) -> float:
        return normal_step(qp, self.qp_density)


def _unit_energy(matrix: Weights, shape: LnqShape) -> NDArray[np.float64]:
    """Mean square of the weights of every unit."""
    columns = np.arange(0, shape.columns, shape.unit_columns)
    rows = np.arange(0, shape.rows, shape.unit_rows)
    by_column = np.add.reduceat(np.square(matrix, dtype=np.float64), columns, axis=1)
    total = np.add.reduceat(by_column, rows, axis=0).reshape(-1)
    return np.asarray(total / shape.unit_weights())


def _energy(weights: Weights) -> float:
    return float(np.square(weights, dtype=np.float64).sum())


def decibels(signal: float, noise: float) -> float:
    """How far a noise lies below a signal; infinite without noise."""
    if noise == 0.0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0.0 else -math.inf
