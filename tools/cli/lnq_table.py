"""`nnref inspect --lnq`: what LNQ (clause 15.1) makes of the layers of a stream."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnref.tools.cli.output import print_table
from nnref.tools.cli.text import count_text

if TYPE_CHECKING:
    from nnref.codec.decoder.headers import StreamTensor
    from nnref.codec.decoder.methods.lnq import LnqTensor

_COLUMNS = ("<tensor", "<mode", "units", "SL", "classes", "levels", "side bits", "side")


def lnq_layers(tensors: "list[StreamTensor]") -> Iterator[dict[str, Any]]:
    """One object per layer with LNQ; each is decoded. Raises NnrError."""
    from nnref.tools.experiments.layers import decoded_layers  # noqa: PLC0415  it loads numba

    return (_object(tensor, layer) for tensor, layer in decoded_layers(tensors))


def _object(tensor: "StreamTensor", layer: "LnqTensor") -> dict[str, Any]:
    from nnref.codec.entropy import DecodedClasses, DecodedUnits  # noqa: PLC0415

    found, unit = layer.found, tensor.unit
    header_bits = 8 * (unit.size - len(unit.payload))
    content: dict[str, Any] = {
        "tensor": tensor.name,
        "mode": "off",
        "units": 0 if layer.syntax is None else layer.syntax.shape.units,
        "sl": layer.lnq_weights / tensor.info.size if tensor.info.size else 0.0,
        "side_bits": header_bits + (0 if found is None else found.side_bits),
        "unit_bits": 8 * unit.size,
    }
    if isinstance(found, DecodedClasses):
        content |= {"mode": "class", "units_by_class": _histogram(found.class_map)}
    elif isinstance(found, DecodedUnits):
        levels = _histogram(found.sizes[found.flags == 1])
        content |= {"mode": "published", "units_by_levels": levels}
    return content


def _histogram(numbers: Any) -> list[int]:
    import numpy as np  # noqa: PLC0415

    counts: list[int] = np.bincount(numbers).tolist()
    return counts


def print_lnq(layers: list[dict[str, Any]]) -> None:
    """The same as a table."""
    print_table("Local non-linear quantization", _COLUMNS, map(_row, layers))


def _row(layer: dict[str, Any]) -> tuple[str, ...]:
    return (
        layer["tensor"],
        layer["mode"],
        count_text(layer["units"]),
        f"{100 * layer['sl']:.1f} %",
        _counts(layer.get("units_by_class")),
        _counts(layer.get("units_by_levels")),
        count_text(layer["side_bits"]),
        f"{100 * layer['side_bits'] / layer['unit_bits']:.1f} %",
    )


def _counts(counts: list[int] | None) -> str:
    return "" if counts is None else " ".join(map(str, counts))
