"""Clause 15.1.3: what the weights of a layer in class mode cost, and where their levels lie.

`set_of` uint8[n] is the context set of every weight, SKIPPED in the zero class; weights and `q` are
in row-major order. Offsets are float64[sets, 2 quantizers, 2 signs, 8 magnitudes] in steps.
"""

from typing import Final

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

SKIPPED: Final = 255
MAGNITUDES: Final = 8
"""Entries of the tables of offsets; the last one is that of all larger magnitudes."""

Levels = npt.NDArray[np.int32]
Sets = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.float64]


@kernel
def measure_set_rates(
    q: Levels,
    set_of: Sets,
    dq_flag: int,
    unary_length: int,
    start_words: npt.NDArray[np.int64],
    segment: int,
    rates: npt.NDArray[np.int32],
) -> int:
    """Code a layer without writing it: returns the cost of its weights in 1/32768 bit.

    As `measure_rates`, with contexts by set: start_words int64[sets, contexts], rates
    int32[segments, sets, 2 * contexts] (written), a segment being so many weights, coded or not.
    """
    sets, contexts = start_words.shape
    remainder = GREATER + 2 * unary_length
    transitions = DQ_TRANSITIONS if dq_flag else 0
    words = start_words.copy().reshape(sets * contexts)
    sums = np.zeros(2 * sets * contexts, np.int64)
    counts = np.zeros(sets * contexts, np.int64)

    def coded(context: int, bin_value: int) -> int:
        word = words[at(context)]
        zero, one = bin_cost(word, 0), bin_cost(word, 1)
        sums[at(2 * context)] += zero
        sums[at(2 * context + 1)] += one
        counts[at(context)] += 1
        words[at(context)] = next_word(word, bin_value)
        return one if bin_value else zero

    cost = 0
    state = neighbour = 0
    for i in range(q.size):
        s = signed(set_of[i])
        if s != SKIPPED:
            first = s * contexts
            number = signed(q[i])
            level = (abs(number) + (state & 1)) >> dq_flag if number else 0
            cost += coded(first + 3 * state + neighbour, signed(level > 0))
            state = (transitions >> (8 * state + 4 * (level & 1))) & 7
            if level == 0:
                neighbour = 0
            else:
                negative = signed(number < 0)
                cost += coded(first + SIGN + neighbour, negative)
                neighbour = 2 - negative
                reached = 1
                while reached <= unary_length:
                    greater = signed(level > reached)
                    cost += coded(first + GREATER + 2 * (reached - 1) + negative, greater)
                    if greater == 0:
                        break
                    reached += 1
                if reached > unary_length:
                    length = 63 - leading_zeros(level - unary_length)
                    for position in range(length):
                        cost += coded(first + remainder + position, 1) + BYPASS_COST
                    cost += coded(first + remainder + length, 0)
        if (i + 1) % segment == 0 or i + 1 == q.size:
            part = i // segment
            for s in range(sets):
                for context in range(contexts):
                    place = s * contexts + context
                    count = counts[at(place)]
                    for bin_value in range(2):
                        mean = bin_cost(words[at(place)], bin_value)
                        if count:
                            mean = sums[at(2 * place + bin_value)] // count
                        rates[part, s, 2 * context + bin_value] = mean
                        sums[at(2 * place + bin_value)] = 0
                    counts[at(place)] = 0
    return cost


@kernel
def unit_costs(
    q: Levels,
    geometry: tuple[int, int, int, int, int],
    dq_flag: int,
    unary_length: int,
    rates: npt.NDArray[np.int32],
    costs: npt.NDArray[np.int64],
) -> None:
    """What every unit would cost in every set with fixed rates: costs int64[units, sets] (written).

    rates int32[sets, 2 * contexts]. The DQ state and the neighbours are those of all weights.
    """
    rows, columns, unit_rows, unit_columns, across = geometry
    sets = rates.shape[0]
    remainder = GREATER + 2 * unary_length
    transitions = DQ_TRANSITIONS if dq_flag else 0
    costs[:] = 0
    bins = np.empty(1024, np.int64)
    state = neighbour = 0
    for row in range(rows):
        for column in range(columns):
            number = signed(q[row * columns + column])
            level = (abs(number) + (state & 1)) >> dq_flag if number else 0
            count, bypass = 1, 0
            bins[0] = 2 * (3 * state + neighbour) + signed(level > 0)
            state = (transitions >> (8 * state + 4 * (level & 1))) & 7
            if level == 0:
                neighbour = 0
            else:
                negative = signed(number < 0)
                bins[1] = 2 * (SIGN + neighbour) + negative
                count = 2
                neighbour = 2 - negative
                reached = 1
                while reached <= unary_length:
                    greater = signed(level > reached)
                    bins[count] = 2 * (GREATER + 2 * (reached - 1) + negative) + greater
                    count += 1
                    if greater == 0:
                        break
                    reached += 1
                if reached > unary_length:
                    length = 63 - leading_zeros(level - unary_length)
                    for position in range(length):
                        bins[count] = 2 * (remainder + position) + 1
                        count += 1
                    bins[count] = 2 * (remainder + length)
                    count += 1
                    bypass = length * BYPASS_COST
            unit = (row // unit_rows) * across + column // unit_columns
            for s in range(sets):
                total = bypass
                for j in range(count):
                    total += rates[s, bins[j]]
                costs[unit, s] += total


@kernel
def fit_offsets(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    q: Levels,
    set_of: Sets,
    dq_flag: int,
    sums: Offsets,
    counts: Offsets,
) -> None:
    """How far weights lie beyond their quantized parameters: sums in steps, and counts (written).

    By set, quantizer, sign and magnitude; 0 is not counted, and the last magnitude stands for all
    larger ones.
    """
    sums[:] = 0.0
    counts[:] = 0.0
    for i in range(q.size):
        number = signed(q[i])
        s = signed(set_of[i])
        if number == 0 or s == SKIPPED:
            continue
        size = abs(number)
        negative = signed(number < 0)
        x = inverse_step * np.float64(weights[i])
        magnitude = min((size + dq_flag) >> dq_flag, MAGNITUDES - 1)
        sums[s, size & dq_flag, negative, magnitude] += (-x if negative else x) - size
        counts[s, size & dq_flag, negative, magnitude] += 1.0


@kernel
def noise_with_offsets(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    q: Levels,
    set_of: Sets,
    dq_flag: int,
    offsets: Offsets,
) -> float:
    """Sum of the squared errors in squared steps, of skipped weights too."""
    total = 0.0
    for i in range(q.size):
        x = inverse_step * np.float64(weights[i])
        s = signed(set_of[i])
        number = signed(q[i])
        if s != SKIPPED and number != 0:
            size = abs(number)
            negative = signed(number < 0)
            magnitude = min((size + dq_flag) >> dq_flag, MAGNITUDES - 1)
            value = size + offsets[s, size & dq_flag, negative, magnitude]
            x -= -value if negative else value
        total += x * x
    return total
