"""Large models from file to file: peak memory, and seconds as size and tensor count grow."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model import TensorInfo, create_model
from nnref.tools.bench.fresh import mib, run_child
from nnref.tools.bench.models import OPTIONS
from nnref.tools.bench.results import Row, figure_row
from nnref.tools.bench.workload import MODEL_QP, SPREADS, TENSOR_WEIGHTS, matrix_shape

GROWTH: Final = 4
"""Every model of a series has so many times the weights, or tensors, of the one before."""

STEPS: Final = 4
"""Models of a series."""


PORTION: Final = 1 << 22
"""Weights that are made at a time."""


@dataclass(frozen=True)
class Shape:
    """A model of equal tensors."""

    tensors: int
    weights: int
    """Of all tensors together."""

    def __str__(self) -> str:
        return f"{self.tensors} tensors, {self.weights} weights"


@dataclass(frozen=True)
class Figures:
    """What fresh processes found: peak resident memory in bytes and CPU seconds."""

    interpreter: float
    encoding: dict[str, float]
    decoding: dict[str, float]
    stream_bytes: int


def measure_large_memory(shape: Shape) -> list[Row]:
    """Peak memory of encoding and decoding from file to file, above a bare interpreter."""
    found = measure_files(shape)
    peaks = {
        "nnref loaded": found.decoding["idle"],
        "encode": found.encoding["peak"],
        "decode": found.decoding["peak"],
    }
    return [
        figure_row("tensor file", "MiB", mib(4 * shape.weights)),
        figure_row("stream", "MiB", mib(found.stream_bytes)),
        figure_row("interpreter", "MiB", mib(found.interpreter)),
        *(
            figure_row(f"{what}, above it", "MiB", mib(peak - found.interpreter))
            for what, peak in peaks.items()
        ),
    ]


def measure_growth(largest: Shape) -> list[Row]:
    """CPU seconds per million weights: models of growing size, then of growing tensor count."""
    sizes = [largest.weights // GROWTH**step for step in reversed(range(STEPS))]
    by_size = [Shape(largest.tensors, weights) for weights in sizes]
    most = max(1, largest.weights // GROWTH // TENSOR_WEIGHTS)
    counts = [max(1, most // GROWTH**step) for step in reversed(range(STEPS))]
    by_count = [Shape(count, count * TENSOR_WEIGHTS) for count in counts]
    return [row for shape in by_size + by_count for row in _seconds(shape)]


def _seconds(shape: Shape) -> list[Row]:
    found = measure_files(shape)
    unit = "s per 1e6 weights"
    return [
        figure_row(f"{what}, {shape}", unit, figures["seconds"] / (shape.weights / 1e6))
        for what, figures in (("encode", found.encoding), ("decode", found.decoding))
    ]


def measure_files(shape: Shape) -> Figures:
    """Write a model, encode and decode it, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        model, stream = Path(folder, "model.safetensors"), Path(folder, "model.nnr")
        write_model(model, shape)
        encoding = run_child("encode", str(model), str(stream), json.dumps(OPTIONS))
        model.unlink()  # room for the other one
        decoding = run_child("decode", str(stream), f"{folder}/decoded.safetensors")
        size = stream.stat().st_size
    return Figures(run_child("nothing")["peak"], encoding, decoding, size)


def write_model(path: Path, shape: Shape) -> None:
    """A safetensors file of Laplacian weights, of which little is in memory at a time."""
    each = shape.weights // shape.tensors
    rows, columns = matrix_shape(each)
    info = TensorInfo("float32", (rows, columns))
    with create_model(path, {f"layer{i}.weight": info for i in range(shape.tensors)}) as sink:
        for i in range(shape.tensors):
            sink.write_portions(f"layer{i}.weight", _portions(info.size, seed=i))
        sink.commit()


def _portions(weights: int, seed: int) -> Iterator[NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    spread = SPREADS[True, 2.5] * 2 ** (MODEL_QP / 4)
    for start in range(0, weights, PORTION):
        size = min(PORTION, weights - start)
        yield random.laplace(scale=spread, size=size).astype(np.float32)
