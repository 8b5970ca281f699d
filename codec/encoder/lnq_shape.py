"""Clause 15.1.2: the shape of LNQ units, as it is asked for and as a header says it."""

import re
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from nnref.codec.entropy import LnqShape
from nnref.spec.errors import refusal
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType, LuType
from nnref.spec.tables.lnq import BLOCK_EDGE

_NAMED: Final = {
    "layer": LuType.BY_LAYER,
    "8x8": LuType.BLOCK,
    "kernel": LuType.KERNEL,
    "filter": LuType.FILTER,
    "row": LuType.FILTER,
    "tensor": LuType.TENSOR,
}
_SIZES: Final = re.compile(r"(\d+|\*)x(\d+|\*)")
NAMES: Final = (*_NAMED, "RxC")
"""What `--lu` takes; R or C may be * for all rows or columns."""


@dataclass(frozen=True, slots=True)
class UnitShape:
    """A unit type with its sizes where it has some."""

    kind: LuType
    height: int = 0
    width: int = 0

    @classmethod
    def of(cls, text: str) -> "UnitShape":
        """From `8x8`, `filter`, `4x16`, `*x49`. Raises UsageError setting-unknown."""
        if text in _NAMED:
            return cls(_NAMED[text])
        match = _SIZES.fullmatch(text)
        sizes = tuple(0 if part == "*" else int(part) for part in match.groups()) if match else ()
        if not sizes or "0" in text.split("x") or not any(sizes):
            raise refusal("setting-unknown", f"LNQ units {text!r}; one of {', '.join(NAMES)}")
        height, width = sizes
        kind = LuType.SIZE if height and width else LuType.ROWS if height else LuType.COLUMNS
        return cls(kind, height, width)

    def fits(self, dimensions: tuple[int, ...]) -> bool:
        """Whether a layer of these dimensions can have such units."""
        typed = (LayerType.FULLY_CONNECTED, LayerType.CONVOLUTION)
        return self.kind != LuType.BY_LAYER or layer_type_of(dimensions) in typed

    def over(self, dimensions: tuple[int, ...]) -> LnqShape:
        """Clause 15.1.2: the units of a layer."""
        rows, columns = dimensions[0], prod(dimensions[1:])
        kind = self.kind
        if kind == LuType.BY_LAYER:
            connected = layer_type_of(dimensions) == LayerType.FULLY_CONNECTED
            kind = LuType.BLOCK if connected else LuType.FILTER
        heights = {LuType.BLOCK: BLOCK_EDGE, LuType.KERNEL: 1, LuType.FILTER: 1}
        widths = {LuType.BLOCK: BLOCK_EDGE, LuType.KERNEL: prod(dimensions[2:])}
        height = self.height or heights.get(kind, rows)
        width = self.width or widths.get(kind, columns)
        return LnqShape(rows, columns, max(1, height), max(1, width))

    def elements(self) -> dict[str, Any]:
        """Clause 15.1.2: the elements of the header."""
        fields: dict[str, Any] = {"lnq_lu_type": int(self.kind)}
        if self.height:
            fields["lnq_lu_height"] = self.height
        if self.width:
            fields["lnq_lu_width"] = self.width
        return fields


def class_shapes(asked: str | None, dimensions: tuple[int, ...]) -> tuple[UnitShape, ...]:
    """The units that class mode tries in a layer, each of another form; none if it cannot have any.

    Unless others are asked for: output filters, and input channels (the columns of a channel).
    """
    if asked is not None:
        shape = UnitShape.of(asked)
        return (shape,) if shape.fits(dimensions) else ()
    filters = UnitShape(LuType.FILTER)
    channels = UnitShape(LuType.COLUMNS, 0, max(1, prod(dimensions[2:])))
    return (filters, channels) if channels.width < prod(dimensions[1:]) else (filters,)
