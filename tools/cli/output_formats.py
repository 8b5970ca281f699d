"""JSON files with the formats of layer outputs (clause 15.4.4).

The weight of every layer has an object with `width` and `fraction_length`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.files import read_bytes

if TYPE_CHECKING:
    from nnref.codec.quantization.fixed_point import FixedPoint

_KEYS = ("width", "fraction_length")


def output_formats_given(
    _ctx: click.Context, _param: click.Parameter, path: Path | None
) -> "dict[str, FixedPoint] | None":
    """The callback of an option that names a file with formats.

    Raises FileError file-not-found or file-format, UsageError setting-unknown.
    """
    if path is None:
        return None
    from nnref.codec.quantization.fixed_point import FixedPoint  # noqa: PLC0415  it loads numpy

    content = _objects(path)
    return {name: FixedPoint(*(one[key] for key in _KEYS)) for name, one in content.items()}


def _objects(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_bytes(path))
    except ValueError as failure:
        raise refusal("file-format", f"{path}: {failure}") from failure
    of_objects = isinstance(content, dict) and all(
        isinstance(one, dict) and one.keys() == set(_KEYS) for one in content.values()
    )
    if not of_objects:
        detail = f"{path}: of every weight an object with {' and '.join(_KEYS)} is wanted"
        raise refusal("file-format", detail)
    objects: dict[str, Any] = content
    return objects


def write_output_formats(path: Path, formats: "Mapping[str, FixedPoint]") -> None:
    """Write the formats of a stream. Raises FileError file-write."""
    from nnref.codec.model import atomic_write  # noqa: PLC0415  it loads numpy

    objects = {
        name: {"width": one.width, "fraction_length": one.fraction_length}
        for name, one in formats.items()
    }
    with atomic_write(path) as file:
        file.write(json.dumps(objects, indent=2).encode() + b"\n")
