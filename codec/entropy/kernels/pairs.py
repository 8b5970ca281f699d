"""Clause 6.14.3: plain weights of two payloads, decoded bin by bin side by side.

A bin has to wait for the bin before, so one payload leaves most of the processor idle; a second
one, which waits for nothing of the first, fills it. `codec/entropy/steps.py` has the table that
takes the place of branches, which would be mispredicted and stop both.
"""

from typing import Final

from nnref.codec.entropy.kernels.compile import inner, kernel
from nnref.codec.entropy.kernels.decode import (
    ENOUGH,
    LEVEL_OVERFLOW,
    OK,
    PREFIX_TOO_LONG,
    SCALE,
    WORD,
    Ints,
    Levels,
    Words,
    bypass_bin,
    context_bin,
)
from nnref.codec.entropy.kernels.integers import at, signed
from nnref.codec.entropy.steps import (
    CONTEXT_MASK,
    CONTEXT_SHIFT,
    ENDS_WEIGHT,
    NEEDS_REMAINDER,
    NEIGHBOURS,
    NODE_MASK,
    NODE_SHIFT,
    VALUE_SHIFT,
)
from nnref.codec.entropy.tables import DQ_TRANSITIONS
from nnref.spec.tables.cabac import GREATER_PLAIN, REMAINDER_PREFIX_CONTEXTS

VALUE, RANGE, READ_AHEAD, NEXT_WORD, STEP, POSITION, LANE = range(7)
"""Indices of the state of a lane, and their number. The first four are those of the decoder; STEP
is the step that led here, POSITION the number of weights that are complete."""

MOST_POSITIVE: Final = (1 << 31) - 1


@inner
def decode_remainder(
    words: Words, contexts: Ints, quantized: Levels, lane: Ints, unary_length: int, dq_flag: int
) -> int:
    """Clause 9.5.4: abs_remainder, which ends the weight of a lane whose step NEEDS_REMAINDER.

    Returns a status of the decoder.
    """
    value, range_ = lane[VALUE], lane[RANGE]
    ahead, next_word = lane[READ_AHEAD], lane[NEXT_WORD]
    last_word = words.size - 1
    states = 8 if dq_flag else 1
    node = (lane[STEP] >> NODE_SHIFT & NODE_MASK) >> 1
    sign_and_state = (node - 2 * NEIGHBOURS * states) % (2 * states)
    negative, state = sign_and_state // states, sign_and_state % states

    def refilled(value: int, ahead: int, next_word: int) -> tuple[int, int, int]:
        if ahead < ENOUGH:
            value |= signed(words[at(min(next_word, last_word))]) << (SCALE - WORD - ahead)
            ahead += WORD
            next_word += 1
        return value, ahead, next_word

    length = 0
    while length < REMAINDER_PREFIX_CONTEXTS:
        value, ahead, next_word = refilled(value, ahead, next_word)
        context = GREATER_PLAIN + 4 * unary_length + length
        word = contexts[at(context)]
        value, range_, ahead, word, more = context_bin(value, range_, ahead, word)
        contexts[at(context)] = word
        if more == 0:
            break
        length += 1
    if length == REMAINDER_PREFIX_CONTEXTS:
        return PREFIX_TOO_LONG
    remainder = 1
    for _ in range(length):
        value, ahead, next_word = refilled(value, ahead, next_word)
        value, ahead, bin_value = bypass_bin(value, range_, ahead)
        remainder = 2 * remainder + bin_value
    magnitude = unary_length + remainder
    size = (magnitude << dq_flag) - (state & dq_flag)
    if size > MOST_POSITIVE + negative:
        return LEVEL_OVERFLOW

    quantized[at(lane[POSITION])] = (size ^ -negative) + negative
    transitions = DQ_TRANSITIONS if dq_flag else 0
    node = NEIGHBOURS * ((transitions >> (8 * state + 4 * (magnitude & 1))) & 7) + 2 - negative
    lane[VALUE], lane[RANGE] = value, range_
    lane[READ_AHEAD], lane[NEXT_WORD] = ahead, next_word
    lane[STEP] = (node << NODE_SHIFT + 1) | (node << CONTEXT_SHIFT)
    lane[POSITION] += 1
    return OK


