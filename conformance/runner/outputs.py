"""What a decoder wrote: safetensors, `.npz`, or raw numbers described by a JSON file.

The raw form is a JSON object with the key `tensors`: a list of objects with `name`, `dtype` (as
numpy and ml_dtypes name it: float32, bfloat16, int8, bool ...), `shape`, `file` (beside the JSON
file) and, where it is not 0, `offset` in bytes. Numbers lie in row-major order, least significant
byte first.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnref.codec.model import numpy_dtype, open_model
from nnref.conformance.runner.case import Array
from nnref.spec.errors import NnrError


class UnreadableError(Exception):
    """The output is missing or is not of its format."""


def read_output(path: Path) -> dict[str, Array]:
    """The tensors of an output file; its suffix names the format. Raises UnreadableError."""
    if not path.exists():
        raise UnreadableError("it ended with status 0 and wrote no output")
    try:
        return _read_raw(path) if path.suffix == ".json" else _read_model(path)
    except (NnrError, OSError, ValueError, KeyError, TypeError) as error:
        detail = error.detail if isinstance(error, NnrError) else f"{type(error).__name__}: {error}"
        raise UnreadableError(f"its output cannot be read: {detail}") from None


def _read_model(path: Path) -> dict[str, Array]:
    with open_model(path) as source:
        return {name: np.array(source.read(name)) for name in source.names()}


def _read_raw(path: Path) -> dict[str, Array]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return {one["name"]: _raw_tensor(path.parent, one) for one in content["tensors"]}


def _raw_tensor(folder: Path, entry: dict[str, Any]) -> Array:
    dtype, shape = numpy_dtype(entry["dtype"]), tuple(entry["shape"])
    first = entry.get("offset", 0)
    data = (folder / entry["file"]).read_bytes()[first:][: prod(shape) * dtype.itemsize]
    numbers = np.frombuffer(data, f"<u{dtype.itemsize}").astype(f"u{dtype.itemsize}")
    return numbers.view(dtype).reshape(shape)
