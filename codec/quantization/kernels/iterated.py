"""Clause 10.3: Viterbi searches of the least squared error plus price of the bits.

The bits of a decision come from tables that the coding of an earlier choice left (see
`adaptive_rates`), a row per segment of the scan. Distances are in steps squared, all sums are
binary64 in scan order, and a price is in steps squared per bit. On ties parity 0 wins over 1, a
grid point over zero and the smaller of two grid points.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.entropy.kernels.compile import inner, kernel
from nnref.codec.entropy.kernels.integers import at, leading_zeros, signed
from nnref.codec.quantization.kernels.rate import BYPASS_COST, GREATER, SIGN
from nnref.codec.quantization.kernels.trellis import PREDECESSOR

Rates = npt.NDArray[np.int32]
Prices = npt.NDArray[np.float64]

TABULATED: Final = 64
"""Levels beyond the unary length whose price is tabulated."""

LENGTHS: Final = 32
"""Prefix lengths of abs_remainder, and one more."""

UNREACHABLE: Final = 1e300


@inner
def fill_prices(
    rates: Rates, unary_length: int, price: float, flags: Prices, levels: Prices, prefixes: Prices
) -> None:
    """From the rates of one segment to prices of decisions; the last three are written.

    flags float64[3 * 24]: of level 0, of a positive and of a negative level (sig_flag and
    sign_flag), by 3 * DQ state + neighbour. levels float64[2 * tabulated]: of the bins behind
    sign_flag, by sign and level; entry 0 is that of every abs_level_greater_x of 1, to which
    prefixes float64[LENGTHS] adds what abs_remainder costs, by prefix length, suffix included.
    """
    scale = price / ONE_BIT
    for context in range(SIGN):
        sign = SIGN + context % 3
        flags[context] = scale * rates[2 * context]
        for negative in range(2):
            bits = rates[2 * context + 1] + rates[2 * sign + negative]
            flags[SIGN * (1 + negative) + context] = scale * bits
    remainder = GREATER + 2 * unary_length
    bits = 0
    for length in range(LENGTHS):
        zero = 2 * (remainder + length)
        prefixes[length] = scale * bits
        if zero < rates.size:
            prefixes[length] = scale * (bits + rates[zero])
            bits += rates[zero + 1] + BYPASS_COST
    tabulated = levels.size // 2
    for negative in range(2):
        first = negative * tabulated
        bits = 0
        for level in range(1, unary_length + 1):
            zero = 2 * (GREATER + 2 * (level - 1) + negative)
            levels[first + level] = scale * (bits + rates[zero])
            bits += rates[zero + 1]
        levels[first] = scale * bits
        for level in range(unary_length + 1, tabulated):
            length = 63 - leading_zeros(level - unary_length)
            levels[first + level] = levels[first] + prefixes[length]


@kernel
def search_path_at_price(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    price: float,
    rates: Rates,
    segment: int,
    restart: int,
    unary_length: int,
    decisions: npt.NDArray[np.uint32],
) -> int:
    """Fill `decisions` with the survivors among the paths of the 8-state machine.

    weights float32[n] in scan order; rates int32[segments, 2 * contexts] and `restart` as in
    `measure_rates`. Of every class of grid points (g & 3: the even and odd levels of Q0 and Q1)
    the nearest below and the nearest above are tried, and zero in both quantizers. decisions
    uint32[n] (written): bit s is the parity of the level through which the survivor enters state
    s; bit 8 + p says that level 0 is the better branch of parity 0 out of state p; bit 16 + 2 *
    quantizer + parity takes the upper point of a class. Returns the state of the best path.
    """
    tabulated = unary_length + TABULATED
    flags = np.empty(3 * SIGN)
    levels = np.empty(2 * tabulated)
    prefixes = np.empty(LENGTHS)
    costs = np.full(8, UNREACHABLE)
    costs[0] = 0.0
    neighbours = np.zeros(8, np.int64)  # of every survivor: 0, 1 (below 0), 2
    entered = np.empty(16)  # cost of the best branch by parity and predecessor
    points = np.empty(4)  # distance and price of the better point of a class

    def level_price(negative: int, level: int) -> float:
        first = negative * tabulated
        price = levels[at(first)]
        if level < tabulated:
            price = levels[at(first + level)]
        else:
            price += prefixes[at(63 - leading_zeros(level - unary_length))]
        return float(price)

    def better_point(x: float, floor: int, place: int, grid_class: int, negative: int) -> int:
        below = floor - ((floor - grid_class) & 3)
        above = below + 4
        level = (above + 1) >> 1
        best = (x - above) * (x - above) + level_price(negative, level)
        upper = 1
        if below > 0:
            cost = (x - below) * (x - below) + level_price(negative, level - 2)
            if cost <= best:
                best, upper = cost, 0
        points[at(place)] = best
        return upper << place

    for i in range(weights.size):
        if i % segment == 0:
            fill_prices(rates[i // segment], unary_length, price, flags, levels, prefixes)
        if restart and i % restart == 0:
            neighbours[:] = 0
        negative = signed(weights[i] < 0)
        x = abs(inverse_step * np.float64(weights[i]))
        floor = int(x)
        decision = (
            better_point(x, floor, 0, 0, negative)
            | better_point(x, floor, 1, 2, negative)
            | better_point(x, floor, 2, 3, negative)
            | better_point(x, floor, 3, 1, negative)
        ) << 16
        zero = x * x
        nonzero_flags = SIGN * (1 + negative)
        for state in range(8):
            context = 3 * state + neighbours[at(state)]
            nonzero = costs[at(state)] + flags[at(nonzero_flags + context)]
            to_zero = costs[at(state)] + flags[at(context)] + zero
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
def trace_back_path(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    decisions: npt.NDArray[np.uint32],
    state: int,
    q: npt.NDArray[np.int32],
) -> None:
    """Walk the survivors of `search_path_at_price` back from `state`; q int32[n] (written)."""
    for i in range(weights.size - 1, -1, -1):
        decision = signed(decisions[i])
        parity = (decision >> state) & 1
        state = PREDECESSOR[parity, state]
        if (decision >> (8 + state)) & (parity ^ 1):
            q[i] = 0
            continue
        place = 2 * (state & 1) + parity
        # place 0, 1, 2, 3 holds the grid points of class 0, 2, 3, 1
        grid_class = (2 * parity + 3 * (state & 1)) & 3
        scaled = inverse_step * np.float64(weights[i])
        floor = int(abs(scaled))
        grid = floor - ((floor - grid_class) & 3) + (((decision >> (16 + place)) & 1) << 2)
        q[i] = -grid if scaled < 0.0 else grid


@kernel
def round_at_price(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    price: float,
    rates: Rates,
    segment: int,
    restart: int,
    unary_length: int,
    decisions: npt.NDArray[np.uint32],
    q: npt.NDArray[np.int32],
) -> None:
    """Uniform quantization of least squared error plus price of the bits: q int32[n] (written).

    Arguments as in `search_path_at_price`. Candidates are 0, the rounded weight and the grid
    points around it; two survivors, as only zero or not zero in front changes a price.
    """
    tabulated = unary_length + TABULATED
    flags = np.empty(3 * SIGN)
    levels = np.empty(2 * tabulated)
    prefixes = np.empty(LENGTHS)

    def level_price(negative: int, level: int) -> float:
        first = negative * tabulated
        price = levels[at(first)]
        if level < tabulated:
            price = levels[at(first + level)]
        else:
            price += prefixes[at(63 - leading_zeros(level - unary_length))]
        return float(price)

    after_zero, after_level = 0.0, UNREACHABLE
    neighbour = 0
    for i in range(weights.size):
        if i % segment == 0:
            fill_prices(rates[i // segment], unary_length, price, flags, levels, prefixes)
        if restart and i % restart == 0:
            # Behind the start of a block row no price depends on what came before.
            neighbour = 0
        negative = signed(weights[i] < 0)
        x = abs(inverse_step * np.float64(weights[i]))
        smallest = max(1, int(x + 0.5) - 1)
        best, chosen = UNREACHABLE, 0
        for candidate in range(3):
            level = smallest + candidate
            cost = (x - level) * (x - level) + level_price(negative, level)
            if cost < best:
                best, chosen = cost, candidate
        nonzero_flags = SIGN * (1 + negative)
        zero_zero = after_zero + flags[at(0)]
        level_zero = after_level + flags[at(neighbour)]
        zero_level = after_zero + flags[at(nonzero_flags)]
        level_level = after_level + flags[at(nonzero_flags + neighbour)]
        from_level = signed(level_zero < zero_zero) | signed(level_level < zero_level) << 1
        decisions[i] = from_level | chosen << 2
        after_zero = min(zero_zero, level_zero) + x * x
        after_level = min(zero_level, level_level) + best
        neighbour = 2 - negative
    state = signed(after_level <= after_zero)
    for i in range(weights.size - 1, -1, -1):
        decision = signed(decisions[i])
        level = 0
        if state:
            x = abs(inverse_step * np.float64(weights[i]))
            level = max(1, int(x + 0.5) - 1) + (decision >> 2)
        q[i] = -level if weights[i] < 0 else level
        state = (decision >> state) & 1
