"""Clause 10: quantized parameters fit 32 bits; what happens when the asked qp cannot keep that."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.step import (
    exact_step,
    inverse_step32,
    normal_step,
    qp_below,
)
from nnref.spec.errors import refusal

OnOverflow = Literal["raise", "compatible"]
"""`raise`: refuse the tensor. `compatible`: take the larger qp that the peer would take."""

UNIFORM_MIN, UNIFORM_MAX = -(2**31), 2**31 - 1
"""The rounded weight itself is stored."""
DEPENDENT_MIN, DEPENDENT_MAX = -(2**31 - 2), 2**31 - 3
"""The trellis may take a grid point up to two above the rounded weight."""

_PEER_PEAK = 2**31 - 3
_SAFE_PEAK = 2**31 - 2**9
"""Fits even after 1 / step and the product were rounded to binary32."""


def usable_qp(
    weights: npt.NDArray[np.float32],
    qp: int,
    qp_density: int,
    *,
    dependent: bool,
    on_overflow: OnOverflow,
) -> int:
    """The qp to quantize with: the asked one if every quantized parameter fits 32 bits.

    Raises `UsageError`: those of `extremes`, step-out-of-range for a step
    that is no normal binary32 number, tensor-out-of-range when the weights do not fit.
    """
    low, high = extremes(weights)
    if _fits(low, high, qp, qp_density, dependent):
        return qp
    peak = max(-low, high)
    if on_overflow == "compatible":
        larger = _peer_qp(peak, qp_density)
        if _fits(low, high, larger, qp_density, dependent):
            return larger
    raise refusal("tensor-out-of-range", _advice(peak, qp, qp_density))


def extremes(weights: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The smallest and the largest weight; zeros for an empty tensor.

    Raises `UsageError`: tensor-dtype-unsupported unless the weights are float32,
    tensor-not-finite for NaN and infinities.
    """
    if weights.dtype != np.float32:
        raise refusal("tensor-dtype-unsupported", f"weights of type {weights.dtype}, not float32")
    if weights.size == 0:
        return 0.0, 0.0
    low, high = float(weights.min()), float(weights.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        nan, infinite = np.count_nonzero(np.isnan(weights)), np.count_nonzero(np.isinf(weights))
        raise refusal(
            "tensor-not-finite", f"{nan} NaN and {infinite} infinite of {weights.size} weights"
        )
    return low, high


def _fits(low: float, high: float, qp: int, qp_density: int, dependent: bool) -> bool:
    if dependent:
        inverse = 1.0 / normal_step(qp, qp_density)
        low, high = low * inverse, high * inverse
        return _round(low) >= DEPENDENT_MIN and _round(high) <= DEPENDENT_MAX
    inverse = float(inverse_step32(qp, qp_density))
    with np.errstate(over="ignore", under="ignore"):
        # exact in binary64, so rounded once: the binary32 product of the quantizer
        low, high = float(np.float32(low * inverse)), float(np.float32(high * inverse))
    return _round(low) >= UNIFORM_MIN and _round(high) <= UNIFORM_MAX


def _round(value: float) -> float:
    """Nearest integer, halves away from zero."""
    return math.copysign(math.floor(abs(value) + 0.5), value) if math.isfinite(value) else value


def _peer_qp(peak: float, qp_density: int) -> int:
    """The qp at which the peer quantizes again; its mix of binary32 and binary64 included."""
    density = 1 << qp_density
    wanted_step = peak / _PEER_PEAK
    base = np.float32(math.floor(math.log2(wanted_step)) * density)
    octave = float(np.float32(base / np.float32(density)))
    return math.ceil(float(np.float32(float(base) + wanted_step * density / 2.0**octave - density)))


def smallest_fitting_qp(peak: float, qp_density: int) -> int:
    """A qp, the smallest but perhaps for one, with which magnitudes up to `peak` fit 32 bits."""
    return qp_below(peak / _SAFE_PEAK, qp_density) + 1


def _advice(peak: float, qp: int, qp_density: int) -> str:
    return (
        f"largest magnitude {peak:.6g} is about 2^31 or more steps of "
        f"{exact_step(qp, qp_density):.6g} (qp {qp}, qp_density {qp_density}); "
        f"qp {smallest_fitting_qp(peak, qp_density)} or larger fits"
    )
