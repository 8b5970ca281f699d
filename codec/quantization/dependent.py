"""Clause 10.3: the dependent quantizer without rates."""

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.kernels.trellis import search_path, trace_back
from nnref.codec.quantization.overflow import OnOverflow, usable_qp
from nnref.codec.quantization.result import QuantizationResult
from nnref.codec.quantization.scan import from_scan, to_scan
from nnref.codec.quantization.step import normal_step


def quantize_dependent(
    weights: npt.NDArray[np.float32],
    qp: int,
    qp_density: int,
    *,
    scan_order: int = 0,
    on_overflow: OnOverflow = "raise",
) -> QuantizationResult:
    """Clause 10.3: the q of least squared error that the 8-state machine can code.

    `weights` is float32 of any shape, C-contiguous. The state machine walks along the scan, so
    the result holds for this `scan_order` only. Path costs are binary64 sums in scan order; on
    ties the lower-numbered state and the grid point before zero win. Overflow and errors as in
    `quantize_uniform`. Takes 2 bytes per weight while it runs, 10 for a block scan.
    """
    qp = usable_qp(weights, qp, qp_density, dependent=True, on_overflow=on_overflow)
    scanned = to_scan(weights, scan_order)
    inverse_step = 1.0 / normal_step(qp, qp_density)
    q = np.empty(weights.size, np.int32)
    decisions = np.empty(weights.size, np.uint16)
    state = search_path(scanned, inverse_step, decisions)
    trace_back(scanned, inverse_step, decisions, state, q)
    return QuantizationResult(from_scan(q, weights.shape, scan_order), qp)
