"""Clause 10.3: the Viterbi search of dependent quantization with estimated bits."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.integers import at, signed
from nnref.codec.quantization.kernels.rate import (
    BYPASS_COST,
    GREATER,
    MAX_PREFIX,
    SIGN,
    START_WORD,
    bin_cost,
    next_word,
)
from nnref.codec.quantization.kernels.trellis import PREDECESSOR

_STATES = 8


@kernel
def search_path_with_rates(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    distortion_scale: float,
    unary_length: int,
    decisions: npt.NDArray[np.uint16],
) -> int:
    """`search_path` of the trellis kernels with the bits of every branch added to its cost.

    The cost is distortion_scale times the squared error in steps, plus bits in 1/32768 bit.
    Every state keeps the estimated contexts of its path. They adapt approximately, as in the
    peer: a path's contexts adapt to its newest level as if that had been coded in the state it
    leads to, after the level that the same state was reached by two weights before.
    """
    remainder = GREATER + 2 * unary_length
    contexts = remainder + MAX_PREFIX
    # Two sets of eight states: the even and the odd weights take turns in writing one.
    words = np.full(2 * _STATES * contexts, START_WORD)
    neighbour = np.zeros(2 * _STATES, np.int64)  # sign class of the last level: 0, 1 (< 0), 2
    costs = np.full(_STATES, np.finfo(np.float64).max / 2)
    costs[0] = 0.0
    branch = np.empty((2, _STATES), np.float64)  # by parity and predecessor
    levels = np.empty((2, _STATES), np.int64)  # likewise, magnitudes

    def cost(context: int, bin_value: int) -> int:
        bits: int = bin_cost(words[at(context)], bin_value)
        return bits

    def adapt(context: int, bin_value: int) -> None:
        words[at(context)] = next_word(words[at(context)], bin_value)

    def remainder_cost(base: int, rest: int) -> int:
        bits = 0
        length = 0
        while rest >> (length + 1):
            bits += cost(base + remainder + length, 1) + BYPASS_COST
            length += 1
        return bits + cost(base + remainder + length, 0)

    def pair_cost(base: int, negative: int, low: int) -> tuple[int, int]:
        """Bits of the greater flags and the remainder of the levels low and low + 1."""
        bits = 0
        for i in range(min(low - 1, unary_length)):
            bits += cost(base + GREATER + 2 * i + negative, 1)
        if low > unary_length:
            rest = low - unary_length
            return bits + remainder_cost(base, rest), bits + remainder_cost(base, rest + 1)
        flag = base + GREATER + 2 * (low - 1) + negative
        more = bits + cost(flag, 1)
        more += cost(flag + 2, 0) if low < unary_length else remainder_cost(base, 1)
        return bits + cost(flag, 0), more

    read = 0
    for i in range(weights.size):
        write = _STATES - read
        negative = signed(weights[i] < 0)
        x = abs(inverse_step * float(weights[i]))
        first = max(1, int(x) - 1)
        zero_wins = 0
        for state in range(_STATES):
            base = (read + state) * contexts
            last = neighbour[read + state]
            quantizer = state & 1
            even = first + ((3 * quantizer - first) & 3)
            odd = first + ((2 - quantizer - first) & 3)
            levels[0, state], levels[1, state] = (even + 1) >> 1, (odd + 1) >> 1
            sig = base + 3 * state + last
            bits = cost(sig, 1) + cost(base + SIGN + last, negative)
            smaller, larger = pair_cost(base, negative, (min(even, odd) + 1) >> 1)
            even_bits, odd_bits = (smaller, larger) if even < odd else (larger, smaller)
            even_cost = (costs[state] + distortion_scale * ((x - even) * (x - even))) + (
                bits + even_bits
            )
            zero_cost = (costs[state] + distortion_scale * (x * x)) + cost(sig, 0)
            branch[1, state] = (costs[state] + distortion_scale * ((x - odd) * (x - odd))) + (
                bits + odd_bits
            )
            if zero_cost < even_cost:
                zero_wins |= 1 << state
                levels[0, state] = 0
            branch[0, state] = min(even_cost, zero_cost)
        parities = 0
        for state in range(_STATES):
            # On a tie the branch from the lower-numbered predecessor survives.
            parity = 0 if PREDECESSOR[0, state] < PREDECESSOR[1, state] else 1
            best = branch[parity, PREDECESSOR[parity, state]]
            if branch[1 - parity, PREDECESSOR[1 - parity, state]] < best:
                parity = 1 - parity
                best = branch[parity, PREDECESSOR[parity, state]]
            parities |= parity << state
            costs[state] = best
            predecessor = PREDECESSOR[parity, state]
            source, base = (read + predecessor) * contexts, (write + state) * contexts
            for context in range(contexts):
                words[at(base + context)] = words[at(source + context)]
            level = levels[parity, predecessor]
            last = neighbour[write + state]
            adapt(base + 3 * state + last, signed(level > 0))
            if level > 0:
                adapt(base + SIGN + last, negative)
                for flag in range(min(level - 1, unary_length)):
                    adapt(base + GREATER + 2 * flag + negative, 1)
                if level <= unary_length:
                    adapt(base + GREATER + 2 * (level - 1) + negative, 0)
                else:
                    rest = level - unary_length
                    length = 0
                    while rest >> (length + 1):
                        adapt(base + remainder + length, 1)
                        length += 1
                    adapt(base + remainder + length, 0)
            neighbour[write + state] = (2 - negative) * signed(level > 0)
        decisions[i] = parities | zero_wins << 8
        read = write
    return int(np.argmin(costs))
