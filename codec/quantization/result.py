"""What a quantizer returns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class QuantizationResult:
    """The quantized parameters of one tensor and the qp they belong to."""

    q: npt.NDArray[np.int32]
    """Quantized parameters, shape of the weights, C-contiguous."""
    qp: int
    """The asked qp, or the larger one that keeps q inside 32 bits (compatible mode)."""
