"""One point: a model coded by a method, decoded, compared and evaluated."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from nnref.codec import decode, open_stream
from nnref.tools.bench.workload import Tensors, count_weights
from nnref.tools.experiments.distortion import weight_quality
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
