"""`nnref experiment video`: weights as pictures of HEVC (text 000), on networks.

The text quantizes a trained network to 8 bits and codes its fully connected layers as video. What
the other layers are in its 76 % it does not say: here they are binary32, or integers, too. Beside
it are all layers as pictures, other depths and layouts, and what needs no video codec.
"""

import lzma
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec import Rule, decode, open_stream
from nnref.codec.encoder.methods.video import chosen_scales, to_samples
from nnref.codec.encoder.settings import EncodeSettings
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.distortion import weight_quality
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.measuring import Metrics
from nnref.tools.experiments.rows import Settings

QPS: Final = (12, 17, 22, 27, 32, 37)
QUALITIES: Final = (5.0, 8.0, 12.0, 16.0, 20.0, 30.0, 40.0)
"""dB of the standard's dependent quantization."""
PRUNED: Final = (0.1, 0.2, 0.35)
"""Filters that are left out, in parts of a layer's: the text's rivals saved 35 %."""
_BESIDE: Final = 40.0
"""dB of what is beside pictures: biases, normalization."""
_DEPTH: Final = 8
_MATTERS: Final = 0.05
"""Part of a network's numbers."""

Tell = Callable[[str], None]
Code = Callable[[Tensors], tuple[int, Tensors, Values]]
"""Bytes of a file, what is decoded from it, and bytes of weights and seconds where known."""


@dataclass(frozen=True, slots=True)
class Row:
    """One point of a table."""

    words: str
    series: str
    """The curve that it belongs to."""
    code: Code = field(compare=False)


def _stream(model: Tensors, options: Mapping[str, Any], sqnr: float) -> tuple[int, Tensors, Values]:
    started = time.process_time()
    stream = Settings(options).code(model, sqnr).stream
    encoded = time.process_time()
    decoded = decode(stream)
    values = {"encode_s": encoded - started, "decode_s": time.process_time() - encoded}
    opened = open_stream(stream)
    sizes = (opened.info(name).unit.size for name in model if model[name].ndim > 1)
    return len(stream), decoded, {"weight_bytes": sum(sizes), **values}


def _video(rest: str = "pictures", **options: Any) -> Code:
    """All weights as pictures, or fully connected layers with `rest` for the others: binary32, or
    pictures without loss.
    """

    def code(model: Tensors) -> tuple[int, Tensors, Values]:
        others = [name for name, tensor in model.items() if tensor.ndim != 2]
        own: Mapping[str, Any] = {"lossless": True} if rest == "binary32" else {"video_qp": None}
        rules = tuple(Rule(name, own) for name in others) if rest != "pictures" else ()
        return _stream(model, {"method": "video", **options, "rules": rules}, _BESIDE)

    return code


def _standard(sqnr: float) -> Code:
    return lambda model: _stream(model, {}, sqnr)


def _original(model: Tensors) -> tuple[int, Tensors, Values]:
    return _bytes(model), model, {"weight_bytes": _bytes(_weights(model))}


def _packed(model: Tensors) -> tuple[int, Tensors, Values]:
    """The text's integers in xz, everything else as it is."""
    decoded, size = dict(model), _bytes(model) - _bytes(_weights(model))
    sizes = 0
    for name, tensor in _weights(model).items():
        matrix = np.ascontiguousarray(tensor, np.float32).reshape(len(tensor), -1)
        scales = chosen_scales(matrix, EncodeSettings(video_depth=_DEPTH))
        samples = to_samples(matrix, scales, _DEPTH)
        sizes += len(lzma.compress(samples.tobytes(), preset=9)) + scales.nbytes
        integers = samples.astype(np.float32) - (1 << _DEPTH - 1)
        decoded[name] = (integers * scales[:, np.newaxis]).reshape(tensor.shape)
    return size + sizes, decoded, {"weight_bytes": sizes}


def _without_filters(part: float) -> Code:
    """Without the filters of least sum of magnitudes, which are 0 in the decoded network.

    Only the layer's own weights are counted less, not those that the next layer has for them.
    """

    def code(model: Tensors) -> tuple[int, Tensors, Values]:
        decoded, gone = dict(model), 0
        for name, tensor in model.items():
            if tensor.ndim == 4:
                sums = np.abs(tensor).reshape(len(tensor), -1).sum(axis=1)
                least = np.argsort(sums, kind="stable")[: round(part * len(tensor))]
                decoded[name] = tensor.copy()
                decoded[name][least] = 0
                gone += tensor[least].nbytes
        return _bytes(model) - gone, decoded, {"weight_bytes": _bytes(_weights(model)) - gone}

    return code


