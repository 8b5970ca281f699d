"""What the kernels cost before the first bin, and that they mean the same without the compiler."""

import os
import subprocess
import sys

import numpy as np

from nnref.codec.entropy import TensorSyntax, warm_up
from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.decode import decode_tensor
from nnref.codec.entropy.kernels.encode import encode_tensor
from nnref.codec.entropy.kernels.search import choose_shift_idx
from tests.codec.entropy.cases import SEARCHES, Case, decode, encode, on_grid

CASES = (
    Case(TensorSyntax(4, 1, 1), np.array([0, 1, -(1 << 31), (1 << 31) - 1], np.int32)),
    Case(TensorSyntax(9, 9, 2, scan_order=1, codebook_size=5, codebook_zero_offset=2),
         np.tile(np.int32([0, -2, 2, 1, 0, 0, 0, 0, -1]), 9), row_skip=True),
    Case(TensorSyntax(3, 4, 3, parent=True, temporal=True), np.arange(-6, 6, dtype=np.int32),
         base=np.arange(-4, 8, dtype=np.int32), history=np.tile(np.int8([0, 1]), 6),
         history_flag=True),
    Case(TensorSyntax(9, 3, 2, dq_flag=1, scan_order=1),
         on_grid(np.arange(27) % 5 - 2, TensorSyntax(9, 3, 2, dq_flag=1, scan_order=1), None)),
    Case(TensorSyntax(700, 1, 1), np.tile(np.int32([0, 1, -1, 40, 0, 0, 0]), 100)),
)  # fmt: skip


def round_trips():
    """Payloads of all cases with all searches, each decoded again."""
    payloads = []
    for case in CASES:
        for search in SEARCHES:
            payload, entry_points = encode(case, search)
            assert decode(case, payload, entry_points)[0].tolist() == case.quantized.tolist()
            payloads.append(payload.hex())
    return payloads


def python(*arguments, **environment):
    """Standard output of a Python process that takes warnings for errors."""
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | environment
    ).stdout


def test_kernels_mean_the_same_without_the_compiler():
    program = f"from {__name__} import round_trips; print(*round_trips())"
    assert python("-c", program, NUMBA_DISABLE_JIT="1").split() == round_trips()


def test_package_loads_no_compiler():
    program = "import sys, nnref.codec.entropy; print('numba' in sys.modules)"
    assert python("-c", program).strip() == "False"


def test_kernels_are_compiled_for_one_signature():
    warm_up()
    round_trips()
    for compiled in (decode_tensor, encode_tensor, choose_shift_idx):
        assert len(compiled.signatures) == 1


def test_kernels_compile_where_no_folder_can_keep_them(monkeypatch):
    def refuse(_):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr("numba.core.dispatcher.FunctionCache", refuse)
    assert kernel(lambda x: x + 1)(1) == 2
