"""Clause 15.1.7: what the modes of local non-linear quantization give."""

from dataclasses import dataclass
from typing import Self

from nnref.spec.process.reconstruct import (
    MAX_QUANTIZED,
    MIN_QUANTIZED,
    Step,
    uniform_reconstruction,
)
from nnref.spec.process.refused import Refused


@dataclass(slots=True)
class LnqWeights:
    """Clause 15.1.7: Reconstruction of LNQ. In row-major order: what was coded, a level or a
    symbol, and the value in fractions of the step.
    """

    levels: list[int]
    integers: list[int]

    @classmethod
    def zeros(cls, weights: int) -> Self:
        """Clause 15.1.7: Reconstruction of LNQ. What is not coded is 0."""
        return cls([0] * weights, [0] * weights)


def lnq_values(weights: LnqWeights, step: Step, fraction_bits: int) -> list[float]:
    """Clause 15.1.7: Reconstruction of LNQ. That of clause 10.2, with a finer step."""
    for integer in weights.integers:
        if not MIN_QUANTIZED <= integer <= MAX_QUANTIZED:
            raise Refused("lnq-value-overflow", f"{integer}")
    fine = Step(step.significand, step.exponent - fraction_bits)
    return uniform_reconstruction(weights.integers, fine)
