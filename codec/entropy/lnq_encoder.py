"""Clause 15.1: writing the codeword of a layer with LNQ."""

from collections.abc import Callable

import numpy as np

from nnref.codec.entropy.arrays import Flags, Integers, Quantized, Words
from nnref.codec.entropy.encoder import RULES, Codeword, PayloadEncoder
from nnref.codec.entropy.kernels import encode as kernel
from nnref.codec.entropy.kernels import lnq_encode
from nnref.codec.entropy.lnq_syntax import ClassSyntax, PublishedSyntax
from nnref.codec.entropy.lnq_work import LnqWork, UnitData, class_work, published_work
from nnref.codec.entropy.search import ShiftSearch
from nnref.codec.entropy.tables import START_WORDS
from nnref.spec.errors import refusal
from nnref.spec.tables.enums import Dialect
from nnref.spec.tables.lnq import CONTROL_CONTEXTS


class LnqPayloadEncoder(PayloadEncoder):
    """Clause 15.1: writes layers with LNQ. Raises rules as `encode_tensor` does."""

    __slots__ = ("spent",)

    def __init__(self, dialect: Dialect = Dialect.NNCODEC_2) -> None:
        super().__init__(dialect)
        self.spent: dict[str, int] = {}
        """Bits of the layer coded last, by what they say: map or flags, shift parameters,
        codebooks, levels and symbols."""

    def encode_classes(
        self,
        quantized: Quantized,
        class_map: Flags,
        syntax: ClassSyntax,
        shift_search: ShiftSearch | str = ShiftSearch.EXACT,
    ) -> None:
        """Clause 15.1.3: map, shift parameters, weights.

        `quantized` int32[rows * columns] are the quantized parameters, 0 in the zero class; with
        dq_flag 1 on the grid of the states along the weights that are coded. `class_map` is
        uint8[units], of one class one entry.
        """
        work = class_work(class_map, syntax, self.dialect)

        def front(words: Words, registers: Integers, control: Integers) -> None:
            if syntax.classes > 1:
                where = (words, registers, syntax.shape.across, syntax.classes, control)
                lnq_encode.encode_class_map(*where, class_map)

        self._code(work, quantized, ShiftSearch(shift_search), front)

    def encode_units(
        self,
        quantized: Quantized,
        units: UnitData,
        syntax: PublishedSyntax,
        shift_search: ShiftSearch | str = ShiftSearch.EXACT,
    ) -> None:
        """Clause 15.1.4: flags, shift parameters, groups.

        `quantized` int32[rows * columns] holds quantized parameters (with a codebook, levels), and
        signed symbols in units with lnq_flag 1.
        """
        work = published_work(units, syntax, self.dialect)

        def front(words: Words, registers: Integers, control: Integers) -> None:
            where = (words, registers, syntax.shape.across, control)
            lnq_encode.encode_unit_flags(*where, units.flags)

        self._code(work, quantized, ShiftSearch(shift_search), front)

    def _code(
        self,
        work: LnqWork,
        quantized: Quantized,
        search: ShiftSearch,
        front: Callable[[Words, Integers, Integers], None],
    ) -> None:
        """Add the layer to the codeword. The buffer's size is a guess at first."""
        shift_idx = work.shift_idx(quantized, search)
        before = self._codeword
        used = int(before.registers[kernel.NEXT_WORD])
        size = used + quantized.size // 2 + shift_idx.size + work.units.books.size // 4 + 64
        while True:
            words = np.empty(size, np.uint32)
            words[:used] = before.words[:used]
            registers = before.registers.copy()
            spent = _write(work, quantized, shift_idx, front, words, registers)
            size = int(registers[kernel.NEXT_WORD])
            if size <= len(words):
                self._codeword = Codeword(words, registers, before.entries)
                self.spent = spent
                return


def _write(
    work: LnqWork,
    quantized: Quantized,
    shift_idx: Flags,
    front: Callable[[Words, Integers, Integers], None],
    words: Words,
    registers: Integers,
) -> dict[str, int]:
    bits = [_shifts(registers)]
    control = np.full(CONTROL_CONTEXTS, int(START_WORDS[0]), np.int64)
    front(words, registers, control)
    bits.append(_shifts(registers))
    sets = np.empty((len(work.plans), 2 * work.plans[0].contexts), np.int64)
    for number, (known, used) in enumerate(zip(work.plans, work.used, strict=True)):
        if used:
            where = (words, registers, known.layout, sets[number], known.indices)
            lnq_encode.encode_shift_parameters(*where, shift_idx[number])
    bits.append(_shifts(registers))
    spent = np.zeros(3, np.int64)
    status = lnq_encode.encode_runs(
        words,
        registers,
        work.plans[0].layout,
        work.runs,
        quantized,
        sets,
        work.across,
        work.options,
        control,
        work.units.flags,
        work.units.books,
        work.units.sizes,
        work.dictionary_size,
        work.units.entries,
        spent,
    )
    if status != kernel.OK:
        position = int(registers[kernel.POSITION])
        raise refusal(RULES[status], f"weight {position} is {quantized[position]}")
    codebooks, levels, symbols = spent.tolist()
    return {
        "map": bits[1] - bits[0],
        "shift parameters": bits[2] - bits[1],
        "codebooks": codebooks,
        "levels": levels,
        "symbols": symbols,
    }


def _shifts(registers: Integers) -> int:
    return kernel.WORD * int(registers[kernel.NEXT_WORD]) + int(registers[kernel.PENDING])
