"""Which cabac_unary_length_minus1 a tensor gets. Encoder policy."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.quantization.coding_cost import CodingCost, CostModel

UNARY_LENGTHS: Final = (1, 2, 3, 5, 7, 10, 15, 20, 30, 45)
"""Unary lengths that are tried."""

INFERRED: Final = 10
"""Clause 7.8: the unary length of a unit without the element."""
_ELEMENT_BITS: Final = 8


def element_bits(unary_length: int) -> int:
    """Bits of cabac_unary_length_minus1 in a unit header."""
    return 0 if unary_length == INFERRED else _ELEMENT_BITS


def first_unary_length(lengths: tuple[int, ...]) -> int:
    """The one that is as good as any before anything is known."""
    return INFERRED if INFERRED in lengths else lengths[0]


def best_unary_length(
    q: NDArray[np.int32],
    model: Callable[[int], CostModel],
    lengths: tuple[int, ...],
    known: CodingCost | None = None,
) -> tuple[int, CodingCost]:
    """The unary length with which quantized parameters cost least, and that cost.

    `model` prices them under a unary length, `known` is the price under the first. Looks from
    there towards smaller and, if they are worse, towards larger lengths as long as it gets better.
    """
    best = first = first_unary_length(lengths)
    costs = {first: known or model(first).cost(q)}

    def bits(unary_length: int) -> float:
        if unary_length not in costs:
            costs[unary_length] = model(unary_length).cost(q)
        return costs[unary_length].bits + element_bits(unary_length)

    below = [length for length in lengths if length < first][::-1]
    above = [length for length in lengths if length > first]
    for direction in (below, above):
        for length in direction:
            if bits(length) >= bits(best):
                break
            best = length
        if best != first:
            break
    return best, costs[best]
