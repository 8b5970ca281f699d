"""Clause 14.2: private units that nnref writes and other decoders skip."""

from dataclasses import dataclass, field

from nnref.spec.process.bits import BitReader
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.private_units import INDEX_SIGNATURE, INDEX_UNIT, METHOD_UNIT


@dataclass(slots=True)
class IndexedUnit:
    """Clause 14.2.1: Index unit. A unit as it is, or as an index says that it is."""

    nnr_unit_type: int
    size: int
    names: list[str] = field(default_factory=list)


def is_index_unit(bits: BitReader, nnr_unit_type: int) -> bool:
    """Clause 14.2.1: Index unit. Type and signature tell it from the units of others."""
    first = bits.position // 8
    signature = bits.data[first : min(first + 4, bits.end // 8)]
    return nnr_unit_type == INDEX_UNIT and signature == INDEX_SIGNATURE.to_bytes(4, "big")


def index_unit(bits: BitReader, size: int, before: list[IndexedUnit]) -> None:
    """Clause 14.2.1: Index unit. Of `size` bytes; one that lies is a finding."""
    bits.u(32, "index_signature")
    count = bits.ue(9, "count_indexed_units")
    units = [indexed_unit(bits, f"indexed_units[{i}]") for i in range(count)]
    bits.byte_alignment()
    names = [bits.st(f"indexed_names[{j}]") for j in range(sum(n for _, n in units))]
    index_unit_size = bits.u(32, "index_unit_size")
    index_end_signature = bits.u(32, "index_end_signature")
    for unit, count_indexed_names in units:
        unit.names, names = names[:count_indexed_names], names[count_indexed_names:]
    found_from_end = index_unit_size == size and index_end_signature == INDEX_SIGNATURE
    if not found_from_end or [unit for unit, _ in units] != before:
        bits.findings.append(bits.refused("index-mismatch"))


def indexed_unit(bits: BitReader, path: str) -> tuple[IndexedUnit, int]:
    """Clause 14.2.1: Index unit. An entry without its names, and how many names it has."""
    unit = IndexedUnit(
        bits.u(6, f"{path}.indexed_unit_type"), bits.ue(9, f"{path}.indexed_unit_size")
    )
    if unit.nnr_unit_type not in (UnitType.NNR_NDU, METHOD_UNIT):
        return unit, 0
    return unit, bits.ue(0, f"{path}.count_indexed_names")
