"""Clause 15.1: what the arithmetic coder has to know about a layer with LNQ."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.plan import Plan, plan
from nnref.codec.entropy.syntax import TensorSyntax
from nnref.spec.tables.enums import Dialect, LnqCentroidMode, LnqContextMode, LnqGroupOrder
from nnref.spec.tables.lnq import MAX_LEVELS

MAX_OFFSETS: Final = 7
"""Clause 15.1.3: magnitudes with an offset of their own, by quantizer and sign."""

Offsets = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
"""Clause 15.1.3: of a class, by quantizer: those of positive and of negative magnitudes."""


@dataclass(frozen=True, slots=True)
class LnqShape:
    """Clause 15.1.2: a matrix cut into units of so many rows and columns."""

    rows: int
    columns: int
    unit_rows: int
    unit_columns: int

    @property
    def weights(self) -> int:
        """Clause 9.6.1: the number of weights."""
        return self.rows * self.columns

    @property
    def across(self) -> int:
        """Units side by side; at least 1."""
        return max(1, -(-self.columns // self.unit_columns))

    @property
    def units(self) -> int:
        """Clause 15.1.2: the number of units; none without weights."""
        return -(-self.rows // self.unit_rows) * self.across if self.weights else 0

    @property
    def geometry(self) -> tuple[int, int, int, int, int]:
        """The form that the kernels read."""
        return self.rows, self.columns, self.unit_rows, self.unit_columns, self.across

    def unit_weights(self) -> npt.NDArray[np.int64]:
        """Clause 15.1.2: weights of every unit; the edges cut the last ones."""
        heights = _edges(self.rows, self.unit_rows)
        widths = _edges(self.columns, self.unit_columns)
        return np.outer(heights, widths).reshape(-1)


def _edges(length: int, edge: int) -> npt.NDArray[np.int64]:
    starts = np.arange(0, length, edge, dtype=np.int64)
    return np.minimum(edge, length - starts)


@dataclass(frozen=True, slots=True)
class ClassSyntax:
    """Clause 15.1.3: class mode. `offsets` are those of the classes that are coded."""

    shape: LnqShape
    unary_length: int = 11
    dq_flag: int = 0
    fraction_bits: int = 4
    classes: int = 1
    zero_class: int = 0
    """lnq_zero_class_flag: class 0 is all zero."""
    offsets: tuple[Offsets, ...] = ((),)

    @property
    def sets(self) -> int:
        """Clause 15.1.6: context sets: one for every class that is coded."""
        return self.classes - self.zero_class

    def offset_table(self) -> npt.NDArray[np.int64]:
        """Clause 15.1.3: int64[classes, 2 quantizers, 2 signs, 8 magnitudes]; beyond the last
        magnitude that has an offset, that one is repeated.
        """
        table = np.zeros((self.classes, 2, 2, MAX_OFFSETS + 1), np.int64)
        for number, one in enumerate(self.offsets, self.zero_class):
            for quantizer, signs in enumerate(one):
                for sign, run in enumerate(signs):
                    padded = (*run, *run[-1:] * (MAX_OFFSETS - len(run)))
                    table[number, quantizer, sign, 1 : 1 + len(padded)] = padded
        return table

    def plan(self, dialect: Dialect) -> Plan:
        """Clause 15.1.6: the layout and the contexts of every set."""
        return set_plan(self.shape, self.unary_length, self.dq_flag, 0, 0, dialect)


@dataclass(frozen=True, slots=True)
class PublishedSyntax:
    """Clause 15.1.4: published mode. The dictionary is used with DICTIONARY alone."""

    shape: LnqShape
    unary_length: int = 11
    dq_flag: int = 0
    fraction_bits: int = 0
    levels: int = 3
    variable_levels: int = 0
    zero_centroid: int = 0
    group_order: int = LnqGroupOrder.GROUPS
    context_mode: int = LnqContextMode.OWN
    centroid_mode: int = LnqCentroidMode.DIRECT
    merge: int = 0
    egk: int = 1
    dictionary: tuple[tuple[int, ...], ...] = ()
    codebook: tuple[int, ...] = ()
    codebook_zero_offset: int = 0

    @property
    def own_contexts(self) -> bool:
        """Clause 15.1.6: whether the symbols have a context set of their own."""
        return self.context_mode == LnqContextMode.OWN

    @property
    def options(self) -> tuple[int, ...]:
        """The form that the kernels read."""
        numbers = (
            self.group_order,
            self.context_mode,
            self.centroid_mode,
            self.merge,
            self.egk,
            self.levels,
            self.variable_levels,
            self.zero_centroid,
            self.fraction_bits,
        )
        return tuple(map(int, numbers))

    def dictionary_arrays(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Centroids int32[entries, 8] and how many each entry has."""
        return book_arrays(self.dictionary)

    def level_plan(self, dialect: Dialect) -> Plan:
        """Clause 15.1.6: layout and contexts of the levels."""
        size, zero_offset = len(self.codebook), self.codebook_zero_offset
        return set_plan(self.shape, self.unary_length, self.dq_flag, size, zero_offset, dialect)

    def symbol_plan(self, dialect: Dialect) -> Plan:
        """Clause 15.1.6: layout and contexts of the symbols."""
        middle = (self.levels - 1) >> 1
        return set_plan(self.shape, self.unary_length, 0, self.levels, middle, dialect)


def book_arrays(
    books: tuple[tuple[int, ...], ...],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Clause 15.1.5: codebooks as int32[books, 8], and how many centroids each has."""
    centroids = np.zeros((len(books), MAX_LEVELS), np.int32)
    for row, book in zip(centroids, books, strict=True):
        row[: len(book)] = book
    return centroids, np.array([len(book) for book in books], np.uint8)


def set_plan(
    shape: LnqShape,
    unary_length: int,
    dq_flag: int,
    codebook_size: int,
    zero_offset: int,
    dialect: Dialect,
) -> Plan:
    """Clause 15.1.6: a context set is that of tensor data without flags and blocks."""
    known = plan(
        TensorSyntax(
            1,
            1,
            unary_length,
            dq_flag,
            codebook_size=codebook_size,
            codebook_zero_offset=zero_offset,
        ),
        dialect,
    )
    return known._replace(layout=(shape.rows, shape.columns, *known.layout[2:]))
