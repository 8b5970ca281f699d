"""Clause 10.3: searches that let later weights of a row make up for the errors of earlier ones.

The error of a row in steps, e = weight - q, counts e H e' with H = A D A', A unit upper triangular:
the sum over columns j of gain d_j times (x_j - q_j)^2, where x_j = weight_j + sum_{i<j} e_i A_ij.
So each weight is searched like one of a plain tensor, but around x_j. Prices are those of
`kernels.iterated`; A is binary32, all sums are binary64 in a fixed order. Encoder policy: nothing
here is normative.
"""

from typing import Final

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
from nnref.codec.quantization.kernels.rate import SIGN
from nnref.codec.quantization.kernels.trellis import PREDECESSOR

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

BLOCK: Final = 32
"""Columns after which survivors are expected to share what came before."""
BAND: Final = 1 << 14
"""Weights, in whole rows, after which one survivor is left."""
FARTHEST: Final = 2.0**29
"""No x is taken to lie further out than so many steps."""


@kernel
def search_path_with_feedback(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    price: float,
    rates: Rates,
    segment: int,
    unary_length: int,
    feedback: Float32,
    gains: Float64,
    row_gains: Float64,
    q: npt.NDArray[np.int32],
) -> float:
    """The best path found of the 8-state machine: q int32[n] (written), weights in row-major order.

    Returns the error, the sum over rows of e H e'.
    feedback float32[groups, columns, columns] holds A of the rows of each group (none: [groups, 0,
    0]), gains float64[groups, columns] d, row_gains float64[rows] a factor for a whole row. Every
    survivor carries the errors of its own last columns: after BLOCK columns the survivors that
    began the block elsewhere than the best one are dropped, so that older errors are common.
    """
    groups, columns = gains.shape
    rows = row_gains.size
    group_rows = max(1, rows // groups)
    linked = feedback.shape[1] > 0
    tabulated = unary_length + TABULATED
    flags = np.empty(3 * SIGN)
    levels = np.empty(2 * tabulated)
    prefixes = np.empty(LENGTHS)
    band_rows = max(1, BAND // max(1, columns))
    chosen = np.empty((band_rows * columns, 8), np.int32)
    came_from = np.empty((band_rows * columns, 8), np.uint8)
    costs = np.full(8, UNREACHABLE)
    costs[0] = 0.0
    next_costs = np.empty(8)
    neighbours = np.zeros(8, np.int64)  # of every survivor: 0, 1 (below 0), 2
    next_neighbours = np.zeros(8, np.int64)
    branch_costs = np.empty(16)  # of the best branch by parity and predecessor
    branch_q = np.zeros(16, np.int64)
    noises = np.zeros(8)
    next_noises = np.zeros(8)
    branch_noises = np.zeros(16)
    common = np.zeros(columns)  # feedback of the errors that all survivors share
    pulls = np.zeros((8, BLOCK))  # feedback into the columns of this block, by survivor
    next_pulls = np.zeros((8, BLOCK))
    errors = np.zeros((8, BLOCK))  # of the last block, by survivor
    ancestors = np.zeros(8, np.int64)  # the state at the beginning of the block

    def level_price(negative: int, level: int) -> float:
        first = negative * tabulated
        price = levels[at(first)]
        if level < tabulated:
            price = levels[at(first + level)]
        else:
            price += prefixes[at(63 - leading_zeros(level - unary_length))]
        return float(price)

    for row in range(rows):
        group = min(row // group_rows, groups - 1)
        in_band = row % band_rows
        common[:] = 0.0
        for start in range(0, columns, BLOCK):
            width = min(BLOCK, columns - start)
            for state in range(8):
                for k in range(width):
                    pulls[state, k] = common[start + k]
            if linked and start:
                for state in range(8):
                    if costs[at(state)] < UNREACHABLE:
                        for i in range(BLOCK):
                            error, column = errors[state, i], start - BLOCK + i
                            for k in range(width):
                                pulls[state, k] += error * feedback[group, column, start + k]
            for offset in range(width):
                column = start + offset
                i = row * columns + column
                place = in_band * columns + column
                if i % segment == 0:
                    fill_prices(rates[i // segment], unary_length, price, flags, levels, prefixes)
                gain = row_gains[row] * gains[group, column]
                scaled = inverse_step * np.float64(weights[i])
                for state in range(8):
                    if costs[at(state)] >= UNREACHABLE:
                        branch_costs[at(state)] = UNREACHABLE
                        branch_costs[at(8 + state)] = UNREACHABLE
                        continue
                    wanted = scaled + pulls[state, offset]
                    negative = signed(wanted < 0)
                    x = min(abs(wanted), FARTHEST)
                    floor = int(x)
                    context = 3 * state + neighbours[at(state)]
                    nonzero = costs[at(state)] + flags[at(SIGN * (1 + negative) + context)]
                    for parity in range(2):
                        grid_class = (2 * parity + 3 * (state & 1)) & 3
                        below = floor - ((floor - grid_class) & 3)
                        above = below + 4
                        level = (above + 1) >> 1
                        point = above
                        noise = gain * ((x - above) * (x - above))
                        best = noise + level_price(negative, level)
                        if below > 0:
                            other = gain * ((x - below) * (x - below))
                            cost = other + level_price(negative, level - 2)
                            if cost <= best:
                                best, point, noise = cost, below, other
                        best += nonzero
                        if parity == 0:
                            other = gain * (x * x)
                            cost = costs[at(state)] + flags[at(context)] + other
                            if cost < best:
                                best, point, noise = cost, 0, other
                        branch_costs[at(8 * parity + state)] = best
                        branch_noises[at(8 * parity + state)] = noises[at(state)] + noise
                        branch_q[at(8 * parity + state)] = -point if negative else point
                for state in range(8):
                    even, odd = PREDECESSOR[0, state], PREDECESSOR[1, state]
                    source, branch = even, even
                    if branch_costs[at(8 + odd)] < branch_costs[at(even)]:
                        source, branch = odd, 8 + odd
                    number = branch_q[at(branch)]
                    next_costs[at(state)] = branch_costs[at(branch)]
                    next_noises[at(state)] = branch_noises[at(branch)]
                    next_neighbours[at(state)] = 0 if number == 0 else 2 - signed(number < 0)
                    chosen[place, state] = number
                    came_from[place, state] = source
                    if linked and next_costs[at(state)] < UNREACHABLE:
                        error = scaled - number
                        for k in range(offset + 1, width):
                            next_pulls[state, k] = (
                                pulls[source, k] + error * feedback[group, column, start + k]
                            )
                pulls, next_pulls = next_pulls, pulls
                costs, next_costs = next_costs, costs
                noises, next_noises = next_noises, noises
                neighbours, next_neighbours = next_neighbours, neighbours
            if linked and start + width < columns:
                best_state = int(np.argmin(costs))
                for state in range(8):
                    previous = state
                    for offset in range(width - 1, -1, -1):
                        place = in_band * columns + start + offset
                        scaled = inverse_step * np.float64(weights[row * columns + start + offset])
                        next_pulls[state, offset] = scaled - chosen[place, previous]
                        previous = signed(came_from[place, previous])
                    ancestors[at(state)] = previous
                origin = ancestors[at(best_state)]
                for state in range(8):
                    if ancestors[at(state)] != origin:
                        costs[at(state)] = UNREACHABLE
                if start:
                    for i in range(BLOCK):
                        error = errors[origin, i]
                        for k in range(start + width, columns):
                            common[k] += error * feedback[group, start - BLOCK + i, k]
                errors[:] = next_pulls
        if in_band == band_rows - 1 or row == rows - 1:
            best_state = int(np.argmin(costs))
            state = best_state
            first = (row - in_band) * columns
            for place in range((in_band + 1) * columns - 1, -1, -1):
                q[first + place] = chosen[place, state]
                state = signed(came_from[place, state])
            for state in range(8):
                if state != best_state:
                    costs[at(state)] = UNREACHABLE
            costs[at(best_state)] = 0.0
    return float(noises[at(int(np.argmin(costs)))])


@kernel
def round_with_feedback(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    price: float,
    rates: Rates,
    segment: int,
    unary_length: int,
    feedback: Float32,
    gains: Float64,
    row_gains: Float64,
    q: npt.NDArray[np.int32],
) -> float:
    """Uniform quantization, one weight after the other: q int32[n] (written).

    Arguments and result as in `search_path_with_feedback`. Candidates are 0, the rounded x and the
    grid points beside it; the first of equal costs wins, from zero upwards.
    """
    groups, columns = gains.shape
    rows = row_gains.size
    group_rows = max(1, rows // groups)
    linked = feedback.shape[1] > 0
    tabulated = unary_length + TABULATED
    flags = np.empty(3 * SIGN)
    levels = np.empty(2 * tabulated)
    prefixes = np.empty(LENGTHS)
    pulls = np.empty(columns)

    def level_price(negative: int, level: int) -> float:
        first = negative * tabulated
        price = levels[at(first)]
        if level < tabulated:
            price = levels[at(first + level)]
        else:
            price += prefixes[at(63 - leading_zeros(level - unary_length))]
        return float(price)

    neighbour = 0
    noise = 0.0
    for row in range(rows):
        group = min(row // group_rows, groups - 1)
        pulls[:] = 0.0
        for column in range(columns):
            i = row * columns + column
            if i % segment == 0:
                fill_prices(rates[i // segment], unary_length, price, flags, levels, prefixes)
            gain = row_gains[row] * gains[group, column]
            scaled = inverse_step * np.float64(weights[i])
            wanted = scaled + pulls[column]
            negative = signed(wanted < 0)
            x = min(abs(wanted), FARTHEST)
            level = 0
            best = gain * (x * x) + flags[at(neighbour)]
            nonzero = flags[at(SIGN * (1 + negative) + neighbour)]
            smallest = max(1, int(x + 0.5) - 1)
            for candidate in range(smallest, smallest + 3):
                cost = gain * ((x - candidate) * (x - candidate)) + nonzero
                cost += level_price(negative, candidate)
                if cost < best:
                    best, level = cost, candidate
            neighbour = (2 - negative) * signed(level > 0)
            number = -level if negative else level
            noise += gain * ((x - level) * (x - level))
            q[i] = number
            if linked:
                error = scaled - number
                for k in range(column + 1, columns):
                    pulls[k] += error * feedback[group, column, k]
    return float(noise)
