"""`nnref experiment hierarchical`: the stages of text 003, alone and together, without training.

Every network is pruned at several ratios of its layers' standard deviations, or not at all, its
weights share values or do not, and are fixed-point numbers or not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from glob import escape
from hashlib import sha256
from math import ceil, log2
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec import Stream, encode
from nnref.codec.decoder.number_formats import weight_format
from nnref.codec.encoder.settings import Rule
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.census import Kind, census
from nnref.tools.experiments.distortion import weight_quality
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.measuring import Metrics

Tell = Callable[[str], None]
Widths = tuple[int, int]
"""Bits of convolutions and of fully connected layers."""

VGG: Final[Widths] = (10, 6)
GOOGLENET: Final[Widths] = (16, 4)
"""Of the text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: which stages, and their settings."""

    ratio: float = 0.0
    """Of the threshold, in standard deviations; 0: not pruned."""
    index_bits: int = 0
    """0: not grouped."""
    widths: Widths | None = None
    """None: no fixed point."""

    @property
    def name(self) -> str:
        """The stages as the text abbreviates them."""
        stages = (("SP", self.ratio), ("SG", self.index_bits), ("SQ", self.widths))
        return " + ".join(name for name, asked in stages if asked) or "uncoded"

    @property
    def key(self) -> dict[str, Any]:
        """What a point is kept by."""
        return {"ratio": self.ratio, "index_bits": self.index_bits, "widths": self.widths}

    def options(self, model: Tensors) -> dict[str, Any]:
        """Of the encoder; what the method does not code has the default quality. Where the method
        codes all matrices, nothing depends on how they would be coded without it.
        """
        convolution, connected = self.widths or (None, None)
        uses_unit = bool(self.index_bits or self.widths)
        return {
            **({"dq": False, "rd_lambda": 0.0} if uses_unit else {}),
            "method": "hierarchical",
            "prune_deviations": self.ratio or None,
            "grouping": bool(self.index_bits),
            "shared_bits": self.index_bits or None,
            "fixed_point": self.widths is not None,
            "fixed_point_bits": convolution,
            "rules": tuple(
                Rule(escape(name), {"fixed_point_bits": connected})
                for name, tensor in model.items()
                if layer_type_of(tensor.shape) == LayerType.FULLY_CONNECTED
            ),
        }


COMPOSED: Final = Row(0.5, 5, GOOGLENET)
"""That LNQ codes, too: few values, most of them 0."""
ROWS: Final = (
    Row(),
    Row(ratio=0.25),
    Row(ratio=0.5),
    Row(index_bits=8),
    Row(index_bits=5),
    Row(widths=VGG),
    Row(widths=GOOGLENET),
    Row(widths=(8, 8)),
    Row(0.25, 8),
    Row(0.5, 8),
    Row(ratio=0.25, widths=VGG),
    Row(index_bits=8, widths=VGG),
    Row(0.25, 8, VGG),
    Row(0.25, 5, VGG),
    Row(0.5, 8, VGG),
    COMPOSED,
)
"""Stages alone first. Without training few networks bear more pruning."""


@dataclass(frozen=True, slots=True)
class NetworkResult:
    """What was found about a network."""

    kinds: Mapping[LayerType, Kind]
    points: Mapping[Row, Values]


def measured(
    path: Path,
    journal: Journal,
    metrics: Metrics | None = None,
    command: str = "",
    tell: Tell = lambda _: None,
) -> NetworkResult:
    """A point for every row. Raises as the codec and the evaluation do."""
    model = file_model(path)
    key = {"model": sha256(path.read_bytes()).hexdigest(), "evaluate": command}
    points = {}
    for row in ROWS:
        tell(f"{path.parent.name or path.stem}: {row}")
        points[row] = journal.point({**key, **row.key}, partial(_point, model, row, metrics))
    return NetworkResult(census({name: tensor.shape for name, tensor in model.items()}), points)


def _point(model: Tensors, row: Row, metrics: Metrics | None) -> Values:
    original = sum(tensor.nbytes for tensor in model.values())
    if row == Row():
        return {"bytes": original, "metrics": metrics(model) if metrics else {}}
    data = encode(model, **row.options(model))
    stream = Stream(data)
    decoded = {name: stream[name] for name in model}
    weights = [name for name, tensor in model.items() if tensor.ndim > 1]
    zeros = sum(int(np.count_nonzero(decoded[name] == 0)) for name in weights)
    counts = [_values(stream, name) for name in weights]
    indices = [ceil(log2(count)) for count in counts if count]
    values: Values = {
        "bytes": len(data),
        "weight_bytes": sum(stream.info(name).unit.size for name in weights),
        "sparsity": zeros / sum(decoded[name].size for name in weights),
        "mean_index_bits": float(np.mean(indices)) if indices else 0.0,
        "db": weight_quality(model, decoded),
        "metrics": metrics(decoded) if metrics else {},
    }
    return values | ({"lnq_bytes": lnq_bytes(stream)} if row == COMPOSED else {})


def _values(stream: Stream, name: str) -> int:
    """Centroids of a tensor; 0 where weights share none."""
    header = stream.info(name).unit.fields.get("hierarchical_header")
    if header is None or header["hier_centroid_count_minus1"] is None:
        return 0
    return int(header["hier_centroid_count_minus1"]) + 1


def lnq_bytes(stream: Stream) -> int | None:
    """Bytes of the units with fixed-point numbers, once LNQ codes them (clause 15.1): the same
    numbers, as multiples of a step that is a power of two. None where they are not the same.
    """
    units = ((one.name, one.unit.fields.get("hierarchical_header")) for one in stream.tensors())
    formats = {name: weight_format(header) for name, header in units if header is not None}
    numbers = {name: one for name, one in formats.items() if one is not None}
    model = {name: stream[name] for name in numbers}
    steps = {name: number.step for name, number in numbers.items()}
    lnq = Stream(encode(model, steps=steps, lnq="auto", dq=False, rd_lambda=0.0))
    if any(lnq[name].tobytes() != tensor.tobytes() for name, tensor in model.items()):
        return None
    return sum(lnq.info(name).unit.size for name in model)
