"""Clause 15.4.3: dynamic fixed point: integers of some bits, times a power of two."""

import math
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal
from nnref.spec.tables.hierarchical import LEAST_FRACTION_LENGTH, MAX_WIDTH

MOST_FRACTION_LENGTH: Final = 127
_FINER: Final = 4
"""Fraction lengths beyond that of the range which are tried."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Clause 15.4.1: a format: two's complement integers of `width` bits, times
    2^-`fraction_length`. Raises UsageError setting-unknown.
    """

    width: int
    fraction_length: int

    def __post_init__(self) -> None:
        for name, low, high in (
            ("width", 1, MAX_WIDTH),
            ("fraction_length", LEAST_FRACTION_LENGTH, MOST_FRACTION_LENGTH),
        ):
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise refusal("setting-unknown", f"{name} = {value!r} is outside {low}..{high}")

    @property
    def integer_length(self) -> int:
        """Bits before the binary point, the sign included; none or fewer for small numbers."""
        return self.width - self.fraction_length

    @property
    def least(self) -> int:
        """The smallest integer; the largest one is -least - 1."""
        return -1 << (self.width - 1)

    @property
    def step(self) -> float:
        """The distance of neighbouring numbers."""
        return 2.0**-self.fraction_length

    def integers(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """The nearest integers, on a tie the even one; what is out of range saturates."""
        scaled = np.rint(values.astype(np.float64) * 2.0**self.fraction_length)
        return np.clip(scaled, self.least, -self.least - 1).astype(np.int32)

    def values(self, integers: NDArray[Any]) -> NDArray[np.float32]:
        """Clause 15.4.3: the numbers of integers; binary32 has each as it is."""
        return integers.astype(np.float32) * np.float32(self.step)

    @classmethod
    def of_range(cls, largest: float, width: int) -> Self:
        """The finest format of `width` bits in which no magnitude up to `largest` saturates, but
        for 2^n, which does by one step.
        """
        significand, exponent = math.frexp(largest)
        exponent -= significand == 0.5
        length = min(max(width - 1 - exponent, LEAST_FRACTION_LENGTH), MOST_FRACTION_LENGTH)
        return cls(width, length)

    @classmethod
    def of_least_error(
        cls, values: NDArray[Any], width: int, counts: NDArray[Any] | None = None
    ) -> Self:
        """The format of `width` bits with the least squared error of all values, some of which may
        saturate; `counts` says how often each value is there. The coarsest one of equals.
        """
        flat = values.reshape(-1).astype(np.float64)
        weights = np.ones(flat.size) if counts is None else counts.reshape(-1)
        first = cls.of_range(float(np.abs(flat).max(initial=0.0)), width)
        last = min(first.fraction_length + _FINER, MOST_FRACTION_LENGTH)

        def error(number: Self) -> float:
            apart = flat - number.values(number.integers(flat))
            return float(np.sum(weights * apart**2))

        lengths = range(first.fraction_length, last + 1)
        return min((cls(width, length) for length in lengths), key=error)
