"""Clause 15.1.3: quantization in class mode, weighing errors against bits.

The searches of `iterated`, with prices by context set and the decoded values of clause 15.1.3: a
quantized parameter stands for a value moved by the offset of its set, quantizer, sign, magnitude.
Arrays are those of `lnq_rates`.
"""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.integers import at, leading_zeros, signed
from nnref.codec.quantization.kernels.iterated import (
    LENGTHS,
    TABULATED,
    UNREACHABLE,
    Rates,
    fill_prices,
)
from nnref.codec.quantization.kernels.lnq_rates import MAGNITUDES, SKIPPED, Levels, Offsets, Sets
from nnref.codec.quantization.kernels.rate import SIGN
from nnref.codec.quantization.kernels.trellis import PREDECESSOR


@kernel
def search_class_path(
    weights: npt.NDArray[np.float32],
    set_of: Sets,
    offsets: Offsets,
    inverse_step: float,
    price: float,
    rates: Rates,
    segment: int,
    unary_length: int,
    decisions: npt.NDArray[np.uint32],
) -> int:
    """Fill `decisions` as `search_path_at_price` does, along the weights that are not skipped.

    rates int32[segments, sets, 2 * contexts]. Returns the state of the best path.
    """
    sets = rates.shape[1]
    tabulated = unary_length + TABULATED
    flags = np.empty((sets, 3 * SIGN))
    levels = np.empty((sets, 2 * tabulated))
    prefixes = np.empty((sets, LENGTHS))
    costs = np.full(8, UNREACHABLE)
    costs[0] = 0.0
    neighbours = np.zeros(8, np.int64)
    entered = np.empty(16)
    points = np.empty(4)

    def level_price(s: int, negative: int, level: int) -> float:
        first = negative * tabulated
        if level < tabulated:
            return float(levels[s, first + level])
        return float(levels[s, first] + prefixes[s, 63 - leading_zeros(level - unary_length)])

    def distance(s: int, negative: int, x: float, size: int) -> float:
        magnitude = min((size + 1) >> 1, MAGNITUDES - 1)
        error = x - size - offsets[s, size & 1, negative, magnitude]
        return float(error * error)

    def better_point(
        s: int, x: float, floor: int, place: int, grid_class: int, negative: int
    ) -> int:
        below = floor - ((floor - grid_class) & 3)
        above = below + 4
        level = (above + 1) >> 1
        best = distance(s, negative, x, above) + level_price(s, negative, level)
        upper = 1
        if below > 0:
            cost = distance(s, negative, x, below) + level_price(s, negative, level - 2)
            if cost <= best:
                best, upper = cost, 0
        points[at(place)] = best
        return upper << place

    for i in range(weights.size):
        if i % segment == 0:
            for s in range(sets):
                fill_prices(
                    rates[i // segment, s], unary_length, price, flags[s], levels[s], prefixes[s]
                )
        s = signed(set_of[i])
        if s == SKIPPED:
            continue
        negative = signed(weights[i] < 0)
        x = abs(inverse_step * np.float64(weights[i]))
        floor = int(x)
        decision = (
            better_point(s, x, floor, 0, 0, negative)
            | better_point(s, x, floor, 1, 2, negative)
            | better_point(s, x, floor, 2, 3, negative)
            | better_point(s, x, floor, 3, 1, negative)
        ) << 16
        zero = x * x
        nonzero_flags = SIGN * (1 + negative)
        for state in range(8):
            context = 3 * state + neighbours[at(state)]
            nonzero = costs[at(state)] + flags[s, nonzero_flags + context]
            to_zero = costs[at(state)] + flags[s, context] + zero
            even = nonzero + points[at(2 * (state & 1))]
            decision |= signed(to_zero < even) << (8 + state)
            entered[at(state)] = min(to_zero, even)
            entered[at(8 + state)] = nonzero + points[at(2 * (state & 1) + 1)]
        for state in range(8):
            even, odd = PREDECESSOR[0, state], PREDECESSOR[1, state]
            by_even, by_odd = entered[at(even)], entered[at(8 + odd)]
            parity = signed(by_odd < by_even)
            decision |= parity << state
            costs[at(state)] = min(by_odd, by_even)
            level_zero = (decision >> (8 + even)) & (parity ^ 1)
            neighbours[at(state)] = (2 - negative) * (1 - level_zero)
        decisions[i] = decision
    return int(np.argmin(costs))


@kernel
def trace_class_path(
    weights: npt.NDArray[np.float32],
    set_of: Sets,
    inverse_step: float,
    decisions: npt.NDArray[np.uint32],
    state: int,
    q: Levels,
) -> None:
    """Walk the survivors of `search_class_path` back from `state`; q int32[n] (written)."""
    for i in range(weights.size - 1, -1, -1):
        q[i] = 0
        if set_of[i] == SKIPPED:
            continue
        decision = signed(decisions[i])
        parity = (decision >> state) & 1
        state = PREDECESSOR[parity, state]
        if (decision >> (8 + state)) & (parity ^ 1):
            continue
        place = 2 * (state & 1) + parity
        # place 0, 1, 2, 3 holds the grid points of class 0, 2, 3, 1
        grid_class = (2 * parity + 3 * (state & 1)) & 3
        scaled = inverse_step * np.float64(weights[i])
        floor = int(abs(scaled))
        grid = floor - ((floor - grid_class) & 3) + (((decision >> (16 + place)) & 1) << 2)
        q[i] = -grid if scaled < 0.0 else grid


@kernel
def round_classes_at_price(
    weights: npt.NDArray[np.float32],
    set_of: Sets,
    offsets: Offsets,
    inverse_step: float,
    price: float,
    rates: Rates,
    segment: int,
    unary_length: int,
    q: Levels,
) -> None:
    """Uniform levels of least squared error plus price of the bits, one weight after the other.

    The neighbour is that of the level just chosen. Candidates are 0, every level that has an
    offset of its own, and those around the rounded weight.
    """
    sets = rates.shape[1]
    tabulated = unary_length + TABULATED
    flags = np.empty((sets, 3 * SIGN))
    levels = np.empty((sets, 2 * tabulated))
    prefixes = np.empty((sets, LENGTHS))
    neighbour = 0
    for i in range(weights.size):
        if i % segment == 0:
            for s in range(sets):
                fill_prices(
                    rates[i // segment, s], unary_length, price, flags[s], levels[s], prefixes[s]
                )
        s = signed(set_of[i])
        q[i] = 0
        if s == SKIPPED:
            continue
        negative = signed(weights[i] < 0)
        x = abs(inverse_step * np.float64(weights[i]))
        best, chosen = x * x + flags[s, neighbour], 0
        sign_price = flags[s, SIGN * (1 + negative) + neighbour]
        first = negative * tabulated
        nearest = int(max(x - offsets[s, 0, negative, MAGNITUDES - 1], 0.0) + 0.5)
        lowest = 1 if nearest < MAGNITUDES + 1 else nearest - 1
        if 2.0 * x > 1.0 + offsets[s, 0, negative, 1]:
            for level in range(lowest, max(nearest, MAGNITUDES - 1) + 2):
                error = x - level - offsets[s, 0, negative, min(level, MAGNITUDES - 1)]
                cost = error * error + sign_price
                if level < tabulated:
                    cost += levels[s, first + level]
                else:
                    cost += levels[s, first]
                    cost += prefixes[s, 63 - leading_zeros(level - unary_length)]
                if cost < best:
                    best, chosen = cost, level
        q[i] = -chosen if negative else chosen
        neighbour = (2 - negative) * signed(chosen > 0)
