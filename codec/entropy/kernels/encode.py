"""Clause 9.3.6: the encoding of one tensor, for all tools.

`low` holds bits 0..8 aligned with the 9-bit range, `pending` bits above them that are not in
the buffer yet, and room for a carry; 32 bits at a time go to the buffer. Between calls the
registers live in an array.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import inlined, inner, kernel
from nnref.codec.entropy.kernels.integers import at, leading_zeros, signed
from nnref.codec.entropy.tables import (
    DQ_TRANSITIONS,
    FAST_NEXT,
    RANGE_LPS_PACKED,
    SLOW_NEXT,
    START_WORDS,
)
from nnref.spec.tables.cabac import (
    GREATER_PLAIN,
    REMAINDER_PREFIX_CONTEXTS,
    SIG_HISTORY,
    SIG_TEMPORAL,
    SIGN_PLAIN,
    SIGN_TEMPORAL,
    context_count,
    row_skip,
    shift_idx_present,
)

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]
Levels = npt.NDArray[np.int32]
Flags = npt.NDArray[np.uint8]

RANGE_BITS: Final = 9
WORD: Final = 32
"""Bits written to the buffer at a time."""

WORD_MASK: Final = (1 << WORD) - 1
FORCED_RANGE: Final = 256

CONTEXTS: Final = context_count(0)
"""With 4 * unary_length added: the number of contexts."""

SHIFT_IDX_PRESENT: Final = shift_idx_present(0)
ROW_SKIP: Final = row_skip(0)
"""With 4 * unary_length added: the contexts of the syntax elements they are named after."""

LOW, RANGE, PENDING, NEXT_WORD, DQ_STATE, NEIGHBOUR, POSITION, REGISTERS = range(8)
"""Indices of the registers, and their number. POSITION is the weight that was refused."""

CLEAR: Final = (0,) * (REGISTERS - DQ_STATE)
"""The registers behind those of the arithmetic encoder, at the start."""

OK, OFF_GRID, INDEX_RANGE = range(3)
"""What `encode_tensor` returns."""


@inlined
def context_bin(
    low: int, range_: int, pending: int, word: int, bin_value: int
) -> tuple[int, int, int, int]:
    """Clauses 9.3.6 and 9.2.3: one context bin; returns the registers and the word."""
    column = RANGE_LPS_PACKED[at(word >> 39)]
    range_lps = (column >> ((range_ >> 2) & 56)) & 255
    range_mps = range_ - range_lps
    mask = -((word >> 44) ^ bin_value)
    low += range_mps & mask
    range_ = range_mps ^ ((range_mps ^ range_lps) & mask)
    shift = leading_zeros(range_) - (64 - RANGE_BITS)
    fast = FAST_NEXT[at(((word & 1023) << 1) + bin_value)]
    slow = SLOW_NEXT[at(((word >> 15) & 32766) + bin_value)]
    return low << shift, range_ << shift, pending + shift, fast + slow


@inlined
def split(low: int, pending: int) -> tuple[int, int, int]:
    """Clause 9.3.6: the registers without the word that goes to the buffer, and the word, with a
    carry above it.
    """
    pending -= WORD
    word = low >> (RANGE_BITS + pending)
    return low & ((1 << (RANGE_BITS + pending)) - 1), pending, word


@inner
def propagate_carry(words: Words, position: int) -> None:
    """Clause 9.3.6: add 1 to the bits in front of word `position` of the buffer."""
    position = min(position, words.size) - 1
    while position >= 0 and words[at(position)] == WORD_MASK:
        words[at(position)] = 0
        position -= 1
    if position >= 0:
        words[at(position)] += np.uint32(1)


@inner
def code_bypass_bin(registers: Ints, bin_value: int) -> None:
    """Clause 9.3.3: one bypass bin, with the registers in their array."""
    registers[LOW] = (registers[LOW] << 1) + registers[RANGE] * bin_value
    registers[PENDING] += 1


@inner
def code_bin(words: Words, registers: Ints, contexts: Ints, context: int, bin_value: int) -> None:
    """Clause 9.3.2: one context bin, with the registers in their array."""
    low, range_, pending = registers[LOW], registers[RANGE], registers[PENDING]
    if pending >= WORD:
        next_word = registers[NEXT_WORD]
        low, pending, out = split(low, pending)
        if out > WORD_MASK:
            propagate_carry(words, next_word)
        words[at(min(next_word, words.size - 1))] = out & WORD_MASK
        registers[NEXT_WORD] = next_word + 1
    word = contexts[at(context)]
    low, range_, pending, word = context_bin(low, range_, pending, word, bin_value)
    contexts[at(context)] = word
    registers[LOW], registers[RANGE], registers[PENDING] = low, range_, pending


@inner
def encode_flags(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    flags: tuple[int, int],
    contexts: Ints,
    indices: Ints,
    shift_idx: Flags,
    skipped: Flags,
) -> None:
    """Clauses 6.14.1 and 6.14.2: row skipping and history flags, shift parameters."""
    unary_length, has_flags, parent = layout[3], layout[8], layout[9]
    history_flag, row_skip_flag = flags
    if has_flags:
        if parent:
            code_bypass_bin(registers, history_flag)
        code_bypass_bin(registers, row_skip_flag)
    for row in range(skipped.size):
        skip = signed(skipped[at(row)])
        code_bin(words, registers, contexts, ROW_SKIP + 4 * unary_length, skip)
    for i in range(indices.size):
        index = indices[at(i)]
        if SIG_HISTORY <= index < SIGN_PLAIN and history_flag == 0:
            continue
        chosen = signed(shift_idx[at(index)])
        present = signed(chosen > 0)
        code_bin(words, registers, contexts, SHIFT_IDX_PRESENT + 4 * unary_length, present)
        if chosen:
            for bit in range(3):
                code_bypass_bin(registers, ((chosen - 1) >> (2 - bit)) & 1)
            contexts[at(CONTEXTS + 4 * unary_length + index)] = START_WORDS[at(chosen)]


@inner
def encode_block(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    flags: tuple[int, int],
    block: tuple[int, int, int, int, int],
    quantized: Levels,
    base: Levels,
    history: Flags,
    contexts: Ints,
    skipped: Flags,
) -> int:
    """Clause 6.14.3: the weights of one block, row by row; `block` is that of the decoder."""
    columns, unary_length, dq_flag, temporal, codebook_size, zero_offset = layout[1], *layout[3:8]
    first_position, first_row, block_rows, block_columns, stride = block
    history_flag = flags[0] and history.size > 0
    row_skip_flag = flags[1]
    low, range_ = registers[LOW], registers[RANGE]
    pending, next_word = registers[PENDING], registers[NEXT_WORD]
    state, neighbour = registers[DQ_STATE], registers[NEIGHBOUR]
    last_word = words.size - 1
    transitions = DQ_TRANSITIONS if dq_flag else 0

    # Clause 9.5.3: bounds of the level by its sign
    most_positive, most_negative = (1 << 31) - 1, 1 << 31
    prefix_positive = prefix_negative = REMAINDER_PREFIX_CONTEXTS
    if codebook_size:
        most_positive, most_negative = codebook_size - 1 - zero_offset, zero_offset
        prefix_positive = 63 - leading_zeros(max(1, most_positive - unary_length))
        prefix_negative = 63 - leading_zeros(max(1, most_negative - unary_length))
    flags_positive = min(unary_length, most_positive - 1)
    flags_negative = min(unary_length, most_negative - 1)
    sign_coded = most_positive > 0 and most_negative > 0

    status = OK
    for row in range(block_rows):
        position = first_position + row * stride
        end = position + block_columns
        if row_skip_flag and skipped[at(first_row + row)]:
            for _ in range(columns & 3):  # four steps lead back to where they started
                state = (transitions >> (8 * state)) & 7
            continue
        while position < end:
            if pending >= WORD:
                low, pending, out = split(low, pending)
                if out > WORD_MASK:
                    propagate_carry(words, next_word)
                words[at(min(next_word, last_word))] = out & WORD_MASK
                next_word += 1
            parent_level = 0
            if temporal:
                parent_level = signed(base[at(position)])
            beside = abs(parent_level)
            number = signed(quantized[at(position)])
            size = abs(number) + (state & 1)

            context = 3 * state + neighbour
            if history_flag and history[at(position)]:
                context = SIG_HISTORY + state
            elif parent_level:
                context = SIG_TEMPORAL + 2 * state + signed(beside > 1)
            significant = signed(number != 0)
            if codebook_size != 1:
                word = contexts[at(context)]
                low, range_, pending, word = context_bin(low, range_, pending, word, significant)
                contexts[at(context)] = word
            if significant == 0:
                position += 1
                neighbour = 0
                state = (transitions >> (8 * state)) & 7
                continue

            negative = signed(number < 0)
            magnitude = size >> dq_flag
            if size & dq_flag:
                status = OFF_GRID
                break
            if magnitude > (most_negative if negative else most_positive):
                status = INDEX_RANGE
                break
            if sign_coded:
                context = SIGN_PLAIN + neighbour
                if parent_level:
                    context = SIGN_TEMPORAL + signed(parent_level > 0)
                word = contexts[at(context)]
                low, range_, pending, word = context_bin(low, range_, pending, word, negative)
                contexts[at(context)] = word
            neighbour = 2 - negative

            greater_flags = flags_negative if negative else flags_positive
            context = GREATER_PLAIN + negative
            reached = 1
            while reached <= greater_flags:
                if parent_level:
                    context = GREATER_PLAIN + 2 * (unary_length + reached - 1)
                    context += signed(beside < reached - 1)
                greater = signed(magnitude > reached)
                word = contexts[at(context)]
                low, range_, pending, word = context_bin(low, range_, pending, word, greater)
                contexts[at(context)] = word
                if pending >= WORD:
                    low, pending, out = split(low, pending)
                    if out > WORD_MASK:
                        propagate_carry(words, next_word)
                    words[at(min(next_word, last_word))] = out & WORD_MASK
                    next_word += 1
                if greater == 0:
                    break
                reached += 1
                context += 2

            if reached > unary_length:
                remainder = magnitude - unary_length
                length = 63 - leading_zeros(remainder)
                prefix_bins = prefix_negative if negative else prefix_positive
                context = GREATER_PLAIN + 4 * unary_length
                for i in range(min(length + 1, prefix_bins)):
                    more = signed(i < length)
                    word = contexts[at(context + i)]
                    low, range_, pending, word = context_bin(low, range_, pending, word, more)
                    contexts[at(context + i)] = word
                    if pending >= WORD:
                        low, pending, out = split(low, pending)
                        if out > WORD_MASK:
                            propagate_carry(words, next_word)
                        words[at(min(next_word, last_word))] = out & WORD_MASK
                        next_word += 1
                while length > 0:
                    count = min(length, 16)
                    length -= count
                    suffix = (remainder >> length) & ((1 << count) - 1)
                    low, pending = (low << count) + range_ * suffix, pending + count
                    if pending >= WORD:
                        low, pending, out = split(low, pending)
                        if out > WORD_MASK:
                            propagate_carry(words, next_word)
                        words[at(min(next_word, last_word))] = out & WORD_MASK
                        next_word += 1

            position += 1
            state = (transitions >> (8 * state + 4 * (magnitude & 1))) & 7
        if status != OK:
            registers[POSITION] = position
            break

    registers[LOW], registers[RANGE] = low, range_
    registers[PENDING], registers[NEXT_WORD] = pending, next_word
    registers[DQ_STATE], registers[NEIGHBOUR] = state, neighbour
    return status


@kernel
def encode_tensor(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    flags: tuple[int, int],
    quantized: Levels,
    base: Levels,
    history: Flags,
    entry_points: Ints,
    contexts: Ints,
    indices: Ints,
    shift_idx: Flags,
    skipped: Flags,
) -> int:
    """Clause 6.14: the tensor data of one tensor.

    `words` is the buffer, big-endian; when it is too small nothing is lost but the words behind
    its end, and NEXT_WORD says how many there would have been. `layout` is
    `Plan.layout`, `flags` (hist_dep_sig_prob_enabled_flag, row_skip_enabled_flag),
    `shift_idx` the choice by context, `skipped` the row_skip_list. `entry_points` receives
    shifts, low register and DQ state at the first weight and at every block row after it.
    `contexts` is scratch. Returns a status.
    """
    rows, columns, edge, unary_length, forced = *layout[:4], layout[10]
    store = CONTEXTS + 4 * unary_length
    for i in range(2 * store):
        contexts[at(i)] = START_WORDS[0]
    encode_flags(words, registers, layout, flags, contexts, indices, shift_idx, skipped)

    registers[DQ_STATE] = 0
    block_height = block_width = edge
    if edge == 0:
        if flags[1] == 0:
            rows, columns = 1, rows * columns
        block_height, block_width = rows, columns

    for top in range(0, rows, max(1, block_height)):
        if forced:
            registers[RANGE] = FORCED_RANGE
            entry = 3 * (top // block_height)
            entry_points[entry] = WORD * registers[NEXT_WORD] + registers[PENDING]
            entry_points[entry + 1] = registers[LOW]
            entry_points[entry + 2] = registers[DQ_STATE]
        registers[NEIGHBOUR] = 0
        for i in range(store):
            contexts[at(i)] = contexts[at(store + i)]
        height = min(block_height, rows - top)
        left = 0
        while left < columns:
            width = min(block_width, columns - left)
            block = (top * columns + left, top, height, width, columns)
            status = encode_block(
                words, registers, layout, flags, block, quantized, base, history, contexts, skipped
            )
            if status != OK:
                return status
            left += width
    return OK
