"""Clause 10.2: uniform quantization, and the error of quantized parameters."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel


@kernel
def round_to_grid(
    weights: npt.NDArray[np.float32], inverse_step: np.float32, q: npt.NDArray[np.int32]
) -> None:
    """q[i] = weights[i] * inverse_step in binary32, rounded half away from zero.

    weights float32[n], inverse_step float32, q int32[n] (written). Every product rounds into
    32 bits: the caller has made sure.
    """
    half = np.float32(0.5)
    for i in range(weights.size):
        scaled = weights[i] * inverse_step
        whole = np.trunc(scaled)
        rest = scaled - whole
        q[i] = np.int32(whole) + np.int32(rest >= half) - np.int32(rest <= -half)


@kernel
def squared_error(
    weights: npt.NDArray[np.float32], q: npt.NDArray[np.int32], step: np.float32
) -> float:
    """Sum of (weights[i] - step * binary32(q[i]))^2, in binary64 in the order of the arrays.

    weights float32[n], q int32[n], step float32; the product is rounded to binary32.
    """
    total = 0.0
    for i in range(weights.size):
        error = np.float64(weights[i]) - np.float64(step * np.float32(q[i]))
        total += error * error
    return total


@kernel
def last_within(
    weights: npt.NDArray[np.float32],
    steps: npt.NDArray[np.float32],
    inverse_steps: npt.NDArray[np.float32],
    last: int,
    bound: float,
) -> int:
    """The largest index up to `last` of a step with which rounding to the grid keeps to a bound.

    weights float32[n]; steps and inverse_steps float32[m]; `bound` is that of `squared_error`,
    whose sum ends as soon as it is beyond. Returns -1 where there is none.
    """
    half = np.float32(0.5)
    for index in range(last, -1, -1):
        step, inverse_step = steps[index], inverse_steps[index]
        total = 0.0
        for i in range(weights.size):
            scaled = weights[i] * inverse_step
            whole = np.trunc(scaled)
            rest = scaled - whole
            q = np.int32(whole) + np.int32(rest >= half) - np.int32(rest <= -half)
            error = np.float64(weights[i]) - np.float64(step * np.float32(q))
            total += error * error
            if total > bound:
                break
        if total <= bound:
            return index
    return -1
