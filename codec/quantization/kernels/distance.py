"""How far a float tensor is from its decoded form, in one pass."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import inner, kernel

Floats = npt.NDArray[np.float32]

RUN: Final = 1024
"""Elements of a partial sum: one long sum would lose digits."""


@inner
def run_distance(original: Floats, decoded: Floats) -> tuple[float, float, float]:
    """The three numbers of a run in which all is finite; else one of them is not."""
    signal = noise = largest = 0.0
    for i in range(original.size):
        value = np.float64(original[i])
        error = abs(value - np.float64(decoded[i]))
        signal += value * value
        noise += error * error
        if error > largest:  # noqa: PLR1730  numba's max() looks for NaN
            largest = error
    return signal, noise, largest


@inner
def careful_run_distance(original: Floats, decoded: Floats) -> tuple[float, float, float]:
    """The three numbers of a run with infinities or NaN."""
    signal = noise = largest = 0.0
    for i in range(original.size):
        value, other = np.float64(original[i]), np.float64(decoded[i])
        error: float = abs(value - other)
        if not error < math.inf:
            same = value == other or (math.isnan(value) and math.isnan(other))
            error = 0.0 if same else math.inf
        if math.isfinite(value):
            signal += value * value
        noise += error * error
        largest = max(largest, error)
    return signal, noise, largest


@kernel
def float_distance(original: Floats, decoded: Floats) -> tuple[float, float, float]:
    """Sum of squares, sum of squared errors and largest error, in binary64.

    Both float32[n]. The same infinity on both sides, and two NaN, are no error; where only one
    side is finite the error is infinite. What is not finite is no signal.
    """
    signal = noise = largest = 0.0
    for start in range(0, original.size, RUN):
        a, b = original[start : start + RUN], decoded[start : start + RUN]
        found = run_distance(a, b)
        if not math.isfinite(found[0] + found[1]):
            found = careful_run_distance(a, b)
        signal += found[0]
        noise += found[1]
        largest = max(largest, found[2])
    return signal, noise, largest
