import subprocess
import sys

import numba
import numpy as np
import pytest

from nnref.codec import quantization
from nnref.codec.quantization.kernels.trellis import search_path, trace_back
from nnref.codec.quantization.kernels.uniform import round_to_grid, squared_error
from nnref.spec.errors import UsageError


def test_importing_the_package_loads_no_numba():
    code = (
        "import sys, nnref.codec.quantization as q; from nnref.codec.quantization import qp_range;"
        "assert 'numba' not in sys.modules; q.quantize_uniform; assert 'numba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_exported_name_exists():
    for name in quantization.__all__:
        assert getattr(quantization, name).__name__ == name


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_kernels_are_compiled_for_one_set_of_types():
    quantization.warm_up()
    writable = np.ones((40, 200), np.float32)
    frozen = np.frombuffer(writable.tobytes(), np.float32)
    for weights in (writable, writable[:, ::2], writable.T, frozen):
        quantization.quantize_uniform(weights, 0, 2)
        quantization.quantize_dependent(weights, 0, 2, scan_order=1)
        quantization.choose_qp(weights, sqnr_db=20, dq_flag=True)
    for kernel in (round_to_grid, squared_error, search_path, trace_back):
        assert len(kernel.signatures) == 1


@pytest.mark.parametrize("dtype", [np.float64, ">f4", np.int32])
def test_weights_of_another_type_are_refused(dtype):
    weights = np.ones(3, dtype)
    for call in (
        lambda: quantization.quantize_uniform(weights, 0, 2),
        lambda: quantization.quantize_dependent(weights, 0, 2),
        lambda: quantization.choose_qp(weights, sqnr_db=20),
    ):
        with pytest.raises(UsageError) as refused:
            call()
        assert refused.value.id == "tensor-dtype-unsupported"
