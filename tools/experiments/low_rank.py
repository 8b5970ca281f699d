"""`nnref experiment lowrank`: kernels as vertical and horizontal filters (text 001), on networks.

A point is a network with some layers factored, coded or not, in the terms of the evaluation
framework of MPEG-NNR: sizes of the original, coded and reconstructed network, its task metrics,
multiplications and processor time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any, Final

from nnref.codec import Rule, decode
from nnref.codec.encoder.low_rank import Decomposition
from nnref.codec.quantization import kernel_matrix, kernel_weight
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.distortion import weight_quality
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.measuring import Metrics
from nnref.tools.experiments.rows import Settings

PUBLISHED_PARTS: Final = (32 / 64, 24 / 64)
"""Rank over channels of the text, in the second and in the third layer."""
QUALITIES: Final = (20.0, 30.0, 40.0)
_QUALITY: Final = 30.0
"""dB of what is coded with a given rank."""
_FLOAT_BYTES: Final = 4
_LOW_RANK: Final[dict[str, Any]] = {"method": "lowrank"}

Tell = Callable[[str], None]
Seconds = Callable[[Sequence[int], int], float]
"""Processor time of a convolution with a weight of a shape: as two of a rank, or as one with 0."""


@dataclass(frozen=True, slots=True)
class Row:
    """One point of a table."""

    words: str
    series: str
    """The curve that it belongs to."""
    options: Mapping[str, Any] = field(default_factory=dict)
    sqnr: float | None = None
    """dB; None: nothing is coded, numbers are kept as binary32."""
    layers: int = 0
    """So many of the layers that the text chose have the ranks of `PUBLISHED_PARTS`."""


ORIGINAL: Final = Row("original", "original")
ONE_LAYER: Final = Row("2nd layer", "published", layers=1)
TWO_LAYERS: Final = Row("2nd, 3rd layers", "published", layers=2)


def rows() -> list[Row]:
    """All of them, in the order of the table."""
    found = [ORIGINAL, ONE_LAYER, TWO_LAYERS]
    found += [Row(f"DQ, {q:g} dB", "DQ", {}, q) for q in QUALITIES]
    for layers, words in ((1, "2nd layer"), (2, "2nd, 3rd layers")):
        found.append(Row(f"{words}, DQ", "published, DQ", {}, _QUALITY, layers))
    for part in (0.75, 0.5, 0.25):
        options = {**_LOW_RANK, "kernel_rank": part}
        found.append(Row(f"all layers, {100 * part:g} %, DQ", "all layers, DQ", options, _QUALITY))
    for error in (0.05, 0.1, 0.2):
        options = {**_LOW_RANK, "kernel_error": error}
        found.append(
            Row(f"all layers, error {100 * error:g} %, DQ", "error, DQ", options, _QUALITY)
        )
    found += [Row(f"where it pays, {q:g} dB", "where it pays, DQ", _LOW_RANK, q) for q in QUALITIES]
    for words, options in (("DQ", {}), ("where it pays", _LOW_RANK)):
        pruned = {"prune": 0.3, **options}
        found.append(Row(f"30 % pruned, {words}, 30 dB", f"pruned, {words}", pruned, _QUALITY))
    return found


def measured(
    network: str,
    path: Path,
    journal: Journal,
    metrics: Metrics | None = None,
    command: str = "",
    seconds: Seconds | None = None,
    tell: Tell = lambda _: None,
    wanted: tuple[str, ...] = ("",),
) -> list[Values]:
    """Points of a network: the original, and the rows that begin with a word of `wanted`.

    Raises as the codec and the evaluation do.
    """
    model = file_model(path)
    key = {"model": sha256(path.read_bytes()).hexdigest(), "evaluate": command}
    points = []
    for row in rows():
        if row != ORIGINAL and not row.words.startswith(wanted):
            continue
        tell(f"{network}: {row.words}")
        values = journal.point({**key, "row": row.words}, partial(_point, model, row, metrics))
        point = {"row": row.words, "series": row.series, **values}
        if seconds is not None:
            point["seconds"] = _time(model, values["ranks"], seconds)
        points.append(point)
    return points


def convolutions(model: Tensors) -> list[str]:
    """The layers with kernels of more than one weight, in the order of the model."""
    return [n for n, tensor in model.items() if tensor.ndim == 4 and prod(tensor.shape[2:]) > 1]


def _time(model: Tensors, ranks: Mapping[str, int], seconds: Seconds) -> float:
    """That of all convolutions."""
    return sum(seconds(model[name].shape, ranks.get(name, 0)) for name in convolutions(model))


def _point(model: Tensors, row: Row, metrics: Metrics | None) -> Values:
    size, coded = _coded(model, row)
    decoded = composed(coded)
    ranks = {n[:-2]: int(t.shape[2]) for n, t in coded.items() if _is_g(n, coded)}
    return {
        "original_bytes": sum(tensor.nbytes for tensor in model.values()),
        "bytes": size,
        "kept_bytes": _FLOAT_BYTES * sum(tensor.size for tensor in coded.values()),
        "ranks": ranks,
        "macs": _multiplications(coded),
        "original_macs": _multiplications(model),
        "db": weight_quality(model, decoded),
        "metrics": metrics(decoded) if metrics is not None else {},
    }


def _coded(model: Tensors, row: Row) -> tuple[int, Tensors]:
    """Bytes of a file, and the tensors as they are coded."""
    ranks = _published_ranks(model, row.layers)
    if row.sqnr is None:
        tensors: Tensors = {}
        for name, tensor in model.items():
            tensors |= factored(name, tensor, ranks[name]) if name in ranks else {name: tensor}
        return _FLOAT_BYTES * sum(tensor.size for tensor in tensors.values()), tensors
    rules = tuple(Rule(name, {**_LOW_RANK, "kernel_rank": rank}) for name, rank in ranks.items())
    stream = Settings({**row.options, "rules": rules}).code(model, row.sqnr).stream
    return len(stream), decode(stream, as_coded=True)


def _published_ranks(model: Tensors, layers: int) -> dict[str, int]:
    names = convolutions(model)[1 : 1 + layers]
    parts = PUBLISHED_PARTS[:layers]
    return {
        name: max(1, round(part * min(model[name].shape[:2])))
        for name, part in zip(names, parts, strict=False)
    }


def factored(name: str, weight: Any, rank: int) -> Tensors:
    """Clause 15.3.2: the factors of a convolution's weight, as binary32 numbers."""
    outputs, inputs, height, width = weight.shape
    factors = Decomposition(kernel_matrix(weight)).factors(rank)
    return {
        f"{name}_G": factors.g.reshape(inputs, height, -1),
        f"{name}_H": factors.h.reshape(-1, outputs, width),
    }


def composed(coded: Tensors) -> Tensors:
    """Clause 15.3.3: the weights of factors, and all other tensors."""
    model: Tensors = {}
    for name, tensor in coded.items():
        if _is_g(name, coded):
            model[name[:-2]] = kernel_weight(tensor, coded[f"{name[:-2]}_H"])
        elif not (name.endswith("_H") and f"{name[:-2]}_G" in coded):
            model[name] = tensor
    return model


def _is_g(name: str, coded: Tensors) -> bool:
    return name.endswith("_G") and f"{name[:-2]}_H" in coded


def _multiplications(coded: Tensors) -> int:
    """Of all convolutions for one sample of their outputs."""
    factors = {n: t for n, t in coded.items() if t.ndim == 3 and n.endswith(("_G", "_H"))}
    spatial: Sequence[Any] = [coded[name] for name in convolutions(coded)]
    return sum(tensor.size for tensor in (*spatial, *factors.values()))
