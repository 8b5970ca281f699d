"""Clauses 6.1 and 6.2: a stream is a concatenation of units."""

from dataclasses import dataclass

from nnref.spec.process.bits import BitReader
from nnref.spec.process.refused import Refused


@dataclass(frozen=True, slots=True)
class UnitHeader:
    """Clause 7.1: NNR unit semantics. Place and size are in bytes."""

    nnr_unit_type: int
    first_byte: int
    size: int
    partial_data_counter: int | None = None


def nnr_unit_size(bits: BitReader) -> int:
    """Clause 6.1: NNR unit. Reads the size field; the size counts that field, too."""
    first_bit = bits.position
    if bits.end - first_bit < 16:
        raise Refused("unit-truncated", "no room for nnr_unit_size", first_bit)
    nnr_unit_size_flag = bits.u(1, "nnr_unit_size_flag")
    if nnr_unit_size_flag == 1 and bits.end - first_bit < 32:
        raise Refused("unit-truncated", "no room for nnr_unit_size", first_bit)
    size = bits.u(31 if nnr_unit_size_flag == 1 else 15, "nnr_unit_size")
    if 8 * size < bits.position - first_bit + 8:
        raise Refused("unit-size-too-small", f"nnr_unit_size {size}", first_bit)
    if first_bit + 8 * size > bits.end:
        present = (bits.end - first_bit) // 8
        detail = f"nnr_unit_size {size}, {present} bytes present"
        raise Refused("unit-truncated", detail, first_bit)
    return size


def nnr_unit_header(bits: BitReader, index: int) -> UnitHeader:
    """Clause 6.2: NNR unit header. Up to where the types begin to differ."""
    first_bit = bits.position
    size = nnr_unit_size(bits)
    bits.end = first_bit + 8 * size
    nnr_unit_type = bits.u(6, "nnr_unit_type")
    if bits.observer is not None:
        bits.observer.unit(index, nnr_unit_type, first_bit, size)
    bits.u(1, "independently_decodable_flag")
    partial_data_counter = None
    if bits.u(1, "partial_data_counter_present_flag") == 1:
        partial_data_counter = bits.u(8, "partial_data_counter")
    return UnitHeader(nnr_unit_type, first_bit // 8, size, partial_data_counter)
