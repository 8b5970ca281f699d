"""What one fresh process does for `fresh` and `large`: prints its figures as JSON and ends.

python -m nnref.tools.bench.child nothing
python -m nnref.tools.bench.child start
python -m nnref.tools.bench.child encode MODEL STREAM OPTIONS_JSON
python -m nnref.tools.bench.child decode STREAM OUTPUT
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from nnref.conformance.interop.peer.memory import peak_memory
from nnref.tools.bench.timing import cpu_seconds


def start() -> dict[str, float]:
    """CPU seconds of the import of the codec, and of loading or compiling its kernels."""
    begin = time.process_time()
    from nnref.codec import decode, encode  # noqa: F401, PLC0415 - the import is what is measured

    imported = time.process_time()
    use_every_kernel()
    return {"import": imported - begin, "kernels": time.process_time() - imported}


def encode(model: str, stream: str, options: str) -> dict[str, float]:
    """Peak memory of a process that encodes a file into a file, before and after, and seconds."""
    from nnref.codec import encode_file  # noqa: PLC0415

    return _figures(lambda: encode_file(model, stream, **json.loads(options)))


def decode(stream: str, output: str) -> dict[str, float]:
    """Peak memory of a process that decodes a file into a file, before and after, and seconds."""
    from nnref.codec import decode_file  # noqa: PLC0415

    return _figures(lambda: decode_file(stream, output))


def _figures(work: Callable[[], object]) -> dict[str, float]:
    use_every_kernel()
    idle = peak_memory()
    seconds = cpu_seconds(work)
    return {"idle": idle, "peak": peak_memory(), "seconds": seconds}


def use_every_kernel() -> None:
    """Encode and decode a tiny model with every tool that has a kernel of its own."""
    import numpy as np  # noqa: PLC0415

    from nnref.codec import decode, encode  # noqa: PLC0415

    weights = np.arange(-96, 96, dtype=np.float32).reshape(12, 16)
    variants: tuple[dict[str, Any], ...] = (
        {"qp": 0, "dq": False, "shift_search": "off"},
        {"qp": 0, "dq": True, "shift_search": "compatible", "scan_order": 1},
        {"sqnr": 30.0, "dq": True, "shift_search": "exact"},
    )
    for options in variants:
        decode(encode({"weight": weights, "bias": weights[0]}, **options))


def nothing() -> dict[str, float]:
    """Peak memory of an interpreter that has imported nothing of nnref's codec."""
    return {"peak": peak_memory()}


ACTIONS: dict[str, Callable[..., dict[str, float]]] = {
    "nothing": nothing,
    "start": start,
    "encode": encode,
    "decode": decode,
}

if __name__ == "__main__":
    print(json.dumps(ACTIONS[sys.argv[1]](*sys.argv[2:])))
