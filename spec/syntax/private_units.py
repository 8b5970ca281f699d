"""Clause 14.2: private units that nnref writes and other decoders skip."""

from typing import Any, Final

from construct.core import this

from nnref.spec.syntax.derived import Elements
from nnref.spec.syntax.descriptors import ST, UE, Alignment, U
from nnref.spec.syntax.elements import Element, Structure
from nnref.spec.syntax.expressions import derived
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.private_units import INDEX_SIGNATURE, METHOD_UNIT

INDEX: Final = "14.2.1"
NAMING_UNITS: Final = (int(UnitType.NNR_NDU), METHOD_UNIT)
"""Clause 14.2.1: types of units whose names an index lists."""


@derived("Sum(count_indexed_names)")
def indexed_names_count(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 14.2.1: names of all indexed units."""
    return sum(entry["count_indexed_names"] for entry in this["indexed_units"])


INDEXED_UNIT: Final = Structure(
    "indexed_unit()",
    INDEX,
    Element("indexed_unit_type", U(6), INDEX),
    Element("indexed_unit_size", UE(9), INDEX),
    Element(
        "count_indexed_names",
        UE(0),
        INDEX,
        when=(this.indexed_unit_type == NAMING_UNITS[0])
        | (this.indexed_unit_type == NAMING_UNITS[1]),
        absent=0,
    ),
)

INDEX_UNIT: Final = Structure(
    "index_unit()",
    INDEX,
    Element("index_signature", U(32, default=INDEX_SIGNATURE), INDEX),
    Element("count_indexed_units", UE(9), INDEX),
    Element("indexed_units", INDEXED_UNIT, INDEX, count=this.count_indexed_units),
    Element("byte_alignment()", Alignment(), "5.8"),
    Element("indexed_names", ST(), INDEX, count=indexed_names_count),
    Element("index_unit_size", U(32), INDEX),
    Element("index_end_signature", U(32, default=INDEX_SIGNATURE), INDEX),
)


def is_index(fields: Any) -> bool:
    """Whether the elements are those of an index unit."""
    return "index_signature" in fields