@kernel
def decode_pair(
    forms: tuple[tuple[int, int], tuple[int, int]],
    words_a: Words,
    words_b: Words,
    contexts_a: Ints,
    contexts_b: Ints,
    steps_a: Ints,
    steps_b: Ints,
    quantized_a: Levels,
    quantized_b: Levels,
    lane_a: Ints,
    lane_b: Ints,
) -> tuple[int, int]:
    """Clause 6.14.3: decode two lanes until one is complete or broken.

    `forms` are (unary length, dq_flag) of both; `words` are the payloads, big-endian, with zeros
    behind; `contexts` begin with those of the weights; `steps` are the tables of steps;
    `quantized` receive the weights; `lane` are states. Returns the statuses.
    """
    value_a, range_a, ahead_a, next_a, step_a, position_a = (
        lane_a[0], lane_a[1], lane_a[2], lane_a[3], lane_a[4], lane_a[5],
    )  # fmt: skip
    value_b, range_b, ahead_b, next_b, step_b, position_b = (
        lane_b[0], lane_b[1], lane_b[2], lane_b[3], lane_b[4], lane_b[5],
    )  # fmt: skip
    last_a, last_b = words_a.size - 1, words_b.size - 1
    status_a = status_b = OK
    while status_a == OK and status_b == OK:
        bins = min(quantized_a.size - position_a, quantized_b.size - position_b)
        if bins == 0:
            break
        for _ in range(bins):  # a bin ends at most one weight
            if ahead_a < ENOUGH:
                word = signed(words_a[at(min(next_a, last_a))])
                value_a |= word << (SCALE - WORD - ahead_a)
                ahead_a += WORD
                next_a += 1
            if ahead_b < ENOUGH:
                word = signed(words_b[at(min(next_b, last_b))])
                value_b |= word << (SCALE - WORD - ahead_b)
                ahead_b += WORD
                next_b += 1

            context = (step_a >> CONTEXT_SHIFT) & CONTEXT_MASK
            value_a, range_a, ahead_a, word, bin_value = context_bin(
                value_a, range_a, ahead_a, contexts_a[at(context)]
            )
            contexts_a[at(context)] = word
            step_a = steps_a[at(((step_a >> NODE_SHIFT) & NODE_MASK) + bin_value)]
            quantized_a[at(position_a)] = step_a >> VALUE_SHIFT
            position_a += step_a & ENDS_WEIGHT

            context = (step_b >> CONTEXT_SHIFT) & CONTEXT_MASK
            value_b, range_b, ahead_b, word, bin_value = context_bin(
                value_b, range_b, ahead_b, contexts_b[at(context)]
            )
            contexts_b[at(context)] = word
            step_b = steps_b[at(((step_b >> NODE_SHIFT) & NODE_MASK) + bin_value)]
            quantized_b[at(position_b)] = step_b >> VALUE_SHIFT
            position_b += step_b & ENDS_WEIGHT

            if (step_a | step_b) & NEEDS_REMAINDER:
                break

        lane_a[0], lane_a[1], lane_a[2], lane_a[3], lane_a[4], lane_a[5] = (
            value_a, range_a, ahead_a, next_a, step_a, position_a,
        )  # fmt: skip
        lane_b[0], lane_b[1], lane_b[2], lane_b[3], lane_b[4], lane_b[5] = (
            value_b, range_b, ahead_b, next_b, step_b, position_b,
        )  # fmt: skip
        if step_a & NEEDS_REMAINDER:
            status_a = decode_remainder(words_a, contexts_a, quantized_a, lane_a, *forms[0])
            value_a, range_a, ahead_a, next_a, step_a, position_a = (
                lane_a[0], lane_a[1], lane_a[2], lane_a[3], lane_a[4], lane_a[5],
            )  # fmt: skip
        if step_b & NEEDS_REMAINDER:
            status_b = decode_remainder(words_b, contexts_b, quantized_b, lane_b, *forms[1])
            value_b, range_b, ahead_b, next_b, step_b, position_b = (
                lane_b[0], lane_b[1], lane_b[2], lane_b[3], lane_b[4], lane_b[5],
            )  # fmt: skip
    return status_a, status_b


@kernel
def decode_rest(
    form: tuple[int, int],
    words: Words,
    contexts: Ints,
    steps: Ints,
    quantized: Levels,
    lane: Ints,
) -> int:
    """Clause 6.14.3: decode one lane to its end, as `decode_pair` would. Returns the status."""
    last_word = words.size - 1
    while lane[POSITION] < quantized.size:
        value, range_, ahead = lane[VALUE], lane[RANGE], lane[READ_AHEAD]
        next_word, step, position = lane[NEXT_WORD], lane[STEP], lane[POSITION]
        while position < quantized.size and step & NEEDS_REMAINDER == 0:
            if ahead < ENOUGH:
                word = signed(words[at(min(next_word, last_word))])
                value |= word << (SCALE - WORD - ahead)
                ahead += WORD
                next_word += 1
            context = (step >> CONTEXT_SHIFT) & CONTEXT_MASK
            value, range_, ahead, word, bin_value = context_bin(
                value, range_, ahead, contexts[at(context)]
            )
            contexts[at(context)] = word
            step = steps[at(((step >> NODE_SHIFT) & NODE_MASK) + bin_value)]
            quantized[at(position)] = step >> VALUE_SHIFT
            position += step & ENDS_WEIGHT
        lane[VALUE], lane[RANGE], lane[READ_AHEAD] = value, range_, ahead
        lane[NEXT_WORD], lane[STEP], lane[POSITION] = next_word, step, position
        if step & NEEDS_REMAINDER:
            status = decode_remainder(words, contexts, quantized, lane, *form)
            if status != OK:
                return status
    return OK
