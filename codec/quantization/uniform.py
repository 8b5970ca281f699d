"""Clause 10.2: the uniform quantizer without rates."""

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.kernels.uniform import round_to_grid
from nnref.codec.quantization.overflow import OnOverflow, usable_qp
from nnref.codec.quantization.result import QuantizationResult
from nnref.codec.quantization.scan import to_scan
from nnref.codec.quantization.step import inverse_step32


def quantize_uniform(
    weights: npt.NDArray[np.float32],
    qp: int,
    qp_density: int,
    *,
    on_overflow: OnOverflow = "raise",
) -> QuantizationResult:
    """Clause 10.2: q = weight * (1 / step), one binary32 product, rounded half away from zero.

    `weights` is float32 of any shape, C-contiguous; 1 / step is rounded to binary32. When q
    would leave 32 bits, `on_overflow="raise"` refuses the tensor (tensor-out-of-range) and
    "compatible" quantizes with the larger qp of the peer. Raises `UsageError` also for NaN and
    infinities (tensor-not-finite) and for a step that is no normal number (step-out-of-range).
    """
    qp = usable_qp(weights, qp, qp_density, dependent=False, on_overflow=on_overflow)
    q = np.empty(weights.shape, np.int32)
    round_to_grid(to_scan(weights, 0), inverse_step32(qp, qp_density), q.reshape(-1))
    return QuantizationResult(q, qp)
