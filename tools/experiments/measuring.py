"""One point: a model coded by a method, decoded, compared and evaluated."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from math import log10
from typing import Any

import numpy as np

from nnref.codec import decode, open_stream
from nnref.codec.quantization.metrics import distance
from nnref.tools.bench.workload import Tensors, count_weights
from nnref.tools.experiments.rows import Coded, Method

Metrics = Callable[[Mapping[str, Any]], dict[str, float]]
"""What a model is worth: its task metric first."""


def measure(
    method: Method, model: Tensors, sqnr: float, metrics: Metrics | None = None
) -> dict[str, Any]:
    """Bytes, distortion, SL, side information and task metrics of one point, as JSON has it.

    Raises as the method, the decoder and the evaluation do.
    """
    started = time.perf_counter()
    coded = method.code(model, sqnr)
    seconds = time.perf_counter() - started
    decoded = decode(coded.stream)
    return {
        "bytes": len(coded.stream),
        "weight_bytes": _weight_bytes(model, coded),
        "original_bytes": sum(tensor.nbytes for tensor in model.values()),
        "db": weight_quality(model, decoded),
        "seconds": seconds,
        "metrics": metrics(decoded) if metrics is not None else {},
        **_lnq(model, coded),
    }


def weight_quality(model: Tensors, decoded: Mapping[str, Any]) -> float:
    """dB: the mean over all weights of the squared error in parts of their tensor's mean square.

    Weights are those of tensors with at least two dimensions that are not zero.
    """
    error, count = 0.0, 0
    for name, tensor in model.items():
        if tensor.ndim > 1 and np.any(tensor):
            apart = distance(tensor, decoded[name])
            error += tensor.size * apart.noise / apart.signal
            count += tensor.size
    return -10 * log10(error / count) if error else float("inf")


def _weight_bytes(model: Tensors, coded: Coded) -> int:
    opened = open_stream(coded.stream)
    return sum(opened.info(name).unit.size for name, tensor in model.items() if tensor.ndim > 1)


def _lnq(model: Tensors, coded: Coded) -> dict[str, Any]:
    """What nnref's encoder says of layers with LNQ; nothing of another's stream."""
    if coded.report is None:
        return {}
    layers = [(t.name, t.lnq) for t in coded.report.tensors if t.lnq is not None]
    bits: Counter[str] = Counter()
    for _, layer in layers:
        bits.update(layer.bits)
    return {
        "sl": sum(layer.lnq_weights for _, layer in layers) / count_weights(model),
        "modes": {name: layer.mode for name, layer in layers},
        "bits": dict(bits),
        "side_bits": sum(layer.side_bits for _, layer in layers),
    }
