import subprocess
import sys

from nnref.codec import quantization


def test_importing_the_package_loads_no_numba():
    code = (
        "import sys, nnref.codec.quantization as q; from nnref.codec.quantization import qp_range;"
        "assert 'numba' not in sys.modules; q.quantize_uniform; assert 'numba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_exported_name_exists():
    for name in quantization.__all__:
        assert getattr(quantization, name).__name__ == name


def test_warm_up_loads_every_kernel():
    quantization.warm_up()
