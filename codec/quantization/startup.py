"""Loading the kernels ahead of their first use."""

import numpy as np

from nnref.codec.quantization.dependent import quantize_dependent
from nnref.codec.quantization.quality import choose_qp
from nnref.codec.quantization.uniform import quantize_uniform


def warm_up() -> None:
    """Compile the quantizers' kernels, or load them from numba's cache (a fraction of a second).

    Those of the rate-distortion quantizers are left out: few encoders ask for them.
    """
    weights = np.ones(2, np.float32)
    quantize_uniform(weights, 0, 2)
    quantize_dependent(weights, 0, 2)
    choose_qp(weights, sqnr_db=1.0, dq_flag=True)
