"""Clauses 10.2 and 10.3: quantizers that trade squared error against estimated bits."""

import math

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.kernels.rate_trellis import search_path_with_rates
from nnref.codec.quantization.kernels.rate_uniform import round_with_rates
from nnref.codec.quantization.kernels.trellis import trace_back
from nnref.codec.quantization.overflow import OnOverflow, usable_qp
from nnref.codec.quantization.result import QuantizationResult
from nnref.codec.quantization.scan import from_scan, to_scan
from nnref.codec.quantization.step import normal_step
from nnref.spec.errors import refusal

_COST_OF_A_BIT = 32768
"""Bits are counted in units of 1/32768."""


def quantize_uniform_rd(
    weights: npt.NDArray[np.float32],
    qp: int,
    qp_density: int,
    *,
    lambda_scale: float,
    unary_length: int,
    scan_order: int = 0,
    on_overflow: OnOverflow = "raise",
) -> QuantizationResult:
    """Clause 10.2: per weight the cheapest of 0, the rounded weight and its lower neighbour.

    The weight of a bit grows with `lambda_scale` > 0. `unary_length` flags
    abs_level_greater_x are assumed (the peer assumes one less than it codes). Bits are those
    of an adaptive estimate along the scan that knows neither row skip, temporal contexts nor
    shift parameters. Otherwise as `quantize_uniform`; setting-unknown for the two settings.
    """
    _check(lambda_scale, unary_length)
    qp = usable_qp(weights, qp, qp_density, dependent=False, on_overflow=on_overflow)
    scanned = to_scan(weights, scan_order)
    inverse_step = 1.0 / normal_step(qp, qp_density)
    distortion_scale = _COST_OF_A_BIT / (lambda_scale * math.log(2) / 6)
    q = np.empty(weights.size, np.int32)
    round_with_rates(scanned, inverse_step, distortion_scale, unary_length, q)
    return QuantizationResult(from_scan(q, weights.shape, scan_order), qp)


def quantize_dependent_rd(
    weights: npt.NDArray[np.float32],
    qp: int,
    qp_density: int,
    *,
    lambda_scale: float,
    unary_length: int,
    scan_order: int = 0,
    on_overflow: OnOverflow = "raise",
) -> QuantizationResult:
    """Clause 10.3: the cheapest q that the 8-state machine can code, by an adaptive estimate.

    Settings as in `quantize_uniform_rd`, the rest as in `quantize_dependent`.
    """
    _check(lambda_scale, unary_length)
    qp = usable_qp(weights, qp, qp_density, dependent=True, on_overflow=on_overflow)
    scanned = to_scan(weights, scan_order)
    inverse_step = 1.0 / normal_step(qp, qp_density)
    distortion_scale = _COST_OF_A_BIT / (4 * 0.7 * lambda_scale * math.log(2) / 6)
    q = np.empty(weights.size, np.int32)
    decisions = np.empty(weights.size, np.uint16)
    state = search_path_with_rates(scanned, inverse_step, distortion_scale, unary_length, decisions)
    trace_back(scanned, inverse_step, decisions, state, q)
    return QuantizationResult(from_scan(q, weights.shape, scan_order), qp)


def _check(lambda_scale: float, unary_length: int) -> None:
    if not (math.isfinite(lambda_scale) and lambda_scale > 0):
        raise refusal(
            "setting-unknown", f"lambda_scale {lambda_scale}: a positive number is needed"
        )
    if unary_length < 1:
        raise refusal("setting-unknown", f"unary_length {unary_length} is less than 1")
