"""Clause 9: the decoding of one tensor, for all tools.

Between bins the offset register is kept together with payload bits behind it: bits 53..61 of
`value` are the offset of clause 9.3.1, `ahead` bits below them are read ahead; `range_` is scaled
alike. Between calls the registers live in an array.
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

SCALE: Final = 53
"""Position of bit 0 of the offset and of the range."""

WORD: Final = 32
"""Bits read from the payload at a time."""

ENOUGH: Final = SCALE - WORD + 1
"""Bits ahead that suffice for three context bins; with fewer, a word is read."""

CONTEXTS: Final = context_count(0)
"""With 4 * unary_length added: the number of contexts."""

SHIFT_IDX_PRESENT: Final = shift_idx_present(0)
ROW_SKIP: Final = row_skip(0)
"""With 4 * unary_length added: the contexts of the syntax elements they are named after."""

FORCED_RANGE: Final = 256 << SCALE

(
    VALUE, RANGE, READ_AHEAD, NEXT_WORD, DQ_STATE, NEIGHBOUR, HISTORY_FLAG, ROW_SKIP_FLAG,
    CODED_ROWS, REGISTERS,
) = range(10)  # fmt: skip
"""Indices of the registers, and their number."""

CLEAR: Final = (0,) * (REGISTERS - DQ_STATE)
"""The registers behind those of the arithmetic decoder, at the start."""

OK, PREFIX_TOO_LONG, LEVEL_OVERFLOW, INDEX_RANGE, OFFSET_RANGE, ENTRY_RANGE = range(6)
"""What `decode_tensor` returns."""


@inlined
def context_bin(value: int, range_: int, ahead: int, word: int) -> tuple[int, int, int, int, int]:
    """Clauses 9.3.2 and 9.2.3: one context bin; returns the registers, the word and the bin.

    Without branches: which sub-interval it was is a mask.
    """
    column = RANGE_LPS_PACKED[at(word >> 39)]
    range_lps = ((column >> ((range_ >> (SCALE + 2)) & 56)) & 255) << SCALE
    range_mps = range_ - range_lps
    less_probable = signed(value >= range_mps)
    mask = -less_probable
    value -= range_mps & mask
    range_ = range_mps ^ ((range_mps ^ range_lps) & mask)
    bin_value = (word >> 44) ^ less_probable
    fast = FAST_NEXT[at(((word & 1023) << 1) + bin_value)]
    slow = SLOW_NEXT[at(((word >> 15) & 32766) + bin_value)]
    shift = leading_zeros(range_) - 2
    return value << shift, range_ << shift, ahead - shift, fast + slow, bin_value


@inlined
def bypass_bin(value: int, range_: int, ahead: int) -> tuple[int, int, int]:
    """Clause 9.3.3: one bypass bin; returns the registers that change and the bin."""
    value <<= 1
    bin_value = signed(value >= range_)
    return value - (range_ & -bin_value), ahead - 1, bin_value


@inlined
def refilled(value: int, ahead: int, word: int) -> tuple[int, int]:
    """Clause 9.3.2: the registers with one more word read ahead."""
    return value | (signed(word) << (SCALE - WORD - ahead)), ahead + WORD


@inner
def read_ahead(words: Words, registers: Ints) -> None:
    """Clause 9.3.2: make sure that there are `ENOUGH` bits ahead."""
    if registers[READ_AHEAD] < ENOUGH:
        word = words[at(min(registers[NEXT_WORD], words.size - 1))]
        registers[VALUE], registers[READ_AHEAD] = refilled(
            registers[VALUE], registers[READ_AHEAD], word
        )
        registers[NEXT_WORD] += 1


@inner
def next_bypass_bin(words: Words, registers: Ints) -> int:
    """Clause 9.3.3: one bypass bin, with the registers in their array."""
    read_ahead(words, registers)
    registers[VALUE], registers[READ_AHEAD], bin_value = bypass_bin(
        registers[VALUE], registers[RANGE], registers[READ_AHEAD]
    )
    return bin_value


@inner
def next_bin(words: Words, registers: Ints, contexts: Ints, context: int) -> int:
    """Clause 9.3.2: one context bin, with the registers in their array."""
    read_ahead(words, registers)
    value, range_, ahead, contexts[at(context)], bin_value = context_bin(
        registers[VALUE], registers[RANGE], registers[READ_AHEAD], contexts[at(context)]
    )
    registers[VALUE], registers[RANGE], registers[READ_AHEAD] = value, range_, ahead
    return bin_value


@inner
def decode_flags(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    contexts: Ints,
    indices: Ints,
    skipped: Flags,
) -> None:
    """Clauses 6.14.1 and 6.14.2: row skipping and history flags, shift parameters."""
    rows, unary_length, has_flags, parent = layout[0], layout[3], layout[8], layout[9]
    history_flag = row_skip_flag = 0
    if has_flags:
        if parent:
            history_flag = next_bypass_bin(words, registers)
        row_skip_flag = next_bypass_bin(words, registers)
    coded_rows = rows
    for row in range(rows * row_skip_flag):
        skip = next_bin(words, registers, contexts, ROW_SKIP + 4 * unary_length)
        skipped[at(row)] = skip
        coded_rows -= skip
    for i in range(indices.size):
        index = indices[at(i)]
        if SIG_HISTORY <= index < SIGN_PLAIN and history_flag == 0:
            continue
        if next_bin(words, registers, contexts, SHIFT_IDX_PRESENT + 4 * unary_length):
            shift_idx = 0
            for _ in range(3):
                shift_idx = 2 * shift_idx + next_bypass_bin(words, registers)
            contexts[at(CONTEXTS + 4 * unary_length + index)] = START_WORDS[at(shift_idx + 1)]
    registers[HISTORY_FLAG], registers[ROW_SKIP_FLAG] = history_flag, row_skip_flag
    registers[CODED_ROWS] = coded_rows


@inner
def decode_block(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    block: tuple[int, int, int, int, int],
    quantized: Levels,
    base: Levels,
    history: Flags,
    contexts: Ints,
    skipped: Flags,
) -> int:
    """Clause 6.14.3: the weights of one block, row by row.

    `block` is (position of its first weight, its first row, rows, columns, columns of the matrix).
    """
    columns, unary_length, dq_flag, temporal, codebook_size, zero_offset = layout[1], *layout[3:8]
    first_position, first_row, block_rows, block_columns, stride = block
    history_flag = registers[HISTORY_FLAG] and history.size > 0
    row_skip_flag = registers[ROW_SKIP_FLAG]
    value, range_ = registers[VALUE], registers[RANGE]
    ahead, next_word = registers[READ_AHEAD], registers[NEXT_WORD]
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
        if codebook_size == 1 or (row_skip_flag and skipped[at(first_row + row)]):
            for i in range(position, end):
                quantized[at(i)] = 0
            for _ in range(columns & 3):  # four steps lead back to where they started
                state = (transitions >> (8 * state)) & 7
            continue
        while position < end:
            if ahead < ENOUGH:
                value, ahead = refilled(value, ahead, words[at(min(next_word, last_word))])
                next_word += 1
            parent_level = 0
            if temporal:
                parent_level = signed(base[at(position)])
            beside = abs(parent_level)

            context = 3 * state + neighbour
            if history_flag and history[at(position)]:
                context = SIG_HISTORY + state
            elif parent_level:
                context = SIG_TEMPORAL + 2 * state + signed(beside > 1)
            word = contexts[at(context)]
            value, range_, ahead, word, significant = context_bin(value, range_, ahead, word)
            contexts[at(context)] = word
            if significant == 0:
                quantized[at(position)] = 0
                position += 1
                neighbour = 0
                state = (transitions >> (8 * state)) & 7
                continue

            negative = signed(most_positive == 0)
            if sign_coded:
                context = SIGN_PLAIN + neighbour
                if parent_level:
                    context = SIGN_TEMPORAL + signed(parent_level > 0)
                word = contexts[at(context)]
                value, range_, ahead, word, negative = context_bin(value, range_, ahead, word)
                contexts[at(context)] = word
            neighbour = 2 - negative

            flags = flags_negative if negative else flags_positive
            magnitude = 1
            context = GREATER_PLAIN + negative
            while magnitude <= flags:
                if parent_level:
                    context = GREATER_PLAIN + 2 * (unary_length + magnitude - 1)
                    context += signed(beside < magnitude - 1)
                word = contexts[at(context)]
                value, range_, ahead, word, greater = context_bin(value, range_, ahead, word)
                contexts[at(context)] = word
                if ahead < ENOUGH:
                    value, ahead = refilled(value, ahead, words[at(min(next_word, last_word))])
                    next_word += 1
                if greater == 0:
                    break
                magnitude += 1
                context += 2

            if magnitude > unary_length:
                prefix_bins = prefix_negative if negative else prefix_positive
                length = 0
                context = GREATER_PLAIN + 4 * unary_length
                while length < prefix_bins:
                    word = contexts[at(context + length)]
                    value, range_, ahead, word, more = context_bin(value, range_, ahead, word)
                    contexts[at(context + length)] = word
                    if ahead < ENOUGH:
                        value, ahead = refilled(value, ahead, words[at(min(next_word, last_word))])
                        next_word += 1
                    if more == 0:
                        break
                    length += 1
                if length == REMAINDER_PREFIX_CONTEXTS:
                    status = PREFIX_TOO_LONG
                    break
                remainder = 1
                for _ in range(length):
                    value, ahead, bin_value = bypass_bin(value, range_, ahead)
                    if ahead < ENOUGH:
                        value, ahead = refilled(value, ahead, words[at(min(next_word, last_word))])
                        next_word += 1
                    remainder = 2 * remainder + bin_value
                magnitude += remainder - 1
                most = most_negative if negative else most_positive
                if (magnitude << dq_flag) - (state & 1) > most:
                    status = INDEX_RANGE if codebook_size else LEVEL_OVERFLOW
                    break

            size = (magnitude << dq_flag) - (state & 1)
            quantized[at(position)] = (size ^ -negative) + negative
            position += 1
            state = (transitions >> (8 * state + 4 * (magnitude & 1))) & 7
        if status != OK:
            break

    registers[VALUE], registers[RANGE] = value, range_
    registers[READ_AHEAD], registers[NEXT_WORD] = ahead, next_word
    registers[DQ_STATE], registers[NEIGHBOUR] = state, neighbour
    return status


@inner
def jump_to(words: Words, registers: Ints, bit: int, offset: int) -> int:
    """Clause 9.6.4: go on at bit `bit` of the payload with offset `offset` in front of it."""
    next_word = bit // WORD
    if bit < 0 or next_word >= words.size:
        return ENTRY_RANGE
    ahead = WORD - bit % WORD
    word = signed(words[at(next_word)]) & ((1 << ahead) - 1)
    registers[VALUE] = (offset << SCALE) | (word << (SCALE - ahead))
    registers[READ_AHEAD], registers[NEXT_WORD] = ahead, next_word + 1
    return OK


@kernel
def decode_tensor(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    part: tuple[int, int, int, int, int],
    quantized: Levels,
    base: Levels,
    history: Flags,
    entry_points: Ints,
    contexts: Ints,
    indices: Ints,
    skipped: Flags,
) -> int:
    """Clause 6.14: the tensor data of one tensor, or of some of its block rows.

    `words` is the payload, big-endian, with zeros behind it; `layout` is `Plan.layout`.
    `part` is (first block row, last + 1, shifts from the first weight to it, offset, DQ state);
    the last three only matter when the first is not 0. `quantized`, `base` and `history` hold
    the weights of those rows in row-major order; the latter two are empty when not in use.
    `entry_points` receives bit offset, offset and DQ state of every block row after the first.
    `contexts`, `indices` and `skipped` are scratch. Returns a status.
    """
    rows, columns, edge, unary_length, forced = *layout[:4], layout[10]
    first_block_row, last_block_row, jump, offset, state = part
    store = CONTEXTS + 4 * unary_length
    for i in range(2 * store):
        contexts[at(i)] = START_WORDS[0]
    decode_flags(words, registers, layout, contexts, indices, skipped)

    if forced:
        registers[RANGE] = FORCED_RANGE
    shifts = WORD * registers[NEXT_WORD] - registers[READ_AHEAD]
    if first_block_row and jump_to(words, registers, shifts + jump, offset) != OK:
        return ENTRY_RANGE
    shifts += jump
    registers[DQ_STATE] = state
    block_height = block_width = edge
    if edge == 0:
        if registers[ROW_SKIP_FLAG] == 0:
            rows, columns = 1, rows * columns
        block_height, block_width = rows, columns

    first_row = first_block_row * block_height
    for block_row in range(first_block_row, last_block_row):
        if block_row > first_block_row:
            registers[RANGE] = FORCED_RANGE
            now = WORD * registers[NEXT_WORD] - registers[READ_AHEAD]
            entry = 3 * (block_row - first_block_row - 1)
            entry_points[entry] = now - shifts
            entry_points[entry + 1] = registers[VALUE] >> SCALE
            entry_points[entry + 2] = registers[DQ_STATE]
            shifts = now
        if registers[VALUE] >= registers[RANGE]:
            return OFFSET_RANGE
        registers[NEIGHBOUR] = 0
        for i in range(store):
            contexts[at(i)] = contexts[at(store + i)]
        top = block_row * block_height
        height = min(block_height, rows - top)
        left = 0
        while left < columns:
            width = min(block_width, columns - left)
            block = ((top - first_row) * columns + left, top, height, width, columns)
            status = decode_block(
                words, registers, layout, block, quantized, base, history, contexts, skipped
            )
            if status != OK:
                return status
            left += width
    return OK
