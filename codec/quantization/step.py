"""Clause 10.1: the quantization step, and the qp that gives a wanted one."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nnref.spec.errors import refusal

MAX_QP_DENSITY = 7
"""mps_qp_density and lps_qp_density are u(3)."""

_BASE_QP_LIMIT = 1 << 12
"""mps_quantization_parameter and lps_quantization_parameter are i(13)."""
_MIN_EXPONENT, _MAX_EXPONENT = -126, 127
"""Exponents of the normal binary32 numbers."""


def exact_step(qp: int, qp_density: int) -> float:
    """Clause 10.1: the step before it is rounded to binary32.

    (d + (qp mod d)) * 2^((qp >> qp_density) - qp_density) with d = 2^qp_density. Only a qp far
    outside the range of base qp 0 leaves binary64: then the result is 0.0 or infinity.
    """
    check_qp_density(qp_density)
    density = 1 << qp_density
    mantissa = density + (qp & (density - 1))
    try:
        return math.ldexp(mantissa, (qp >> qp_density) - qp_density)
    except OverflowError:
        return math.inf


@lru_cache(maxsize=4096)
def quantization_step(qp: int, qp_density: int) -> float:
    """Clause 10.1: the step as a binary32 value.

    It has at most 8 significant bits, so it is exact unless it leaves the normal binary32
    numbers; then it is rounded like any other (to a subnormal number, 0.0 or infinity).
    """
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(exact_step(qp, qp_density)))


def normal_step(qp: int, qp_density: int) -> float:
    """Clause 10.1: the step to quantize with.

    Raises `UsageError` (step-out-of-range) unless it is a normal binary32 number.
    """
    step = exact_step(qp, qp_density)
    if not 2.0**_MIN_EXPONENT <= step < 2.0 ** (_MAX_EXPONENT + 1):
        raise refusal("step-out-of-range", f"step {step:.6g} (qp {qp}, qp_density {qp_density})")
    return step


def steps32(qps: range, qp_density: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Clause 10.1: the steps of qps whose steps are normal binary32 numbers, and 1 / step."""
    indices = np.arange(qps.start, qps.stop, qps.step, dtype=np.int64)
    density = 1 << qp_density
    mantissas = (density + (indices & (density - 1))).astype(np.float64)
    exact = np.ldexp(mantissas, (indices >> qp_density) - qp_density)
    return exact.astype(np.float32), (1.0 / exact).astype(np.float32)


def inverse_step32(qp: int, qp_density: int) -> np.float32:
    """1 / step rounded to binary32: the factor of the uniform quantizer. Raises as normal_step."""
    return np.float32(1.0 / normal_step(qp, qp_density))


def check_qp_density(qp_density: int) -> None:
    """Clause 7.3.2: raise `UsageError` (setting-unknown) unless qp_density is 0..7."""
    if not 0 <= qp_density <= MAX_QP_DENSITY:
        raise refusal("setting-unknown", f"qp_density {qp_density} is not 0..{MAX_QP_DENSITY}")


def qp_range(qp_density: int, base_qp: int | None = 0) -> range:
    """Clause 7.3.2: every qp whose difference to the base fits 6 + qp_density bits.

    `base_qp` is the quantization_parameter of the parameter set. None asks for every qp that
    some base reaches and whose step is a normal binary32 number.
    """
    check_qp_density(qp_density)
    reach = 1 << (5 + qp_density)
    if base_qp is not None:
        return range(base_qp - reach, base_qp + reach)
    first = max(_MIN_EXPONENT << qp_density, -_BASE_QP_LIMIT - reach)
    last = min(((_MAX_EXPONENT + 1) << qp_density) - 1, _BASE_QP_LIMIT - 1 + reach - 1)
    return range(first, last + 1)


def check_qp(qp: int, qp_density: int, base_qp: int = 0) -> None:
    """Clause 7.3.2: raise `UsageError` (qp-out-of-range) for a qp that cannot be coded."""
    legal = qp_range(qp_density, base_qp)
    if qp not in legal:
        raise refusal(
            "qp-out-of-range",
            f"qp {qp} with qp_density {qp_density} and base qp {base_qp}: "
            f"legal are {legal[0]}..{legal[-1]}",
        )


def qp_below(step: float, qp_density: int) -> int:
    """Clause 10.1: the largest qp, legal or not, whose exact step is not above `step` > 0."""
    fraction, exponent = math.frexp(step)
    # step = (2 * fraction) * 2^(exponent - 1) with 1 <= 2 * fraction < 2
    mantissa = math.floor((2 * fraction - 1) * (1 << qp_density))
    return ((exponent - 1) << qp_density) + mantissa


def qp_for_step(step: float, qp_density: int, base_qp: int | None = 0) -> int:
    """Clause 10.1: the largest qp whose step is not above `step`.

    Raises `UsageError` (step-out-of-range) when `step` is not positive and finite, or lies
    outside the steps of `qp_range(qp_density, base_qp)`.
    """
    legal = qp_range(qp_density, base_qp)
    if not (math.isfinite(step) and step > 0):
        raise refusal("step-out-of-range", f"step {step}")
    qp = qp_below(step, qp_density)
    if qp not in legal:
        smallest, largest = exact_step(legal[0], qp_density), exact_step(legal[-1], qp_density)
        raise refusal(
            "step-out-of-range",
            f"step {step:.6g} with qp_density {qp_density} and base qp {base_qp}: "
            f"the steps are {smallest:.6g}..{largest:.6g}",
        )
    return qp
