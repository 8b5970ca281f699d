"""Clause 15.1: a layer with LNQ in the order in which it is coded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import Flags, Quantized
from nnref.codec.entropy.kernels import lnq_runs, lnq_search
from nnref.codec.entropy.lnq_syntax import ClassSyntax, PublishedSyntax
from nnref.codec.entropy.plan import Plan
from nnref.codec.entropy.search import ShiftSearch
from nnref.spec.tables.enums import Dialect, LnqContextMode
from nnref.spec.tables.lnq import MAX_LEVELS

Runs = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class UnitData:
    """Clause 15.1.4: what published mode codes of a layer, beside its weights."""

    flags: Flags
    """uint8[units]: lnq_flag."""
    books: Quantized
    """int32[units, 8]: centroids in fractions of the step, strictly increasing."""
    sizes: Flags
    """uint8[units]: centroids of every unit."""
    entries: Quantized
    """int32[units]: with a dictionary the index of the unit's codebook in it."""

    @classmethod
    def of(cls, flags: Flags, books: Quantized, sizes: Flags) -> "UnitData":
        """Without a dictionary."""
        return cls(flags, books, sizes, np.zeros(flags.size, np.int32))


@dataclass(frozen=True, slots=True)
class LnqWork:
    """A layer in the order in which it is coded, with the plans of its context sets."""

    plans: tuple[Plan, ...]
    """Of the context sets; the first is that of levels."""
    used: tuple[bool, ...]
    """Clause 15.1.6: the sets whose shift parameters are sent."""
    runs: Runs
    units: UnitData
    options: tuple[int, ...]
    across: int
    dictionary_size: int = 0

    def shift_idx(self, quantized: Quantized, search: ShiftSearch) -> Flags:
        """Clause 9.7: the choice of every set, uint8[sets, contexts]."""
        chosen = np.zeros((len(self.plans), self.plans[0].contexts), np.uint8)
        if search is not ShiftSearch.OFF:
            first, last = self.plans[0], self.plans[-1]
            of_symbols = last.indices if last is not first else first.indices[:0]
            lnq_search.choose_set_shift_idx(
                first.layout, self.runs, quantized, first.indices, of_symbols, chosen
            )
        return chosen


def class_work(class_map: Flags, syntax: ClassSyntax, dialect: Dialect) -> LnqWork:
    """Clause 15.1.3: the weights row by row; `class_map` as in `encode_classes`."""
    shape = syntax.shape
    geometry = shape.geometry
    if syntax.classes == 1:
        geometry = (shape.rows, shape.columns, shape.rows, shape.columns, 1)

    def fill(runs: Runs) -> int:
        return lnq_runs.class_runs(geometry, syntax.zero_class, class_map, runs)

    plans = (syntax.plan(dialect),) * max(1, syntax.sets)
    coded = range(syntax.zero_class, syntax.zero_class + len(plans))
    used = tuple(bool(shape.weights and (class_map == number).any()) for number in coded)
    none = UnitData.of(
        np.zeros(0, np.uint8), np.zeros((0, MAX_LEVELS), np.int32), np.zeros(0, np.uint8)
    )
    return LnqWork(plans, used, _filled(fill), none, (0,) * 9, shape.across)


def published_work(units: UnitData, syntax: PublishedSyntax, dialect: Dialect) -> LnqWork:
    """Clause 15.1.4: codebooks and weights in the order of lnq_group_order."""
    plans: tuple[Plan, ...] = (syntax.level_plan(dialect),)
    with_levels, with_books = not units.flags.all(), bool(units.flags.any())
    used: tuple[bool, ...] = (with_levels or (with_books and not syntax.own_contexts),)
    if syntax.own_contexts:
        plans, used = (*plans, syntax.symbol_plan(dialect)), (*used, with_books)
    restart = int(syntax.context_mode == LnqContextMode.RESET)
    numbers = (int(syntax.group_order), len(plans) - 1, restart)

    def fill(runs: Runs) -> int:
        where = (syntax.shape.geometry, *numbers, units.flags, units.sizes)
        return lnq_runs.published_runs(*where, runs)

    size = len(syntax.dictionary)
    across = syntax.shape.across
    return LnqWork(plans, used, _filled(fill), units, syntax.options, across, size)


def _filled(fill: Callable[[Runs], int]) -> Runs:
    """The runs, for which `fill` says how much room they need."""
    runs = np.empty((fill(np.empty((0, lnq_runs.PARTS), np.int32)), lnq_runs.PARTS), np.int32)
    fill(runs)
    return runs
