"""Figures that only a fresh process can give: start-up times and peak memory."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from nnref.codec import encode
from nnref.conformance.interop.client import Peer
from nnref.tools.bench.models import OPTIONS, PEER_OPTIONS, PEER_TIMEOUT
from nnref.tools.bench.results import Row, figure_row
from nnref.tools.bench.workload import Tensors


def measure_startup() -> list[Row]:
    """CPU seconds of import and kernels, with an empty kernel cache and with a filled one."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for state in ("cold", "warm"):
            seconds = run_child("start", cache=cache)
            rows += [
                figure_row(f"import, {state}", "s", seconds["import"]),
                figure_row(f"all kernels, {state}", "s", seconds["kernels"]),
            ]
    return rows


def measure_memory(model: Tensors, peer_python: Path | None) -> list[Row]:
    """Peak resident memory of a process, idle and after one call.

    nnref goes from file to file; the peer's functions take and give the whole model in memory.
    """
    theirs = _peer_memory(model, peer_python) if peer_python else {}
    with tempfile.TemporaryDirectory() as folder:
        tensors, stream = f"{folder}/model.safetensors", f"{folder}/model.nnr"
        save_file(model, tensors)
        encoding = run_child("encode", tensors, stream, json.dumps(OPTIONS))
        decoding = run_child("decode", stream, f"{folder}/decoded.safetensors")
    ours = {"idle": encoding["idle"], "encode": encoding["peak"], "decode": decoding["peak"]}
    return [figure_row(what, "MiB", mib(peak), theirs.get(what)) for what, peak in ours.items()]


def _peer_memory(model: Tensors, python: Path) -> dict[str, float]:
    stream = np.frombuffer(encode(model, **OPTIONS), np.uint8)
    options = {"names": list(model), "options": PEER_OPTIONS}
    idle, encoding = _peer_peaks(python, "compress", list(model.values()), options)
    _, decoding = _peer_peaks(python, "decompress", [stream], {})
    return {"idle": idle, "encode": encoding, "decode": decoding}


def _peer_peaks(
    python: Path, command: str, arrays: list[Any], values: dict[str, Any]
) -> tuple[float, float]:
    with Peer(python, timeout=PEER_TIMEOUT) as peer:
        idle = peer.call("describe").values["peak_memory"]
        peer.call(command, arrays, **values)
        return mib(idle), mib(peer.call("describe").values["peak_memory"])


def mib(count: float) -> float:
    """Bytes as MiB."""
    return count / 2**20


def run_child(*arguments: str, cache: str | None = None) -> dict[str, float]:
    """What a fresh process measures (`child`), with a kernel cache of its own if one is given."""
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    command = [sys.executable, "-m", "nnref.tools.bench.child", *arguments]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout
    figures: dict[str, float] = json.loads(output)
    return figures
