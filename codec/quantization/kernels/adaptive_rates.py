"""Clauses 9.2 and 9.5: what bins cost at every part of a tensor, its contexts adapted."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.integers import at, leading_zeros, signed
from nnref.codec.entropy.tables import DQ_TRANSITIONS
from nnref.codec.quantization.kernels.rate import (
    BYPASS_COST,
    GREATER,
    SIGN,
    bin_cost,
    next_word,
)


@kernel
def measure_rates(
    q: npt.NDArray[np.int32],
    dq_flag: int,
    unary_length: int,
    restart: int,
    start_words: npt.NDArray[np.int64],
    segment: int,
    rates: npt.NDArray[np.int32],
) -> int:
    """Code a tensor without writing it: returns the cost of its weights in 1/32768 bit.

    q int32[n] in scan order; start_words int64[contexts], the estimated contexts at the start
    and after every `restart` weights (0: never). rates int32[segments, 2 * contexts] (written):
    of every `segment` weights the mean cost of either bin in every context at the bins that are
    coded with it; a context without bins there has the cost of its state at the end.
    """
    contexts = start_words.size
    remainder = GREATER + 2 * unary_length
    transitions = DQ_TRANSITIONS if dq_flag else 0
    words = start_words.copy()
    sums = np.zeros(2 * contexts, np.int64)
    counts = np.zeros(contexts, np.int64)

    def coded(context: int, bin_value: int) -> int:
        word = words[at(context)]
        zero, one = bin_cost(word, 0), bin_cost(word, 1)
        sums[at(2 * context)] += zero
        sums[at(2 * context + 1)] += one
        counts[at(context)] += 1
        words[at(context)] = next_word(word, bin_value)
        return one if bin_value else zero

    def close_segment(row: npt.NDArray[np.int32]) -> None:
        for context in range(contexts):
            count = counts[at(context)]
            for bin_value in range(2):
                place = 2 * context + bin_value
                mean = bin_cost(words[at(context)], bin_value)
                if count:
                    mean = sums[at(place)] // count
                row[at(place)] = mean
                sums[at(place)] = 0
            counts[at(context)] = 0

    cost = 0
    state = neighbour = 0
    until_restart = restart
    for i in range(q.size):
        if restart and until_restart == 0:
            words[:] = start_words
            neighbour, until_restart = 0, restart
        until_restart -= 1
        number = signed(q[i])
        level = (abs(number) + (state & 1)) >> dq_flag if number else 0
        cost += coded(3 * state + neighbour, signed(level > 0))
        state = (transitions >> (8 * state + 4 * (level & 1))) & 7
        if level == 0:
            neighbour = 0
        else:
            negative = signed(number < 0)
            cost += coded(SIGN + neighbour, negative)
            neighbour = 2 - negative
            reached = 1
            while reached <= unary_length:
                greater = signed(level > reached)
                cost += coded(GREATER + 2 * (reached - 1) + negative, greater)
                if greater == 0:
                    break
                reached += 1
            if reached > unary_length:
                length = 63 - leading_zeros(level - unary_length)
                for position in range(length):
                    cost += coded(remainder + position, 1) + BYPASS_COST
                cost += coded(remainder + length, 0)
        if (i + 1) % segment == 0 or i + 1 == q.size:
            close_segment(rates[i // segment])
    return cost


@kernel
def flags_cost(flags: npt.NDArray[np.uint8], start_word: int) -> int:
    """The cost in 1/32768 bit of flags that share one context."""
    cost, word = 0, start_word
    for i in range(flags.size):
        flag = signed(flags[i])
        cost += bin_cost(word, flag)
        word = next_word(word, flag)
    return cost
