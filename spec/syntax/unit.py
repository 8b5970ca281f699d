"""Clause 6.1: one parsed unit."""

from dataclasses import dataclass
from typing import NamedTuple

from construct.lib import Container

from nnref.spec.syntax.methods import is_method
from nnref.spec.syntax.state import StreamState
from nnref.spec.syntax.units import type_name
from nnref.spec.tables.enums import UnitType


class Piece(NamedTuple):
    """Bytes of a payload, and where in the stream they are."""

    offset: int
    data: bytes | memoryview


@dataclass(slots=True)
class Unit:
    """One parsed unit, or compressed data that is put together from several (clause 8.2.1)."""

    index: int
    """Of the unit in the stream; of several, the last."""
    offset: int
    """First byte in the stream."""
    size: int
    """nnr_unit_size, in bytes; of several units, the sum."""
    nnr_unit_type: int
    fields: Container
    """All elements by name, header included; absent ones have their inferred value."""
    pieces: tuple[Piece, ...]
    """The bytes after the elements, as views of the stream: one piece for each unit."""
    state: StreamState
    """What the units before it established."""

    @property
    def type_name(self) -> str:
        """`NNR_NDU`, `reserved(7)`, `private(40)`."""
        return type_name(self.nnr_unit_type)

    @property
    def has_tensors(self) -> bool:
        """True for compressed data units and method data units."""
        return self.nnr_unit_type == UnitType.NNR_NDU or is_method(self.fields)

    @property
    def payload(self) -> bytes | memoryview:
        """The bytes after the elements; a copy where they come in pieces."""
        if len(self.pieces) == 1:
            return self.pieces[0].data
        return b"".join(piece.data for piece in self.pieces)

    @property
    def payload_size(self) -> int:
        """Bytes of the payload."""
        return sum(len(piece.data) for piece in self.pieces)

    @property
    def payload_offset(self) -> int:
        """First byte of the payload in the stream."""
        return self.pieces[0].offset

    def bit_in_stream(self, bit: int) -> int:
        """Where in the stream a bit of the payload is."""
        for piece in self.pieces[:-1]:
            if bit < 8 * len(piece.data):
                return 8 * piece.offset + bit
            bit -= 8 * len(piece.data)
        return 8 * self.pieces[-1].offset + bit
