"""The example of a Dask cluster, on a real one of two processes."""

import subprocess
import sys

import numpy as np

from nnref.codec import decode_file, encode_file


def test_two_dask_workers_decode_the_same_file(tmp_path):
    random = np.random.default_rng(1)
    model = {
        f"layer{i}.weight": random.laplace(0, 0.1, (1500, 1500)).astype(np.float32)
        for i in range(3)
    }
    stream, output, alone = (tmp_path / name for name in ("m.nnr", "m.npz", "alone.npz"))
    encode_file(model, stream, qp=0, dq=False, shift_search="off")
    command = [sys.executable, "-m", "nnref.tools.examples.dask_decode", stream, output]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == f"{output}: 3 tensors, decoded by 2 worker processes\n"
    decode_file(stream, alone)
    assert output.read_bytes() == alone.read_bytes()
