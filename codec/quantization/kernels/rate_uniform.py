"""Clause 10.2: uniform quantization that weighs the squared error against estimated bits."""

import math

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


@kernel
def round_with_rates(
    weights: npt.NDArray[np.float32],
    inverse_step: float,
    distortion_scale: float,
    unary_length: int,
    q: npt.NDArray[np.int32],
) -> None:
    """Choose per weight among 0, the rounded weight and its neighbour towards zero.

    weights float32[n] in scan order, q int32[n] (written). The cost is distortion_scale times
    the squared error in steps, plus the bits of the positive level in 1/32768 bit. The first
    of equal costs wins, from zero upwards.
    """
    remainder = GREATER + 2 * unary_length
    words = np.full(remainder + MAX_PREFIX, START_WORD)

    def cost(context: int, bin_value: int) -> int:
        bits: int = bin_cost(words[at(context)], bin_value)
        return bits

    def adapt(context: int, bin_value: int) -> None:
        words[at(context)] = next_word(words[at(context)], bin_value)

    def positive_cost(level: int, last: int) -> int:
        bits = cost(last, 1) + cost(SIGN + last, 0)
        for flag in range(min(level - 1, unary_length)):
            bits += cost(GREATER + 2 * flag, 1)
        if level <= unary_length:
            return bits + cost(GREATER + 2 * (level - 1), 0)
        rest = level - unary_length
        length = 0
        while rest >> (length + 1):
            bits += cost(remainder + length, 1) + BYPASS_COST
            length += 1
        return bits + cost(remainder + length, 0)

    last = 0  # sign class of the level before: 0 for 0, 1 below, 2 above
    for i in range(weights.size):
        x = abs(float(weights[i]) * inverse_step)
        rounded = math.floor(x + 0.5)
        level = 0
        best = distortion_scale * (x * x) + cost(last, 0)
        for candidate in range(max(1, rounded - 1), rounded + 1):
            error = x - candidate
            total = distortion_scale * (error * error) + positive_cost(candidate, last)
            if total < best:
                best, level = total, candidate
        negative = signed(weights[i] < 0)
        adapt(last, signed(level > 0))
        if level > 0:
            adapt(SIGN + last, negative)
            for flag in range(min(level - 1, unary_length)):
                adapt(GREATER + 2 * flag + negative, 1)
            if level <= unary_length:
                adapt(GREATER + 2 * (level - 1) + negative, 0)
            else:
                rest = level - unary_length
                length = 0
                while rest >> (length + 1):
                    adapt(remainder + length, 1)
                    length += 1
                adapt(remainder + length, 0)
        last = (2 - negative) * signed(level > 0)
        q[i] = -level if negative else level
