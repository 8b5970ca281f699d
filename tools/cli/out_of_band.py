"""The file beside a stream that leaves out dimensions and unary lengths (clause 7.8.9).

It is a JSON object whose key `tensors` maps names to `{"tensor_dimensions": [...],
"cabac_unary_length_minus1": N}`; either may be missing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from nnref.codec.model import atomic_write
from nnref.spec.errors import refusal
from nnref.spec.syntax import OutOfBand
from nnref.tools.cli.output import json_text

_SCHEMA: Final = "nnref.out-of-band/1"
_KEYS: Final = {"tensor_dimensions", "cabac_unary_length_minus1"}


def write_out_of_band(path: Path, tensors: Mapping[str, OutOfBand]) -> None:
    """Write what a decoder has to be given. Raises FileError file-write."""
    objects = {
        name: {key: value for key, value in asdict(given).items() if value is not None}
        for name, given in tensors.items()
    }
    with atomic_write(path) as file:
        file.write(json_text(_SCHEMA, {"tensors": objects}).encode() + b"\n")


def read_out_of_band(path: Path) -> dict[str, OutOfBand]:
    """What such a file gives, by tensor name.

    Raises FileError file-not-found and file-format (not JSON of the form above).
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise refusal("file-not-found", str(failure)) from failure
    except ValueError as failure:
        raise refusal("file-format", f"{path}: {failure}") from failure
    tensors = content.get("tensors") if isinstance(content, dict) else None
    if not isinstance(tensors, dict):
        raise refusal("file-format", f"{path}: no object with the key 'tensors'")
    return {name: _out_of_band(name, given, path) for name, given in tensors.items()}


def _out_of_band(name: str, given: Any, path: Path) -> OutOfBand:
    if isinstance(given, dict) and given.keys() <= _KEYS:
        dimensions = given.get("tensor_dimensions")
        length = given.get("cabac_unary_length_minus1")
        numbers = [*(dimensions or ()), *([] if length is None else [length])]
        if (dimensions is None or isinstance(dimensions, list)) and all(
            type(number) is int and 0 <= number < 1 << 31 for number in numbers
        ):
            return OutOfBand(dimensions, length)
    raise refusal("file-format", f"{path}: {name!r}: {given!r}")
