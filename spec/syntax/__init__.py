"""The high-level syntax, declared once: parse, write, record and describe streams of units.

`read_units` walks a stream, `write_unit` makes a unit, `describe` lists every element.
"""

from nnref.spec.syntax.compose import (
    codebook_elements,
    entry_point_elements,
    entry_point_values,
)
from nnref.spec.syntax.constraints import CONSTRAINTS, Constraint
from nnref.spec.syntax.derived import number_of_entry_points, tensor_names
from nnref.spec.syntax.describe import Row, describe
from nnref.spec.syntax.index import IndexedUnit, index_flaw, index_unit, indexed_units
from nnref.spec.syntax.lnq_compose import lnq_class_elements, lnq_codebook_elements
from nnref.spec.syntax.methods import is_method
from nnref.spec.syntax.parts import Joiner, parts_after
from nnref.spec.syntax.private_units import is_index
from nnref.spec.syntax.reader import read_unit_at, read_units
from nnref.spec.syntax.records import Record, RecordSink
from nnref.spec.syntax.state import OutOfBand, StreamState
from nnref.spec.syntax.unit import Piece, Unit
from nnref.spec.syntax.units import type_name
from nnref.spec.syntax.writer import write_unit

__all__ = [
    "CONSTRAINTS",
    "Constraint",
    "IndexedUnit",
    "Joiner",
    "OutOfBand",
    "Piece",
    "Record",
    "RecordSink",
    "Row",
    "StreamState",
    "Unit",
    "codebook_elements",
    "describe",
    "entry_point_elements",
    "entry_point_values",
    "index_flaw",
    "index_unit",
    "indexed_units",
    "is_index",
    "is_method",
    "lnq_class_elements",
    "lnq_codebook_elements",
    "number_of_entry_points",
    "parts_after",
    "read_unit_at",
    "read_units",
    "tensor_names",
    "type_name",
    "write_unit",
]
