"""Clauses 6.1 and 6.2: the unit, and which structures make up each type of unit."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from construct.core import Struct, this

from nnref.spec.syntax.compressed_data import COMPRESSED_DATA_HEADER
from nnref.spec.syntax.descriptors import U
from nnref.spec.syntax.elements import Element, Structure
from nnref.spec.syntax.methods import METHOD_DATA_UNIT
from nnref.spec.syntax.parameter_sets import (
    LAYER_PARAMETER_SET,
    LAYER_PARAMETER_SET_HEADER,
    MODEL_PARAMETER_SET,
    START_UNIT_HEADER,
)
from nnref.spec.syntax.private_units import INDEX_UNIT
from nnref.spec.syntax.topology import (
    QUANTIZATION,
    QUANTIZATION_HEADER,
    TOPOLOGY,
    TOPOLOGY_HEADER,
    has_pruning_container,
)
from nnref.spec.tables import private_units
from nnref.spec.tables.enums import UnitType

MAX_SHORT_SIZE: Final = (1 << 15) - 1
MAX_LONG_SIZE: Final = (1 << 31) - 1
"""Clause 7.1.1: largest nnr_unit_size of the short and of the long form."""

UNIT_SIZE: Final = Structure(
    "nnr_unit()",
    "6.1",
    Element("nnr_unit_size_flag", U(1), "7.1.1"),
    Element("nnr_unit_size", U(15), "7.1.1", when=this.nnr_unit_size_flag == 0),
    Element(
        "nnr_unit_size",
        U(31),
        "7.1.1",
        when=this.nnr_unit_size_flag == 1,
        absent=this.nnr_unit_size,
    ),
)

UNIT_HEADER: Final = Structure(
    "nnr_unit_header()",
    "6.2",
    Element("nnr_unit_type", U(6), "7.1.2"),
    Element("independently_decodable_flag", U(1, default=1), "7.1.2"),
    Element("partial_data_counter_present_flag", U(1, default=0), "7.1.2"),
    Element(
        "partial_data_counter", U(8), "7.1.2", when=this.partial_data_counter_present_flag == 1
    ),
)


@dataclass(frozen=True, eq=False)
class UnitSyntax:
    """What follows the unit header: structures in one scope, then perhaps opaque bytes.

    `payload` is the condition of those bytes: a bool or an expression over the elements.
    """

    name: str
    structures: tuple[Structure, ...]
    payload: Any = False

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """All elements, in stream order."""
        return tuple(element for part in self.structures for element in part.elements)

    @cached_property
    def names(self) -> frozenset[str]:
        """The elements that have values in the fields."""
        return frozenset(element.name for element in self.elements if element.name)

    @cached_property
    def struct(self) -> Struct:
        """The construct that parses and builds them."""
        return Struct(*self.elements)

    def has_payload(self, fields: Any) -> bool:
        """Whether bytes follow the elements."""
        return bool(self.payload(fields) if callable(self.payload) else self.payload)


ANY_UNIT: Final = UnitSyntax("nnr_unit", (UNIT_SIZE, UNIT_HEADER))
"""What every unit begins with."""

UNITS: Final[dict[int, UnitSyntax]] = {
    UnitType.NNR_STR: UnitSyntax("NNR_STR", (START_UNIT_HEADER,)),
    UnitType.NNR_MPS: UnitSyntax("NNR_MPS", (MODEL_PARAMETER_SET,)),
    UnitType.NNR_LPS: UnitSyntax("NNR_LPS", (LAYER_PARAMETER_SET_HEADER, LAYER_PARAMETER_SET)),
    UnitType.NNR_TPL: UnitSyntax("NNR_TPL", (TOPOLOGY_HEADER, TOPOLOGY), has_pruning_container),
    UnitType.NNR_QNT: UnitSyntax("NNR_QNT", (QUANTIZATION_HEADER, QUANTIZATION)),
    UnitType.NNR_NDU: UnitSyntax("NNR_NDU", (COMPRESSED_DATA_HEADER,), True),
    UnitType.NNR_AGG: UnitSyntax("NNR_AGG", (), True),
}

PRIVATE_UNITS: Final[dict[tuple[int, int], UnitSyntax]] = {
    (private_units.INDEX_UNIT, private_units.INDEX_SIGNATURE): UnitSyntax(
        "index unit", (INDEX_UNIT,)
    ),
    (private_units.METHOD_UNIT, private_units.METHOD_SIGNATURE): UnitSyntax(
        "method data unit", (METHOD_DATA_UNIT,), True
    ),
}
"""Clause 14.2: nnref's private units, known by type and signature."""

_RESERVED: Final = UnitSyntax("reserved", (), True)
_PRIVATE: Final = UnitSyntax("private", (), True)


def unit_syntax(nnr_unit_type: int, signature: bytes = b"") -> UnitSyntax:
    """Clause 13.1: the syntax of a type of unit; an unknown one is all payload.

    `signature` are the four bytes after the unit header, which tell nnref's private units.
    """
    known = UNITS.get(nnr_unit_type)
    if known is not None:
        return known
    own = PRIVATE_UNITS.get((nnr_unit_type, int.from_bytes(signature)))
    return own or (_RESERVED if nnr_unit_type < 32 else _PRIVATE)


def type_name(nnr_unit_type: int) -> str:
    """`NNR_NDU`, `reserved(7)`, `private(40)`."""
    syntax = unit_syntax(nnr_unit_type)
    return syntax.name if nnr_unit_type in UNITS else f"{syntax.name}({nnr_unit_type})"
