"""Files of what quantization units hold (clause 7.7)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.files import read_bytes

if TYPE_CHECKING:
    from nnref.codec import QuantizationData


def quantization_data_given(
    _ctx: click.Context, _param: click.Parameter, path: Path | None
) -> "tuple[QuantizationData, ...] | None":
    """The callback of an option that names a file to carry. Raises FileError file-not-found."""
    if path is None:
        return None
    from nnref.codec import QuantizationData  # noqa: PLC0415  it loads numpy

    return (QuantizationData(read_bytes(path)),)


def write_quantization_data(path: Path, found: "Sequence[QuantizationData]") -> None:
    """Write the content of the one quantization unit.

    Raises UsageError quantization-data-choice where there is not one, FileError file-write.
    """
    from nnref.codec.model import atomic_write  # noqa: PLC0415  it loads numpy

    if len(found) != 1:
        raise refusal("quantization-data-choice", f"{len(found)} quantization units")
    with atomic_write(path) as file:
        file.write(found[0].data)


def quantization_data_object(one: "QuantizationData") -> dict[str, Any]:
    """The JSON form, without the data."""
    return {
        "quantization_storage_format": one.quantization_storage_format,
        "quantization_compression_format": one.quantization_compression_format,
        "bytes": len(one.data),
    }
