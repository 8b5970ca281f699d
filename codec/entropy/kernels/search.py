"""Clause 9.7: the choice of parameter sets, by what the bins of every context would cost.

The bins of a tensor are listed by context, some thousand weights at a time; then every list runs
through nine pairs of estimators. Estimators that were apart at the start may meet. Two that have
the same shift stay together from then on, and are followed as one.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.entropy.kernels.compile import inner, kernel
from nnref.codec.entropy.kernels.integers import at, leading_zeros, signed
from nnref.codec.entropy.tables import (
    BIN_COST,
    DQ_TRANSITIONS,
    FAST_ROWS,
    FAST_START,
    FAST_STEP,
    SETS,
    SLOW_ROWS,
    SLOW_START,
    SLOW_STEP,
)
from nnref.spec.tables.cabac import (
    GREATER_PLAIN,
    REMAINDER_PREFIX_CONTEXTS,
    SIG_HISTORY,
    SIG_TEMPORAL,
    SIGN_PLAIN,
    SIGN_TEMPORAL,
    context_count,
)

Ints = npt.NDArray[np.int64]
Bins = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int32]

CONTEXTS: Final = context_count(0)
"""With 4 * unary_length added: the number of contexts."""

CHUNK: Final = 4096
"""Weights whose bins are listed at a time; a weight has at most one bin per context."""

MEETING_CHECK: Final = 256
"""Bins after which estimators are compared."""

GROUPS: Final = ((0, 1, 2), (3, 7, 8), (4, 5, 6))

SHIFT_IDX_COST: Final = 3 * ONE_BIT
"""Clause 9.7: shift_idx_minus_1 is three bypass bins."""

DQ_STATE, NEIGHBOUR, REGISTERS = range(3)
"""Indices of the registers, and their number."""


@inner
def follow_three(
    bins: Bins,
    first: int,
    last: int,
    group: tuple[int, int, int],
    estimators: Ints,
    costs: Ints,
    context: int,
) -> None:
    """Clause 9.2.3: run bins first..last - 1 of the lists through three parameter sets."""
    i, j, k = group
    fast_row_i, fast_row_j, fast_row_k = FAST_ROWS[i], FAST_ROWS[j], FAST_ROWS[k]
    slow_row_i, slow_row_j, slow_row_k = SLOW_ROWS[i], SLOW_ROWS[j], SLOW_ROWS[k]
    fast = 2 * SETS * context
    slow = fast + SETS
    fast_i, fast_j, fast_k = estimators[fast + i], estimators[fast + j], estimators[fast + k]
    slow_i, slow_j, slow_k = estimators[slow + i], estimators[slow + j], estimators[slow + k]
    cost_i = cost_j = cost_k = 0
    for position in range(first, last):
        bin_value = signed(bins[at(position)])
        cost_i += signed(BIN_COST[at(2 * (fast_i + (slow_i >> 4)) + bin_value)])
        cost_j += signed(BIN_COST[at(2 * (fast_j + (slow_j >> 4)) + bin_value)])
        cost_k += signed(BIN_COST[at(2 * (fast_k + (slow_k >> 4)) + bin_value)])
        fast_i = signed(FAST_STEP[at(fast_row_i + fast_i + bin_value)])
        fast_j = signed(FAST_STEP[at(fast_row_j + fast_j + bin_value)])
        fast_k = signed(FAST_STEP[at(fast_row_k + fast_k + bin_value)])
        slow_i = signed(SLOW_STEP[at(slow_row_i + slow_i + bin_value)])
        slow_j = signed(SLOW_STEP[at(slow_row_j + slow_j + bin_value)])
        slow_k = signed(SLOW_STEP[at(slow_row_k + slow_k + bin_value)])
    estimators[fast + i], estimators[fast + j], estimators[fast + k] = fast_i, fast_j, fast_k
    estimators[slow + i], estimators[slow + j], estimators[slow + k] = slow_i, slow_j, slow_k
    costs[SETS * context + i] += cost_i
    costs[SETS * context + j] += cost_j
    costs[SETS * context + k] += cost_k


@inner
def have_met(estimators: Ints, context: int) -> bool:
    """Whether `follow_met` applies to a context: all estimators that can meet have met.

    The slow ones of sets 0, 1 and 2 come close but seldom meet. Those of sets 3 and 7 start
    equal, and the fast one of set 7 never moves.
    """
    fast = 2 * SETS * context
    slow = fast + SETS
    return bool(
        estimators[fast] == estimators[fast + 1] == estimators[fast + 2]
        and estimators[fast + 4] == estimators[fast + 5] == estimators[fast + 6]
        and estimators[slow + 4] == estimators[slow + 5] == estimators[slow + 6]
        and estimators[slow + 3] == estimators[slow + 8]
    )


@inner
def follow_met(
    bins: Bins, first: int, last: int, estimators: Ints, costs: Ints, context: int
) -> None:
    """Clause 9.2.3: run bins first..last - 1 of the lists through all parameter sets, which
    `have_met`: four fast and five slow estimators are left. Equal costs are added once.
    """
    fast = 2 * SETS * context
    slow = fast + SETS
    fast_012, fast_3, fast_456 = estimators[fast], estimators[fast + 3], estimators[fast + 4]
    fast_7, fast_8 = estimators[fast + 7], estimators[fast + 8]
    slow_0, slow_1, slow_2 = estimators[slow], estimators[slow + 1], estimators[slow + 2]
    slow_378, slow_456 = estimators[slow + 3], estimators[slow + 4]
    cost_0 = cost_1 = cost_2 = cost_3 = cost_456 = cost_7 = cost_8 = 0
    for position in range(first, last):
        bin_value = signed(bins[at(position)])
        shared = slow_378 >> 4
        cost_0 += signed(BIN_COST[at(2 * (fast_012 + (slow_0 >> 4)) + bin_value)])
        cost_1 += signed(BIN_COST[at(2 * (fast_012 + (slow_1 >> 4)) + bin_value)])
        cost_2 += signed(BIN_COST[at(2 * (fast_012 + (slow_2 >> 4)) + bin_value)])
        cost_3 += signed(BIN_COST[at(2 * (fast_3 + shared) + bin_value)])
        cost_456 += signed(BIN_COST[at(2 * (fast_456 + (slow_456 >> 4)) + bin_value)])
        cost_7 += signed(BIN_COST[at(2 * (fast_7 + shared) + bin_value)])
        cost_8 += signed(BIN_COST[at(2 * (fast_8 + shared) + bin_value)])
        fast_3 = signed(FAST_STEP[at(fast_3 + bin_value)])
        fast_012 = signed(FAST_STEP[at(512 + fast_012 + bin_value)])
        fast_456 = signed(FAST_STEP[at(1024 + fast_456 + bin_value)])
        fast_8 = signed(FAST_STEP[at(1536 + fast_8 + bin_value)])
        slow_0 = signed(SLOW_STEP[at(slow_0 + bin_value)])
        slow_1 = signed(SLOW_STEP[at(slow_1 + bin_value)])
        slow_2 = signed(SLOW_STEP[at(slow_2 + bin_value)])
        slow_378 = signed(SLOW_STEP[at(8192 + slow_378 + bin_value)])
        slow_456 = signed(SLOW_STEP[at(16384 + slow_456 + bin_value)])
    estimators[fast], estimators[fast + 1], estimators[fast + 2] = fast_012, fast_012, fast_012
    estimators[fast + 3], estimators[fast + 8] = fast_3, fast_8
    estimators[slow], estimators[slow + 1], estimators[slow + 2] = slow_0, slow_1, slow_2
    estimators[slow + 3], estimators[slow + 7], estimators[slow + 8] = slow_378, slow_378, slow_378
    for i in range(4, 7):
        estimators[fast + i], estimators[slow + i] = fast_456, slow_456
        costs[SETS * context + i] += cost_456
    costs[SETS * context] += cost_0
    costs[SETS * context + 1] += cost_1
    costs[SETS * context + 2] += cost_2
    costs[SETS * context + 3] += cost_3
    costs[SETS * context + 7] += cost_7
    costs[SETS * context + 8] += cost_8


@inner
def close_lists(bins: Bins, lengths: Ints, chunk: int, estimators: Ints, costs: Ints) -> None:
    """Clause 9.7: add the cost of the listed bins of every context and empty the lists."""
    for context in range(lengths.size):
        first = chunk * context
        last = first + lengths[context]
        lengths[context] = 0
        while first < last:
            if have_met(estimators, context):
                follow_met(bins, first, last, estimators, costs, context)
                break
            end = min(first + MEETING_CHECK, last)
            for group in GROUPS:
                follow_three(bins, first, end, group, estimators, costs, context)
            first = end


@inner
def reset_estimators(estimators: Ints) -> None:
    """Clause 9.2.2: put the estimators of all contexts to the start of their sets."""
    for context in range(estimators.size // (2 * SETS)):
        for i in range(SETS):
            estimators[2 * SETS * context + i] = FAST_START[i]
            estimators[2 * SETS * context + SETS + i] = SLOW_START[i]


@inner
def list_block(
    bins: Bins,
    lengths: Ints,
    chunk: int,
    registers: Ints,
    layout: tuple[int, ...],
    rule: tuple[int, int, int],
    block: tuple[int, int, int, int, int],
    quantized: Levels,
    base: Levels,
    history: Bins,
    skipped: Bins,
) -> None:
    """Clause 6.14.3: list the context bins of one block; `block` is that of the decoder."""
    columns, unary_length, dq_flag, temporal, codebook_size, zero_offset = layout[1], *layout[3:8]
    first_position, first_row, block_rows, block_columns, stride = block
    history_flag, row_skip_flag, compatible = rule
    history_flag = history_flag and history.size > 0
    state, neighbour = registers[DQ_STATE], registers[NEIGHBOUR]
    transitions = DQ_TRANSITIONS if dq_flag else 0

    # Clause 9.5.3: bounds of the level by its sign
    most_positive, most_negative = (1 << 31) - 1, 1 << 31
    prefix_positive = prefix_negative = REMAINDER_PREFIX_CONTEXTS
    if codebook_size and not compatible:
        most_positive, most_negative = codebook_size - 1 - zero_offset, zero_offset
        prefix_positive = 63 - leading_zeros(max(1, most_positive - unary_length))
        prefix_negative = 63 - leading_zeros(max(1, most_negative - unary_length))
    flags_positive = min(unary_length, most_positive - 1)
    flags_negative = min(unary_length, most_negative - 1)
    sign_coded = most_positive > 0 and most_negative > 0

    for row in range(block_rows):
        position = first_position + row * stride
        end = position + block_columns
        if row_skip_flag and skipped[at(first_row + row)]:
            for _ in range(columns & 3):  # four steps lead back to where they started
                state = (transitions >> (8 * state)) & 7
            continue
        while position < end:
            parent_level = 0
            if temporal:
                parent_level = signed(base[at(position)])
            beside = abs(parent_level)
            number = signed(quantized[at(position)])
            significant = signed(number != 0)
            magnitude = abs(number)
            level = (magnitude + (state & 1)) >> dq_flag

            context = 3 * state + neighbour
            if history_flag and history[at(position)]:
                context = SIG_HISTORY + state
            elif parent_level:
                context = SIG_TEMPORAL + 2 * state + signed(beside > 1)
            bins[at(chunk * context + lengths[at(context)])] = significant
            lengths[at(context)] += 1
            position += 1
            state = (transitions >> (8 * state + 4 * (level & 1))) & 7
            if significant == 0:
                neighbour = 0
                continue

            if compatible == 0:
                magnitude = level
            negative = signed(number < 0)
            if sign_coded:
                context = SIGN_PLAIN + neighbour
                if parent_level:
                    context = SIGN_TEMPORAL + signed(parent_level > 0)
                bins[at(chunk * context + lengths[at(context)])] = negative
                lengths[at(context)] += 1
            neighbour = 2 - negative

            flags = flags_negative if negative else flags_positive
            context = GREATER_PLAIN + negative
            reached = 1
            while reached <= flags:
                if parent_level:
                    context = GREATER_PLAIN + 2 * (unary_length + reached - 1)
                    context += signed(beside < reached - 1)
                greater = signed(magnitude > reached)
                bins[at(chunk * context + lengths[at(context)])] = greater
                lengths[at(context)] += 1
                if greater == 0:
                    break
                reached += 1
                context += 2
            if reached > unary_length:
                length = 63 - leading_zeros(magnitude - unary_length)
                prefix_bins = prefix_negative if negative else prefix_positive
                context = GREATER_PLAIN + 4 * unary_length
                for i in range(min(length + 1, prefix_bins)):
                    listing = context + i
                    bins[at(chunk * listing + lengths[at(listing)])] = signed(i < length)
                    lengths[at(listing)] += 1
    registers[DQ_STATE], registers[NEIGHBOUR] = state, neighbour


@inner
def choose(indices: Ints, costs: Ints, rule: tuple[int, int, int], shift_idx: Bins) -> int:
    """Clause 9.7: fill `shift_idx` with the cheapest set of every context in `indices`.

    Returns what the choice saves over set 0 everywhere. The bins that send the choice are counted
    too, unless the rule is the compatible one, which forgets the flags.
    """
    history_flag, _, compatible = rule
    saved = 0
    fast = fast_off = FAST_START[0]
    slow = slow_off = SLOW_START[0]
    for position in range(indices.size):
        context = indices[position]
        if SIG_HISTORY <= context < SIGN_PLAIN and history_flag == 0:
            continue
        absent = 2 * (fast + (slow >> 4))
        price = SHIFT_IDX_COST
        if compatible == 0:
            price += signed(BIN_COST[at(absent + 1)]) - signed(BIN_COST[at(absent)])
        first = SETS * context
        best, chosen = costs[first], 0
        for i in range(1, SETS):
            if costs[first + i] + price < best:
                best, chosen = costs[first + i] + price, i
        shift_idx[context] = chosen
        present = signed(chosen > 0)
        off = 2 * (fast_off + (slow_off >> 4))
        saved += costs[first] - best
        saved += signed(BIN_COST[at(off)]) - signed(BIN_COST[at(absent)])
        fast = signed(FAST_STEP[at(FAST_ROWS[0] + fast + present)])
        slow = signed(SLOW_STEP[at(SLOW_ROWS[0] + slow + present)])
        fast_off = signed(FAST_STEP[at(FAST_ROWS[0] + fast_off)])
        slow_off = signed(SLOW_STEP[at(SLOW_ROWS[0] + slow_off)])
    return saved


@kernel
def choose_shift_idx(
    bins: Bins,
    lengths: Ints,
    registers: Ints,
    layout: tuple[int, ...],
    rule: tuple[int, int, int],
    quantized: Levels,
    base: Levels,
    history: Bins,
    skipped: Bins,
    indices: Ints,
    estimators: Ints,
    costs: Ints,
    shift_idx: Bins,
) -> int:
    """Clause 9.7: choose the parameter set of every context of a tensor.

    `rule` is (hist_dep_sig_prob_enabled_flag, row_skip_enabled_flag, compatible); when compatible,
    quantized parameters are counted as if they were levels, bounds by the codebook are ignored,
    and the neighbour survives the start of a block row. `layout` is `Plan.layout`.
    `shift_idx` receives the choice by context. Returns the estimated saving in 1/32768 bit.
    `bins` (a multiple of the contexts in size), `lengths`, `costs`, `registers` (zeros) and
    `estimators` are scratch.
    """
    rows, columns, edge = layout[:3]
    chunk = bins.size // lengths.size
    block_height = block_width = edge
    if edge == 0:
        if rule[1] == 0:
            rows, columns = 1, rows * columns
        block_height, block_width = 1, chunk
    reset_estimators(estimators)
    listed = 0
    for top in range(0, rows, max(1, block_height)):
        if top and edge:
            close_lists(bins, lengths, chunk, estimators, costs)
            reset_estimators(estimators)
            listed = 0
            if rule[2] == 0:
                registers[NEIGHBOUR] = 0
        height = min(block_height, rows - top)
        left = 0
        while left < columns:
            width = min(block_width, columns - left)
            if listed + height * width > chunk:
                close_lists(bins, lengths, chunk, estimators, costs)
                listed = 0
            listed += height * width
            block = (top * columns + left, top, height, width, columns)
            list_block(
                bins, lengths, chunk, registers, layout, rule, block,
                quantized, base, history, skipped,
            )  # fmt: skip
            left += width
    close_lists(bins, lengths, chunk, estimators, costs)
    return choose(indices, costs, rule, shift_idx)
