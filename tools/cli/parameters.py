"""The file that says what a model parameter set says of the model (clauses 7.3.3 and 7.4).

It is a JSON object with the keys of `nnref.codec.ModelParameters`: base_model_id,
performance_metric_type, validation_set_performance and the four performance maps, each a list of
objects with the standard's elements but the counts, which follow from the lists. Infinities and
NaN are written as their binary32 pattern, "0x7f800000".
"""

import json
import re
from collections.abc import Mapping, Sized
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal
from nnref.spec.syntax.bits import bits_from_float, float_from_bits
from nnref.tools.cli.files import read_bytes

if TYPE_CHECKING:
    from nnref.codec import ModelParameters

_SCHEMA: Final = "nnref.parameters/1"
_TEXTS: Final = ("base_model_id", "performance_metric_type")
_PATTERN: Final = re.compile("0x[0-9a-fA-F]{8}")


def parameters_given(
    _ctx: click.Context, _param: click.Parameter, path: Path | None
) -> "ModelParameters | None":
    """The callback of an option that names such a file to be read."""
    return None if path is None else read_parameters(path)


def read_parameters(path: Path) -> "ModelParameters":
    """What such a file says.

    Raises FileError file-not-found and file-format (no JSON object), UsageError setting-unknown
    (not of the form above).
    """
    from nnref.codec import ModelParameters  # noqa: PLC0415  it loads numpy

    try:
        content = json.loads(read_bytes(path))
    except ValueError as failure:
        raise refusal("file-format", f"{path}: {failure}") from failure
    if not isinstance(content, dict):
        raise refusal("file-format", f"{path}: no JSON object")
    content.pop("schema", None)
    return ModelParameters.from_dict(
        {key: value if key in _TEXTS else _numbers(value) for key, value in content.items()}
    )


def write_parameters(path: Path, parameters: "ModelParameters") -> None:
    """Write such a file. Raises FileError file-write."""
    from nnref.codec.model import atomic_write  # noqa: PLC0415  it loads numpy
    from nnref.tools.cli.output import json_text  # noqa: PLC0415

    with atomic_write(path) as file:
        file.write(json_text(_SCHEMA, parameters_object(parameters)).encode() + b"\n")


def parameters_object(parameters: "ModelParameters") -> dict[str, Any]:
    """The object of such a file."""
    found = parameters.as_dict()
    return {key: _json(value) for key, value in found.items()}


def parameters_facts(parameters: "ModelParameters") -> list[tuple[str, str]]:
    """Name and short value of everything that is there, for people."""
    values: dict[str, Any] = parameters.as_dict()
    counted = {name: _counted(values[name], "entry", "entries") for name in parameters.maps}
    if parameters.layers is not None:
        counted["layers"] = _counted(parameters.layers, "layer with maps", "layers with maps")
    return [(name, str(value)) for name, value in (values | counted).items()]


def _json(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_json, value))
    if isinstance(value, float) and not isfinite(value):
        return f"0x{bits_from_float(value):08x}"
    return value


def _numbers(value: Any) -> Any:
    """The inverse."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_numbers, value))
    if isinstance(value, str) and _PATTERN.fullmatch(value):
        return float_from_bits(int(value, 16))
    return value


def _counted(things: Sized, one: str, several: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else several}"
