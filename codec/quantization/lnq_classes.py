"""Clause 15.1.3: layers in class mode: levels, offsets and classes that need few bits.

Encoder policy: nothing here is normative. Searches are repeated as in `iterated`; between them the
offsets become the means of what lies on a level, and units move to the class that codes them best.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import Flags
from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.entropy.lnq_syntax import ClassSyntax, LnqShape, Offsets
from nnref.codec.entropy.lnq_work import class_work
from nnref.codec.entropy.search import ShiftSearch
from nnref.codec.entropy.tables import START_WORDS
from nnref.codec.quantization.coding_cost import (
    SHIFT_IDX_BITS,
    SHORTEST_SEGMENT,
    estimated_contexts,
)
from nnref.codec.quantization.kernels.lnq_rates import (
    MAGNITUDES,
    SKIPPED,
    fit_offsets,
    measure_set_rates,
    noise_with_offsets,
    unit_costs,
)
from nnref.codec.quantization.kernels.lnq_search import (
    round_classes_at_price,
    search_class_path,
    trace_class_path,
)
from nnref.spec.tables.enums import Dialect

FRACTIONS: Final = 16
"""Clause 15.1.7: parts of a step, with lnq_fraction_bits 4."""

_LEAST_WEIGHTS: Final = 12.0
"""Weights on a level that an offset of its own is worth."""

Map = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int32]
Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What is fixed before the search: tools, classes, how many levels have offsets."""

    shape: LnqShape
    dq_flag: int
    classes: int
    offsets: int
    """Magnitudes with an offset of their own, by quantizer and sign."""
    zero_class: int = 0
    unary_length: int = 11
    signed: bool = False
    """Whether negative levels have offsets of their own (dq_flag 0)."""
    search: bool = True
    """Whether contexts get parameter sets of their own."""

    @property
    def sets(self) -> int:
        """Classes that are coded."""
        return self.classes - self.zero_class


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """A layer in class mode with one step."""

    plan: ClassPlan
    q: Levels
    """Quantized parameters, row-major."""
    class_map: Map
    offsets: npt.NDArray[np.int64]
    """int64[sets, 2, 2, 8]: in sixteenths of the step; the last entry is that beyond."""
    noise: float
    """Squared error in squared steps."""
    bits: float
    """Estimated, with offsets and map."""
    rates: npt.NDArray[np.int32]
    shift_idx: Flags
    """Clause 9.7: the parameter sets of all contexts, uint8[sets, contexts]."""

    def objective(self, price: float) -> float:
        """Bits plus squared error in squared steps at the price of a bit."""
        return self.bits + self.noise / price

    def syntax(self) -> ClassSyntax:
        """Clause 15.1.3: what a header says of it."""
        plan = self.plan
        return ClassSyntax(
            plan.shape,
            plan.unary_length,
            plan.dq_flag,
            classes=plan.classes,
            zero_class=plan.zero_class,
            offsets=tuple(self._of_set(number) for number in range(plan.sets)),
        )

    def _of_set(self, number: int) -> Offsets:
        """The shortest runs that say the same."""
        quantizers = range(1 + self.plan.dq_flag)
        return tuple(_runs(self.offsets[number, quantizer]) for quantizer in quantizers)


