"""Clause 14.2.1: making and checking the index of a stream."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from nnref.spec.syntax.derived import tensor_names
from nnref.spec.syntax.private_units import NAMING_UNITS
from nnref.spec.syntax.unit import Unit
from nnref.spec.syntax.writer import write_unit
from nnref.spec.tables.private_units import INDEX_SIGNATURE, INDEX_UNIT


class IndexedUnit(NamedTuple):
    """What an index says of one unit."""

    nnr_unit_type: int
    size: int
    names: tuple[str, ...]
    """Topology elements of a compressed data unit or a method data unit, in header order."""

    @classmethod
    def of(cls, unit: Unit) -> "IndexedUnit":
        """Clause 14.2.1: the entry of a unit."""
        names: tuple[str, ...] = ()
        if unit.has_tensors:
            names = tensor_names(unit.fields, unit.state.reference_list)
        return cls(unit.nnr_unit_type, unit.size, names)


def index_unit(units: Sequence[IndexedUnit]) -> bytes:
    """Clause 14.2.1: the index of a stream of these units, to be put behind them."""
    fields: dict[str, Any] = {
        "index_signature": INDEX_SIGNATURE,
        "count_indexed_units": len(units),
        "indexed_units": [_entry(unit) for unit in units],
        "indexed_names": [name for unit in units for name in unit.names],
        "index_unit_size": 0,
    }
    fields["index_unit_size"] = len(write_unit(INDEX_UNIT, fields))
    return write_unit(INDEX_UNIT, fields)


def _entry(unit: IndexedUnit) -> dict[str, int]:
    entry = {"indexed_unit_type": unit.nnr_unit_type, "indexed_unit_size": unit.size}
    if unit.nnr_unit_type in NAMING_UNITS:
        entry["count_indexed_names"] = len(unit.names)
    return entry


def indexed_units(fields: Mapping[str, Any]) -> list[IndexedUnit]:
    """Clause 14.2.1: the entries of an index unit."""
    names = iter(fields["indexed_names"])
    return [
        IndexedUnit(
            entry["indexed_unit_type"],
            entry["indexed_unit_size"],
            tuple(next(names) for _ in range(entry["count_indexed_names"])),
        )
        for entry in fields["indexed_units"]
    ]


def index_flaw(index: Unit, before: Sequence[IndexedUnit]) -> str:
    """Clause 14.2.1: what an index says wrongly, given the units before it; empty if nothing."""
    fields = index.fields
    if fields["index_unit_size"] != index.size:
        return f"index_unit_size {fields['index_unit_size']}, the unit has {index.size}"
    if fields["index_end_signature"] != INDEX_SIGNATURE:
        return f"index_end_signature {fields['index_end_signature']:#x}"
    said = indexed_units(fields)
    if len(said) != len(before):
        return f"{len(said)} units, {len(before)} precede it"
    for number, (entry, unit) in enumerate(zip(said, before, strict=True)):
        if entry != unit:
            return f"unit {number}: {tuple(entry)}, not {tuple(unit)}"
    return ""
