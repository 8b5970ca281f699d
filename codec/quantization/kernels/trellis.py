"""Clause 10.3: the Viterbi search of dependent quantization without rates."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel

BLOCK = 512
"""Weights whose distances are computed ahead: in a loop of their own they vectorise."""

LARGEST_STEP_COST = 16.0
"""No branch to the best grid point of its class costs more (x = 0, grid point 4)."""

# predecessor[parity][state]: the state from which a level of that parity leads to `state`;
# the inverse of STATE_TRANSITION, written out so that numba sees constants.
PREDECESSOR = np.array(((0, 2, 4, 6, 7, 5, 3, 1), (4, 6, 0, 2, 3, 1, 7, 5)), dtype=np.int64)


@kernel
def search_path(
    weights: npt.NDArray[np.float32], inverse_step: float, decisions: npt.NDArray[np.uint16]
) -> int:
    """Fill `decisions` with the survivors of the search; returns the state of the best path.

    weights float32[n] in scan order, inverse_step float64, decisions uint16[n] (written):
    bit s is the parity of the level through which the survivor enters state s; bit 8 + p says
    that, of the two branches of parity 0 that leave state p, the one of level 0 is better.

    Grid points of class g & 3 = 0, 2, 3, 1 are the even and odd levels of Q0 and of Q1. Adding
    a path cost keeps the order of two distances but may round them to a tie, which the grid
    point wins over zero: the smaller distance gives the smaller cost, the decision needs care.
    """
    q0_even = np.empty(BLOCK, np.float64)  # already the nearer of grid point and zero
    q0_odd = np.empty(BLOCK, np.float64)
    q1_even = np.empty(BLOCK, np.float64)  # likewise
    q1_odd = np.empty(BLOCK, np.float64)
    zero_nearer = np.empty(BLOCK, np.uint16)  # bits 8..15: as in `decisions`, but for ties
    margin = np.empty(BLOCK, np.float64)  # how much nearer zero is, the smaller of both
    unreachable = np.finfo(np.float64).max / 2
    c0 = 0.0
    c1 = c2 = c3 = c4 = c5 = c6 = c7 = unreachable
    for start in range(0, weights.size, BLOCK):
        block = weights[start : start + BLOCK]
        block_decisions = decisions[start : start + BLOCK]
        for i in range(block.size):
            x = abs(inverse_step * np.float64(block[i]))
            first = max(np.int32(1), np.int32(x) - np.int32(1))
            zero = x * x
            even0 = x - np.float64(np.int32(first + (-first & 3)))
            odd0 = x - np.float64(np.int32(first + ((2 - first) & 3)))
            even1 = x - np.float64(np.int32(first + ((3 - first) & 3)))
            odd1 = x - np.float64(np.int32(first + ((1 - first) & 3)))
            even0 *= even0
            even1 *= even1
            q0_even[i] = min(even0, zero)
            q0_odd[i] = odd0 * odd0
            q1_even[i] = min(even1, zero)
            q1_odd[i] = odd1 * odd1
            gain0 = even0 - zero
            gain1 = even1 - zero
            zero_nearer[i] = (0x5500 if gain0 > 0.0 else 0) | (0xAA00 if gain1 > 0.0 else 0)
            margin[i] = min(
                gain0 if gain0 > 0.0 else np.inf,
                gain1 if gain1 > 0.0 else np.inf,
            )
        # Every state follows every other in three steps, so that no cost in this block exceeds
        # the bound; costs that round to a tie differ by less than 2^-52 of it.
        bound = c0 + LARGEST_STEP_COST * (BLOCK + 4)
        tie_margin = bound * 2.0**-51
        for i in range(block.size):
            even0, odd0, even1, odd1 = q0_even[i], q0_odd[i], q1_even[i], q1_odd[i]
            zero_wins = np.int64(zero_nearer[i])
            if margin[i] <= tie_margin:
                x = abs(inverse_step * np.float64(block[i]))
                zero = x * x
                ties = 0
                if even0 == zero:
                    grid = (x - 4.0) * (x - 4.0)
                    ties |= int(c0 + grid == c0 + zero) | int(c2 + grid == c2 + zero) << 2
                    ties |= int(c4 + grid == c4 + zero) << 4 | int(c6 + grid == c6 + zero) << 6
                if even1 == zero:
                    grid = (x - 3.0) * (x - 3.0)
                    ties |= int(c1 + grid == c1 + zero) << 1 | int(c3 + grid == c3 + zero) << 3
                    ties |= int(c5 + grid == c5 + zero) << 5 | int(c7 + grid == c7 + zero) << 7
                zero_wins &= ~(ties << 8)
            # On a tie the branch from the lower-numbered predecessor survives.
            even, odd = c0 + even0, c4 + odd0
            p0 = odd < even
            n0 = odd if odd < even else even
            even, odd = c2 + even0, c6 + odd0
            p1 = odd < even
            n1 = odd if odd < even else even
            even, odd = c4 + even0, c0 + odd0
            p2 = odd <= even
            n2 = even if even < odd else odd
            even, odd = c6 + even0, c2 + odd0
            p3 = odd <= even
            n3 = even if even < odd else odd
            even, odd = c7 + even1, c3 + odd1
            p4 = odd <= even
            n4 = even if even < odd else odd
            even, odd = c5 + even1, c1 + odd1
            p5 = odd <= even
            n5 = even if even < odd else odd
            even, odd = c3 + even1, c7 + odd1
            p6 = odd < even
            n6 = odd if odd < even else even
            even, odd = c1 + even1, c5 + odd1
            p7 = odd < even
            n7 = odd if odd < even else even
            block_decisions[i] = (
                int(p0)
                | int(p1) << 1
                | int(p2) << 2
                | int(p3) << 3
                | int(p4) << 4
                | int(p5) << 5
                | int(p6) << 6
                | int(p7) << 7
                | zero_wins
            )
            c0, c1, c2, c3, c4, c5, c6, c7 = n0, n1, n2, n3, n4, n5, n6, n7
    state = 0
    best = c0
    if c1 < best:
        state, best = 1, c1
    if c2 < best:
        state, best = 2, c2
    if c3 < best:
        state, best = 3, c3
    if c4 < best:
        state, best = 4, c4
    if c5 < best:
        state, best = 5, c5
    if c6 < best:
        state, best = 6, c6
    if c7 < best:
        state = 7
    return state


@kernel
def trace_back(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    decisions: npt.NDArray[np.uint16],
    state: int,
    q: npt.NDArray[np.int32],
) -> None:
    """Walk the survivors back from `state`; q int32[n] (written) in scan order.

    The other arguments are those of `search_path`. Levels are recomputed, not remembered: the
    walk notes the class of every grid point, a second loop, which vectorises, finds the point.
    """
    current = np.int64(state)
    for stop in range(weights.size, 0, -BLOCK):
        start = max(stop - BLOCK, 0)
        block = weights[start:stop]
        block_decisions = decisions[start:stop]
        grid_class = q[start:stop]
        for i in range(block.size - 1, -1, -1):
            decision = np.int64(block_decisions[i])
            parity = (decision >> current) & 1
            current = PREDECESSOR[parity, current]
            zero = (decision >> (8 + current)) & (parity ^ 1)
            # (quantizer, parity): (0, 0) 0, (0, 1) 2, (1, 0) 3, (1, 1) 1; plus 4 for zero
            grid_class[i] = zero << 2 | ((2 * parity + 3 * (current & 1)) & 3)
        for i in range(block.size):
            scaled = inverse_step * np.float64(block[i])
            first = max(np.int32(1), np.int32(abs(scaled)) - np.int32(1))
            grid = np.int32(first + ((grid_class[i] - first) & 3))
            if grid_class[i] >= 4:
                grid = np.int32(0)
            grid_class[i] = -grid if scaled < 0.0 else grid