def _runs(table: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    length = MAGNITUDES - 1
    while length > 1 and (table[:, length] == table[:, length - 1]).all():
        length -= 1
    if length == 1 and not table[:, 1].any():
        length = 0
    positive, negative = (tuple(run[1 : length + 1].tolist()) for run in table)
    return positive, negative


class ClassSearch:
    """Searches for one layer: float32 weights in row-major order, finite."""

    def __init__(self, weights: npt.NDArray[np.float32], plan: ClassPlan) -> None:
        self.weights = weights
        self.plan = plan
        self._contexts = estimated_contexts(plan.unary_length)
        self._segment = max(SHORTEST_SEGMENT, 8 * self._contexts.size) * max(1, plan.sets)

    def start(self, q: Levels, class_map: Map, step: float) -> ClassChoice:
        """A first choice without offsets: given quantized parameters."""
        none = np.zeros((max(1, self.plan.sets), 2, 2, MAGNITUDES), np.int64)
        return self._measured(q, class_map, none, step, self._shift_idx(q, class_map))

    def improved(self, choice: ClassChoice, step: float, price: float) -> ClassChoice:
        """One pass: offsets, levels at the rates that the choice left, offsets again.

        Contexts keep their parameter sets: to find the best ones takes more time than all else.
        """
        set_of = self.sets_of(choice.class_map)
        offsets = self._fitted(choice.q, set_of, step)
        q = self._searched(set_of, offsets, step, price, choice.rates)
        offsets = self._fitted(q, set_of, step)
        return self._measured(q, choice.class_map, offsets, step, choice.shift_idx)

    def reassigned(self, choice: ClassChoice) -> ClassChoice:
        """Every unit to the class with the contexts that suit it best; costs are as they were."""
        if self.plan.sets < 2:
            return choice
        shape = self.plan.shape
        costs = np.empty((shape.units, self.plan.sets), np.int64)
        mean = np.rint(choice.rates.mean(axis=0)).astype(np.int32)
        flags = (self.plan.dq_flag, self.plan.unary_length)
        unit_costs(choice.q, shape.geometry, *flags, mean, costs)
        class_map = (np.argmin(costs, axis=1) + self.plan.zero_class).astype(np.uint8)
        class_map[choice.class_map < self.plan.zero_class] = 0
        return replace(choice, class_map=class_map)

    def sets_of(self, class_map: Map) -> Map:
        """The context set of every weight."""
        shape, zero_class = self.plan.shape, self.plan.zero_class
        sets = np.where(class_map < zero_class, SKIPPED, class_map - zero_class).astype(np.uint8)
        if self.plan.classes == 1:
            return np.full(shape.weights, sets[0], np.uint8)
        grid = sets.reshape(-1, shape.across)
        by_row = np.repeat(grid, shape.unit_columns, axis=1)[:, : shape.columns]
        return np.repeat(by_row, shape.unit_rows, axis=0)[: shape.rows].reshape(-1)

    def _searched(
        self,
        set_of: Map,
        offsets: npt.NDArray[np.int64],
        step: float,
        price: float,
        rates: npt.NDArray[np.int32],
    ) -> Levels:
        plan = self.plan
        q = np.empty(self.weights.size, np.int32)
        where = (self.weights, set_of, offsets / FRACTIONS, 1.0 / step, price, rates)
        if not plan.dq_flag:
            round_classes_at_price(*where, self._segment, plan.unary_length, q)
            return q
        decisions = np.empty(self.weights.size, np.uint32)
        state = search_class_path(*where, self._segment, plan.unary_length, decisions)
        trace_class_path(self.weights, set_of, 1.0 / step, decisions, state, q)
        return q

    def _fitted(self, q: Levels, set_of: Map, step: float) -> npt.NDArray[np.int64]:
        """Clause 15.1.3: the offsets of least squared error, in sixteenths of the step."""
        sets, most = max(1, self.plan.sets), self.plan.offsets
        sums, counts = np.empty((2, sets, 2, 2, MAGNITUDES))
        fit_offsets(self.weights, 1.0 / step, q, set_of, self.plan.dq_flag, sums, counts)
        if not self.plan.signed:
            sums = np.repeat(sums.sum(axis=2, keepdims=True), 2, axis=2)
            counts = np.repeat(counts.sum(axis=2, keepdims=True), 2, axis=2)
        offsets = np.zeros((sets, 2, 2, MAGNITUDES), np.int64)
        if most:
            sums[..., most] = sums[..., most:].sum(axis=-1)
            counts[..., most] = counts[..., most:].sum(axis=-1)
            enough = counts > _LEAST_WEIGHTS
            means = np.divide(sums, counts, out=np.zeros_like(sums), where=enough)
            offsets = np.rint(FRACTIONS * means).astype(np.int64)
            offsets[..., most:] = offsets[..., most : most + 1]
            offsets[..., 0] = 0
        return offsets

    def _measured(
        self,
        q: Levels,
        class_map: Map,
        offsets: npt.NDArray[np.int64],
        step: float,
        shift_idx: Flags,
    ) -> ClassChoice:
        plan, contexts = self.plan, self._contexts
        set_of = self.sets_of(class_map)
        segments = max(1, -(-q.size // self._segment))
        rates = np.empty((segments, max(1, plan.sets), 2 * contexts.size), np.int32)
        # Row by row: a kernel that met another layout would be compiled twice.
        words = np.ascontiguousarray(START_WORDS[shift_idx[:, contexts]])
        where = (plan.dq_flag, plan.unary_length, words)
        cost = measure_set_rates(q, set_of, *where, self._segment, rates)
        table = offsets / FRACTIONS
        noise = noise_with_offsets(self.weights, 1.0 / step, q, set_of, plan.dq_flag, table)
        bits = cost / ONE_BIT + SHIFT_IDX_BITS * np.count_nonzero(shift_idx)
        bits += _map_bits(class_map, plan.classes) + _offset_bits(offsets)
        return ClassChoice(plan, q, class_map, offsets, noise, bits, rates, shift_idx)

    def _shift_idx(self, q: Levels, class_map: Map) -> Flags:
        """Clause 9.7: the best shift_idx of every set."""
        plan = self.plan
        search = ShiftSearch.EXACT if plan.search else ShiftSearch.OFF
        work = class_work(class_map, _syntax(plan), Dialect.NNCODEC_2)
        return work.shift_idx(q, search)


def _syntax(plan: ClassPlan) -> ClassSyntax:
    none: tuple[Offsets, ...] = ((),) * plan.sets
    flags = (plan.unary_length, plan.dq_flag)
    classes = {"classes": plan.classes, "zero_class": plan.zero_class}
    return ClassSyntax(plan.shape, *flags, **classes, offsets=none)


def _map_bits(class_map: Map, classes: int) -> float:
    """About what the map costs: its entropy, given the unit before."""
    if classes == 1 or class_map.size < 2:
        return 0.0
    pairs = np.bincount(class_map[1:].astype(np.int64) * classes + class_map[:-1])
    pairs = pairs.astype(np.float64)
    whole = np.zeros(classes * classes)
    whole[: pairs.size] = pairs
    table = whole.reshape(classes, classes)
    before = table.sum(axis=0, keepdims=True)
    share = np.divide(table, before, out=np.ones_like(table), where=before > 0)
    return float(-(table * np.log2(np.maximum(share, 1e-12))).sum()) + 2.0 * classes


def _offset_bits(offsets: npt.NDArray[np.int64]) -> float:
    """About what the offsets cost in the header."""
    distinct = np.diff(offsets[..., 0, :], axis=-1)
    return float((2 * np.log2(2 * np.abs(distinct) + 1) + 1).sum() / 2 + 6 * offsets.shape[0])