ORIGINAL: Final = Row("binary32", "original", _original)
TEXT: Final = (
    Row(
        "FC lossless, rest binary32",
        "FC pictures, rest binary32",
        _video("binary32", video_layers="fc"),
    ),
    Row("all lossless", "all pictures", _video()),
)
"""The two ways to read the text's rate."""


def rows(model: Tensors) -> list[Row]:
    """All of them, in the order of the table; those of some layers where these matter."""
    found = [ORIGINAL, Row("integers of 8 bits, xz", "xz", _packed), *TEXT]
    for rest in ("binary32", "lossless") if fully_connected(model) >= _MATTERS else ():
        layers = {"video_layers": "fc"} if rest == "binary32" else {}
        found += [
            Row(
                f"FC QP {qp}, rest {rest}",
                f"FC pictures, rest {rest}",
                _video(rest, video_qp=qp, **layers),
            )
            for qp in QPS
        ]
    found += [Row(f"all QP {qp}", "all pictures", _video(video_qp=qp)) for qp in QPS]
    for words, options in (
        ("10 bits", {"video_depth": 10}),
        ("12 bits", {"video_depth": 12}),
        ("scales of rows", {"video_scales": "row"}),
        ("kernels", {"video_layout": "kernels"}),
        ("square", {"video_layout": "square"}),
        ("4:2:0", {"video_chroma": True}),
    ):
        found.append(Row(f"all lossless, {words}", f"lossless, {words}", _video(**options)))
    for words, options in (
        ("scales of rows", {"video_scales": "row"}),
        ("kernels", {"video_layout": "kernels"}),
        ("square", {"video_layout": "square"}),
    ):
        found.append(Row(f"all QP 22, {words}", f"QP 22, {words}", _video(video_qp=22, **options)))
    filters = PRUNED if any(tensor.ndim == 4 for tensor in model.values()) else ()
    found += [Row(f"filters less {100 * p:g} %", "filters", _without_filters(p)) for p in filters]
    found += [Row(f"DQ, {q:g} dB", "DQ", _standard(q)) for q in QUALITIES]
    return found


def measured(
    network: str,
    path: Path,
    journal: Journal,
    metrics: Metrics | None = None,
    command: str = "",
    tell: Tell = lambda _: None,
    patterns: Sequence[str] = ("*",),
) -> list[Values]:
    """Points of a network: the original, and one for each row of which a pattern matches the words.

    Raises as the codec and the evaluation do.
    """
    model = file_model(path)
    key = {"model": sha256(path.read_bytes()).hexdigest(), "evaluate": command}
    points = []
    for row in rows(model):
        if row.words != ORIGINAL.words and not any(fnmatchcase(row.words, p) for p in patterns):
            continue
        tell(f"{network}: {row.words}")
        values = journal.point({**key, "row": row.words}, partial(_point, model, row, metrics))
        points.append({"row": row.words, "series": row.series, **values})
    return points


def _point(model: Tensors, row: Row, metrics: Metrics | None) -> Values:
    size, decoded, values = row.code(model)
    return {
        "original_bytes": _bytes(model),
        "bytes": size,
        "weights": sum(tensor.size for tensor in _weights(model).values()),
        "fc": fully_connected(model),
        "db": weight_quality(model, decoded),
        "metrics": metrics(decoded) if metrics is not None else {},
        **values,
    }


def fully_connected(model: Tensors) -> float:
    """Part of all numbers that is in the weights of fully connected layers."""
    inside = sum(tensor.size for tensor in model.values() if tensor.ndim == 2)
    return inside / sum(tensor.size for tensor in model.values())


def _weights(model: Tensors) -> Tensors:
    return {name: tensor for name, tensor in model.items() if tensor.ndim > 1}


def _bytes(model: Tensors) -> int:
    return sum(tensor.nbytes for tensor in model.values())


def bits_of_weight(point: Values) -> float:
    """Of all weights, whether they are pictures or not."""
    return float(8 * point["weight_bytes"] / point["weights"])


def saved(point: Values) -> float:
    """Part of the original bytes that is saved: what the text calls its reduction."""
    return 1 - float(point["bytes"] / point["original_bytes"])


def best_within(points: Sequence[Values], series: str, change: float) -> Values | None:
    """The smallest point of a curve whose first metric changes by at most so much, relatively;
    None if there is none, or no metric.
    """
    for name, before in [*points[0]["metrics"].items()][:1]:
        most = change * abs(before)
        own = [point for point in points if point["series"] == series]
        near = [point for point in own if abs(point["metrics"][name] - before) <= most]
        return min(near, key=lambda point: int(point["bytes"]), default=None)
    return None
