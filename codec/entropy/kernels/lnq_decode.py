"""Clause 15.1: decoding local non-linear quantization, with the kernels of tensor data.

A context set is an array of its own, in the form of `decode_tensor`: the contexts, then their
start words. `geometry` is (rows, columns, unit rows, unit columns, units across).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import inner, kernel
from nnref.codec.entropy.kernels.decode import (
    CONTEXTS,
    DQ_STATE,
    NEIGHBOUR,
    NEXT_WORD,
    OK,
    READ_AHEAD,
    WORD,
    Flags,
    Ints,
    Levels,
    Words,
    decode_block,
    decode_flags,
    next_bin,
)
from nnref.codec.entropy.kernels.integers import at, signed
from nnref.codec.entropy.kernels.lnq_codebooks import (
    CONTEXT_MODE,
    FRACTION_BITS,
    HIGHEST,
    LOWEST,
    ORDER,
    PREDICTION,
    decode_codebook,
)
from nnref.codec.entropy.tables import START_WORDS
from nnref.spec.tables.lnq import CLASS, LNQ_FLAG

Sets = npt.NDArray[np.int64]
"""Clause 15.1.6: shape (sets, 2 * contexts of a set)."""

VALUE_OVERFLOW: Final = 20
"""What the kernels return beside what `decode_block` and the codebooks do."""

GROUPS, GROUPS_RASTER, UNITS, RASTER = range(4)
"""Clause 15.1.4: lnq_group_order."""

RESET: Final = 2
"""Clause 15.1.4: lnq_context_mode."""

STATE, LEVEL_NEIGHBOUR, SYMBOL_NEIGHBOUR, CARRIED = range(4)
"""What the levels and the symbols carry on, each by themselves."""


@kernel
def decode_shift_parameters(
    words: Words, registers: Ints, layout: tuple[int, ...], contexts: Ints, indices: Ints
) -> None:
    """Clause 15.1.6: a new context set, each context at the start of its parameter set."""
    store = CONTEXTS + 4 * layout[3]
    for i in range(2 * store):
        contexts[at(i)] = START_WORDS[0]
    decode_flags(words, registers, layout, contexts, indices, np.empty(0, np.uint8))
    for i in range(indices.size):
        index = indices[at(i)]
        contexts[at(index)] = contexts[at(store + index)]


@inner
def decode_plain_block(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    block: tuple[int, int, int, int, int],
    quantized: Levels,
    contexts: Ints,
) -> int:
    """Clause 6.14.3: a block without base, history and skipped rows."""
    none, flags = np.empty(0, np.int32), np.empty(0, np.uint8)
    return decode_block(words, registers, layout, block, quantized, none, flags, contexts, flags)


@kernel
def decode_class_map(
    words: Words, registers: Ints, across: int, classes: int, control: Ints, class_map: Flags
) -> None:
    """Clause 15.1.3: the class of every unit; `control` becomes the contexts of units."""
    control[:] = START_WORDS[0]
    for unit in range(class_map.size):
        left = above = classes
        if unit % across:
            left = signed(class_map[at(unit - 1)])
        if unit >= across:
            above = signed(class_map[at(unit - across)])
        k = 0
        while k < classes - 1:
            context = CLASS + 3 * k + signed(left == k) + signed(above == k)
            if next_bin(words, registers, control, context) == 0:
                break
            k += 1
        class_map[at(unit)] = k


@kernel
def decode_unit_flags(
    words: Words, registers: Ints, across: int, control: Ints, flags: Flags
) -> None:
    """Clause 15.1.4: lnq_flag of every unit; `control` becomes the contexts of units."""
    control[:] = START_WORDS[0]
    for unit in range(flags.size):
        context = LNQ_FLAG
        if unit % across:
            context += signed(flags[at(unit - 1)])
        if unit >= across:
            context += signed(flags[at(unit - across)])
        flags[at(unit)] = next_bin(words, registers, control, context)


@kernel
def decode_class_weights(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    geometry: tuple[int, int, int, int, int],
    zero_class: int,
    class_map: Flags,
    sets: Sets,
    quantized: Levels,
) -> int:
    """Clause 15.1.3: quantized parameters, row by row; neighbours of one class in one go."""
    rows, columns, unit_rows, unit_columns, across = geometry
    registers[DQ_STATE] = registers[NEIGHBOUR] = 0
    for row in range(rows):
        first_unit = (row // unit_rows) * across
        unit, left = 0, 0
        while left < columns:
            k = signed(class_map[at(first_unit + unit)])
            end = 0
            while end < columns and class_map[at(first_unit + unit)] == k:
                unit += 1
                end = min(unit * unit_columns, columns)
            position = row * columns + left
            if k < zero_class:
                quantized[position : position + end - left] = 0
            else:
                block = (position, row, 1, end - left, columns)
                contexts = sets[k - zero_class]
                status = decode_plain_block(words, registers, layout, block, quantized, contexts)
                if status != OK:
                    return status
            left = end
    return OK


@kernel
def add_offsets(
    quantized: Levels,
    geometry: tuple[int, int, int, int, int],
    dq_flag: int,
    fraction_bits: int,
    class_map: Flags,
    offsets: npt.NDArray[np.int64],
) -> int:
    """Clause 15.1.3: quantized parameters become integers in fractions of the step, in place.

    offsets int64[classes, 2 quantizers, 2 signs, 8 magnitudes]. Returns a status.
    """
    rows, columns, unit_rows, unit_columns, across = geometry
    status = OK
    for row in range(rows):
        first_unit = (row // unit_rows) * across
        for column in range(columns):
            position = row * columns + column
            number = signed(quantized[at(position)])
            if number == 0:
                continue
            k = class_map[at(first_unit + column // unit_columns)]
            negative = signed(number < 0)
            size = abs(number)
            magnitude = min((size + dq_flag) >> dq_flag, 7)
            offset = offsets[k, size & dq_flag, negative, magnitude]
            value = (size << fraction_bits) + offset
            value = -value if negative else value
            if value < LOWEST or value > HIGHEST:
                value, status = 0, VALUE_OVERFLOW
            quantized[at(position)] = value
    return status


@inner
def scale_levels(
    block: tuple[int, int, int, int, int],
    fraction_bits: int,
    entries: Levels,
    zero_offset: int,
    integers: Levels,
) -> int:
    """Clause 15.1.7: levels of a block as integers in fractions of the step, in place."""
    position, _, rows, columns, stride = block
    status = OK
    for row in range(rows):
        for i in range(position + row * stride, position + row * stride + columns):
            value = signed(integers[at(i)])
            if entries.size:
                value = signed(entries[at(value + zero_offset)])
            value <<= fraction_bits
            if value < LOWEST or value > HIGHEST:
                value, status = 0, VALUE_OVERFLOW
            integers[at(i)] = value
    return status


@inner
def decode_levels(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    block: tuple[int, int, int, int, int],
    contexts: Ints,
    carried: Ints,
    integers: Levels,
) -> int:
    """Clause 15.1.4: the levels of a block without LNQ."""
    registers[DQ_STATE], registers[NEIGHBOUR] = carried[STATE], carried[LEVEL_NEIGHBOUR]
    status = decode_plain_block(words, registers, layout, block, integers, contexts)
    carried[STATE], carried[LEVEL_NEIGHBOUR] = registers[DQ_STATE], registers[NEIGHBOUR]
    return status


@inner
def decode_symbols(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    block: tuple[int, int, int, int, int],
    book: Levels,
    levels: int,
    contexts: Ints,
    carried: Ints,
    integers: Levels,
) -> int:
    """Clause 15.1.4: the weights of a block with this codebook."""
    position, _, rows, columns, stride = block
    middle = (levels - 1) >> 1
    if levels > 1:
        registers[DQ_STATE], registers[NEIGHBOUR] = 0, carried[SYMBOL_NEIGHBOUR]
        bounded = (layout[0], layout[1], 0, layout[3], 0, 0, levels, middle, 0, 0, 0)
        status = decode_plain_block(words, registers, bounded, block, integers, contexts)
        carried[SYMBOL_NEIGHBOUR] = registers[NEIGHBOUR]
        if status != OK:
            return status
    for row in range(rows):
        for i in range(position + row * stride, position + row * stride + columns):
            if levels == 0:
                integers[at(i)] = 0
            elif levels == 1:
                integers[at(i)] = book[0]
            else:
                integers[at(i)] = book[at(middle + integers[at(i)])]
    return OK


@kernel
def decode_published(
    words: Words,
    registers: Ints,
    geometry: tuple[int, int, int, int, int],
    options: tuple[int, ...],
    layout: tuple[int, ...],
    control: Ints,
    sets: Sets,
    flags: Flags,
    books: Levels,
    sizes: Flags,
    dictionary: Levels,
    dictionary_sizes: Flags,
    entries: Levels,
    integers: Levels,
    spent: Ints,
) -> int:
    """Clause 15.1.4: codebooks, symbols and levels in the order of lnq_group_order.

    `layout` is that of the levels, `sets` holds their contexts and those of the symbols (the same
    where they share them). `books` int32[units, 8] and `sizes` receive the codebooks, `integers`
    the weights in fractions of the step, `spent` int64[1] the bits of codebooks. `entries` are
    those of the layer's codebook. Returns a status.
    """
    rows, columns, unit_rows, unit_columns, across = geometry
    order = options[ORDER]
    units = flags.size
    prediction = np.ones(PREDICTION, np.int64)
    prediction[0] = 0
    sources = np.zeros(3, np.int64)
    carried = np.zeros(CARRIED, np.int64)
    level_set, symbol_set = sets[0], sets[sets.shape[0] - 1]
    fraction_bits, zero_offset = options[FRACTION_BITS], layout[7]
    overflow = OK

    last = -1
    for unit in range(units):
        top, left = (unit // across) * unit_rows, (unit % across) * unit_columns
        height, width = min(unit_rows, rows - top), min(unit_columns, columns - left)
        block = (top * columns + left, top, height, width, columns)
        if flags[at(unit)]:
            before = WORD * registers[NEXT_WORD] - registers[READ_AHEAD]
            status = decode_codebook(
                words, registers, options, control, (unit, across, last), flags, books, sizes,
                dictionary, dictionary_sizes, prediction, sources,
            )  # fmt: skip
            if status != OK:
                return status
            spent[0] += WORD * registers[NEXT_WORD] - registers[READ_AHEAD] - before
            last = unit
            if order != RASTER:
                levels = signed(sizes[at(unit)])
                status = decode_symbols(
                    words, registers, layout, block, books[unit], levels, symbol_set, carried,
                    integers,
                )  # fmt: skip
        elif order == UNITS:
            status = decode_levels(words, registers, layout, block, level_set, carried, integers)
            overflow |= scale_levels(block, fraction_bits, entries, zero_offset, integers)
        else:
            status = OK
        if status != OK:
            return status

    if options[CONTEXT_MODE] == RESET:
        store = level_set.size // 2
        level_set[:store] = level_set[store:]
    if order == GROUPS:
        for unit in range(units):
            if flags[at(unit)]:
                continue
            top, left = (unit // across) * unit_rows, (unit % across) * unit_columns
            height, width = min(unit_rows, rows - top), min(unit_columns, columns - left)
            block = (top * columns + left, top, height, width, columns)
            status = decode_levels(words, registers, layout, block, level_set, carried, integers)
            if status != OK:
                return status
            overflow |= scale_levels(block, fraction_bits, entries, zero_offset, integers)
    elif order != UNITS:
        for row in range(rows):
            first_unit = (row // unit_rows) * across
            for place in range(across):
                left = place * unit_columns
                unit = first_unit + place
                block = (row * columns + left, row, 1, min(unit_columns, columns - left), columns)
                status = OK
                if flags[at(unit)] == 0:
                    status = decode_levels(
                        words, registers, layout, block, level_set, carried, integers
                    )
                elif order == RASTER:
                    levels = signed(sizes[at(unit)])
                    status = decode_symbols(
                        words, registers, layout, block, books[unit], levels, symbol_set, carried,
                        integers,
                    )  # fmt: skip
                if status != OK:
                    return status
                if flags[at(unit)] == 0:
                    overflow |= scale_levels(block, fraction_bits, entries, zero_offset, integers)
    return overflow
