"""Clause 14.2.2: what the families of all methods have in common."""

from collections.abc import Sequence
from typing import Final

from nnref.spec.process.reconstruct import next_state, quantized_parameter

GROUP: Final = "methods"


def on_grid(levels: Sequence[int]) -> list[int]:
    """Clause 10.3: the quantized parameters of levels."""
    quantized, state = [], 0
    for level in levels:
        quantized.append(quantized_parameter(level, state))
        state = next_state(state, level)
    return quantized
