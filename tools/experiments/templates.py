"""`nnref experiment templates`: kernels as a * template + b (text 004), at several counts.

Bytes of the convolutions that can have templates are counted three times: as the text has them
(templates, a and b as binary32, a byte or two for each index), and as the units of a stream,
without and with a residual.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec import decode, open_stream
from nnref.codec.quantization.templates import Kernels, fitted_scales
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.distortion import weight_quality
from nnref.tools.experiments.document import table
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.measuring import Metrics
from nnref.tools.experiments.pictures import save, subplots
from nnref.tools.experiments.rows import Settings
from nnref.tools.train.templates import can_have_templates

COUNTS: Final = (16, 64, 256)
DISTANCES: Final = ("absolute", "signed")
_FLOAT_BYTES: Final = 4
_QUALITY: Final = 16.0
"""dB of what is not coded with templates, and of residuals."""
_OTHERS: Final = (4.0, 8.0, 12.0, _QUALITY)
"""dB of what templates are compared with."""

Tell = Callable[[str], None]


def measured(
    network: str,
    path: Path,
    journal: Journal,
    metrics: Metrics | None = None,
    command: str = "",
    tell: Tell = lambda _: None,
) -> list[Values]:
    """Points of a network: every count, distance, with and without a residual, and DQ alone.

    DQ is dependent quantization without templates.
    Raises as the codec and the evaluation do.
    """
    model = file_model(path)
    key = {"model": sha256(path.read_bytes()).hexdigest(), "evaluate": command}
    points = []
    for what in [{"row": "uncoded"}, *_dependent(), *_templates()]:
        tell(f"{network}: {' '.join(str(each) for each in what.values())}")
        values = journal.point({**key, **what}, partial(_point, model, what, metrics))
        points.append({**what, **values})
    return points


def _dependent() -> Iterator[dict[str, Any]]:
    return ({"row": "DQ", "sqnr": quality} for quality in _OTHERS)


def _templates() -> Iterator[dict[str, Any]]:
    for count in COUNTS:
        for distance in DISTANCES:
            yield {"row": "as published", "templates": count, "distance": distance}
            yield {"row": "coded", "templates": count, "distance": distance}
        yield {"row": "coded, residual", "templates": count, "distance": DISTANCES[0]}


def _point(model: Tensors, what: Mapping[str, Any], metrics: Metrics | None) -> Values:
    if what["row"] == "uncoded":
        values: Values = {"bytes": _bytes_of(model)}
        return values | {"metrics": metrics(model) if metrics else {}}
    if what["row"] == "as published":
        found, size = as_published(model, what["templates"], signed=what["distance"] == "signed")
        decoded: Mapping[str, Any] = {**model, **found}
    else:
        options = {} if what["row"] == "DQ" else _options(what)
        stream = Settings(options).code(model, what.get("sqnr", _QUALITY)).stream
        opened = open_stream(stream)
        size = sum(opened.info(name).unit.size for name in _eligible(model))
        decoded = decode(stream)
    weights = {name: model[name] for name in _eligible(model)}
    return {
        "bytes": size,
        "db": weight_quality(weights, decoded) if weights else 0.0,
        "metrics": metrics(decoded) if metrics else {},
    }


def _options(what: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": "templates",
        "templates": what["templates"],
        "template_distance": what["distance"],
        "template_residual": what["row"] == "coded, residual",
    }


def _eligible(model: Tensors) -> list[str]:
    """The same tensors for all counts, so that their bytes compare."""
    return [name for name, tensor in model.items() if can_have_templates(tensor.shape, COUNTS[-1])]


def _bytes_of(model: Tensors) -> int:
    return sum(model[name].nbytes for name in _eligible(model))


def as_published(model: Tensors, count: int, *, signed: bool) -> tuple[Tensors, int]:
    """The convolutions with `count` templates each, and their bytes as the text stores them."""
    found, size = {}, 0
    for name in _eligible(model):
        shape = model[name].shape
        kernels = model[name].reshape(-1, int(np.prod(shape[2:]))).astype(np.float64)
        templates, indices = Kernels.of(kernels, signed=signed).clustered(count)
        scales = fitted_scales(kernels, templates[indices])[:, np.newaxis]
        offsets = kernels.mean(axis=1, keepdims=True)
        found[name] = (scales * templates[indices] + offsets).astype(np.float32).reshape(shape)
        index_bytes = 1 if count <= 1 << 8 else 2
        size += _FLOAT_BYTES * (templates.size + 2 * len(kernels)) + index_bytes * len(kernels)
    return found, size


def draw(points: Sequence[Values], path: Path) -> None:
    """DB of the convolutions over the part of their bytes that is left: a curve for each row.

    Raises FileError extra-missing without matplotlib, file-write.
    """
    figure, (axes,) = subplots(1)
    original = points[0]["bytes"]
    shown = [each for each in points[1:] if each.get("distance") != "signed" and original]
    for row in dict.fromkeys(each["row"] for each in shown):
        own = [(100 * e["bytes"] / original, e["db"]) for e in shown if e["row"] == row]
        axes.plot(*zip(*sorted(own), strict=True), marker=".", label=row)
    axes.set(xlabel="CR % of convolutions", ylabel="dB of convolutions", xscale="log")
    if shown:
        axes.legend(fontsize="small")
    save(figure, path)


def markdown(
    results: Mapping[str, Sequence[Values]],
    retrained: Sequence[Values],
    command: str,
    pictures: Mapping[str, str] | None = None,
) -> str:
    """The tables; `retrained` are those of the demo's network (`templates_retrained`).

    `pictures` are paths beside the report by network.
    """
    parts = ["# Linear representation of kernels (text 004)", f"Printed by `{command}`."]
    parts += [
        "The text: convolutions near 4x smaller with tiny impact after retraining, no table. A 3x3 "
        "kernel of 288 bits as two binary32 numbers and a byte is 4.0x with 256 templates.",
    ]
    for network, points in results.items():
        parts += [f"## {network}", _network(points)]
        if network in (pictures or {}):
            parts.append(f"![{network}]({(pictures or {})[network]})")
    if retrained:
        parts += ["## Retrained with frozen templates: the demo's network", _retrained(retrained)]
    return "\n\n".join(parts) + "\n"


def _network(points: Sequence[Values]) -> str:
    original = points[0]["bytes"]
    names = list(points[0]["metrics"])[:2]
    lines = []
    for each in points:
        part = each["bytes"] / original if original else 0.0
        lines.append(
            [
                each["row"],
                _setting(each),
                {"absolute": "\\|r\\|", "signed": "r"}.get(each.get("distance", ""), ""),
                str(each["bytes"]),
                f"{100 * part:.2f}",
                f"{1 / part:.2f}" if part else "",
                f"{each['db']:.2f}" if "db" in each else "",
                *(f"{each['metrics'][name]:.6g}" for name in names),
            ]
        )
    columns = ["row", "templates, dB", "distance", "conv bytes", "CR %", "CR x", "conv dB"]
    return table([*columns, *names], lines)


def _setting(point: Values) -> str:
    return f"{point['sqnr']:g} dB" if "sqnr" in point else str(point.get("templates", ""))


def _retrained(points: Sequence[Values]) -> str:
    columns = ["templates", "conv bytes", "CR x", "top-1 before", "frozen", "retrained", "decoded"]
    lines = [
        [
            str(each["templates"]),
            str(each["bytes"]),
            f"{each['original_bytes'] / each['bytes']:.2f}",
            *(f"{100 * each[name]:.2f}" for name in ("before", "frozen", "retrained", "decoded")),
        ]
        for each in points
    ]
    return table(columns, lines)
