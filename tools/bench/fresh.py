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
from nnref.tools.bench.models import OPTIONS, PEER_OPTIONS
from nnref.tools.bench.results import Row, figure_row
from nnref.tools.bench.workload import Tensors


def measure_startup() -> list[Row]:
    """Wall-clock seconds of import and kernels, with an empty kernel cache and a filled one."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for state in ("cold", "warm"):
            seconds = _child("start", cache=cache)
            rows += [
                figure_row(f"import, {state}", "s", seconds["import"]),
                figure_row(f"all kernels, {state}", "s", seconds["kernels"]),
            ]
    return rows


def measure_memory(model: Tensors, peer_python: Path | None) -> list[Row]:
    """Peak memory above that of the idle process: from file to file, and the peer's functions."""
    theirs = _peer_growth(model, peer_python) if peer_python else {}
    with tempfile.TemporaryDirectory() as folder:
        tensors, stream = f"{folder}/model.safetensors", f"{folder}/model.nnr"
        save_file(model, tensors)
        ours = {
            "encode": _growth(_child("encode", tensors, stream, json.dumps(OPTIONS))),
            "decode": _growth(_child("decode", stream, f"{folder}/decoded.safetensors")),
        }
    return [figure_row(what, "MiB", grown, theirs.get(what)) for what, grown in ours.items()]


def _peer_growth(model: Tensors, python: Path) -> dict[str, float]:
    stream = np.frombuffer(encode(model, **OPTIONS), np.uint8)
    options = {"names": list(model), "options": PEER_OPTIONS}
    return {
        "encode": _peer_call(python, "compress", list(model.values()), options),
        "decode": _peer_call(python, "decompress", [stream], {}),
    }


def _peer_call(python: Path, command: str, arrays: list[Any], values: dict[str, Any]) -> float:
    with Peer(python) as peer:
        before = peer.call("describe").values["peak_memory"]
        peer.call(command, arrays, **values)
        after = peer.call("describe").values["peak_memory"]
    return _growth({"before": before, "after": after})


def _growth(peak: dict[str, float]) -> float:
    return (peak["after"] - peak["before"]) / 2**20


def _child(*arguments: str, cache: str | None = None) -> dict[str, float]:
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    command = [sys.executable, "-m", "nnref.tools.bench.child", *arguments]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout
    figures: dict[str, float] = json.loads(output)
    return figures
