"""Clause 15.1: reading the codeword of a layer with LNQ."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import Flags, Integers, Quantized
from nnref.codec.entropy.bounds import most_context_bins
from nnref.codec.entropy.decoder import RULES, PayloadDecoder
from nnref.codec.entropy.kernels import lnq_codebooks, lnq_decode
from nnref.codec.entropy.kernels.decode import OK
from nnref.codec.entropy.lnq_syntax import ClassSyntax, PublishedSyntax
from nnref.codec.entropy.plan import Plan
from nnref.spec.errors import refusal
from nnref.spec.tables.cabac import OFFSET_BITS
from nnref.spec.tables.lnq import CONTROL_CONTEXTS, MAX_LEVELS

_RULES: Final = RULES | {
    lnq_codebooks.CODE_TOO_LONG: "lnq-code-too-long",
    lnq_codebooks.CENTROID_OVERFLOW: "lnq-centroid-overflow",
    lnq_codebooks.CENTROID_ORDER: "lnq-centroid-order",
    lnq_codebooks.DICTIONARY_RANGE: "lnq-dictionary-range",
    lnq_decode.VALUE_OVERFLOW: "lnq-value-overflow",
}


@dataclass(frozen=True, slots=True)
class DecodedClasses:
    """Clause 15.1.3: a layer in class mode."""

    integers: Quantized
    """int32[rows * columns]: the weights in fractions of the step."""
    class_map: Flags
    """uint8[units]; one entry where there is one class."""
    side_bits: int
    """Of map and shift parameters."""


@dataclass(frozen=True, slots=True)
class DecodedUnits:
    """Clause 15.1.4: a layer in published mode."""

    integers: Quantized
    """int32[rows * columns]: the weights in fractions of the step."""
    flags: Flags
    """uint8[units]: lnq_flag."""
    books: Quantized
    """int32[units, 8]: the centroids of every unit with lnq_flag 1."""
    sizes: Flags
    """uint8[units]: how many it has."""
    side_bits: int
    """Of flags, shift parameters and codebooks."""


class LnqPayloadDecoder(PayloadDecoder):
    """Clause 15.1: reads layers with LNQ. Its methods raise rules as `decode_tensor` does, and
    those of clause 15.1.
    """

    __slots__ = ()

    def decode_classes(self, syntax: ClassSyntax) -> DecodedClasses:
        """Clause 15.1.3: map, shift parameters, weights."""
        shape, dialect, start = syntax.shape, self.dialect, self._shifts()
        geometry, class_map = shape.geometry, np.zeros(1, np.uint8)
        if syntax.classes == 1:
            geometry = (shape.rows, shape.columns, shape.rows, shape.columns, 1)
        else:
            class_map, control = self._units(shape.units), np.empty(CONTROL_CONTEXTS, np.int64)
            where = (self._words, self._registers, shape.across, syntax.classes, control)
            lnq_decode.decode_class_map(*where, class_map)
            self._checked_shifts()
        known = syntax.plan(dialect)
        sets = np.empty((max(1, syntax.sets), 2 * known.contexts), np.int64)
        for number, contexts in enumerate(sets[: syntax.sets], syntax.zero_class):
            if shape.weights and (class_map == number).any():
                self._shift_parameters(known, contexts)
        side_bits = self._shifts() - start
        coded = class_map >= syntax.zero_class
        self._check_weights(_weights(syntax, coded))
        quantized = np.empty(shape.weights, np.int32)
        status = lnq_decode.decode_class_weights(
            self._words,
            self._registers,
            known.layout,
            geometry,
            syntax.zero_class,
            class_map,
            sets,
            quantized,
        )
        self._check(status)
        scale = (syntax.dq_flag, syntax.fraction_bits)
        table = syntax.offset_table()
        self._check(lnq_decode.add_offsets(quantized, geometry, *scale, class_map, table))
        return DecodedClasses(quantized, class_map, side_bits)

    def decode_units(self, syntax: PublishedSyntax) -> DecodedUnits:
        """Clause 15.1.4: flags, shift parameters, groups."""
        shape, dialect, start = syntax.shape, self.dialect, self._shifts()
        flags, control = self._units(shape.units), np.empty(CONTROL_CONTEXTS, np.int64)
        where = (self._words, self._registers, shape.across, control)
        lnq_decode.decode_unit_flags(*where, flags)
        self._checked_shifts()
        of_levels, of_symbols = syntax.level_plan(dialect), syntax.symbol_plan(dialect)
        sets = np.empty((1 + syntax.own_contexts, 2 * of_levels.contexts), np.int64)
        if not flags.all() or (flags.any() and not syntax.own_contexts):
            self._shift_parameters(of_levels, sets[0])
        if flags.any() and syntax.own_contexts:
            self._shift_parameters(of_symbols, sets[1])
        side_bits, spent = self._shifts() - start, np.zeros(1, np.int64)
        if len(syntax.codebook) != 1:
            self._check_weights(int(shape.unit_weights()[flags == 0].sum()))
        books, sizes = np.zeros((flags.size, MAX_LEVELS), np.int32), np.zeros(flags.size, np.uint8)
        integers = np.empty(shape.weights, np.int32)
        status = lnq_decode.decode_published(
            self._words,
            self._registers,
            shape.geometry,
            syntax.options,
            of_levels.layout,
            control,
            sets,
            flags,
            books,
            sizes,
            *syntax.dictionary_arrays(),
            np.array(syntax.codebook, np.int32),
            integers,
            spent,
        )
        self._check(status)
        return DecodedUnits(integers, flags, books, sizes, side_bits + int(spent[0]))

    def _units(self, units: int) -> Flags:
        """Clause 8.3.1: memory for an entry per unit, each of which takes a bin."""
        self._check_weights(units)
        return np.zeros(units, np.uint8)

    def _check_weights(self, weights: int) -> None:
        """Clause 8.3.1: refuse what the payload cannot hold."""
        most = most_context_bins(self._most_shifts)
        if weights > most:
            detail = f"{weights} bins or more, at most {most} in {self._size} bytes"
            raise refusal("payload-bound", detail, bit=self._shifts() + OFFSET_BITS)

    def _shift_parameters(self, known: Plan, contexts: Integers) -> None:
        where = (self._words, self._registers, known.layout)
        lnq_decode.decode_shift_parameters(*where, contexts, known.indices)

    def _check(self, status: int) -> None:
        """Clause 9.3.5: the payload had bits for all that was decoded, and nothing was wrong."""
        shifts = self._checked_shifts()
        if status != OK:
            raise refusal(_RULES[status], bit=shifts + OFFSET_BITS)


def _weights(syntax: ClassSyntax, coded: npt.NDArray[np.bool_]) -> int:
    """Clause 15.1.3: how many weights are coded."""
    if syntax.classes == 1:
        return syntax.shape.weights if coded.all() else 0
    return int(syntax.shape.unit_weights()[coded].sum())
