"""Annex E: the elements of a unit, as many as there are, valid or not."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from nnref.spec.errors import NnrError
from nnref.spec.limits import Limits
from nnref.spec.syntax import OutOfBand, Record, StreamState, Unit, read_unit_at, type_name

LIMITS: Final = replace(Limits(), max_tensor_elements=sys.maxsize, max_string_bytes=sys.maxsize)
"""Nothing is decoded, so the size of tensors is of no concern."""


@dataclass(frozen=True, slots=True)
class ParsedUnit:
    """What could be parsed of a unit, from its first byte on without a hole."""

    records: Sequence[Record]
    end: int
    """The byte behind it; of the stream, where its size makes no sense."""
    unit: Unit | None
    """None if it could not be parsed to its end."""
    problem: str = ""
    """What is wrong with it."""

    @property
    def type_name(self) -> str:
        """`NNR_NDU`; `nnr_unit` if there is no nnr_unit_type."""
        kind = _value(self.records, "nnr_unit_type")
        return "nnr_unit" if kind is None else type_name(kind)


def parse_unit(
    data: bytes, offset: int, state: StreamState, known: Mapping[str, OutOfBand]
) -> ParsedUnit:
    """Clause 6.1: the unit at byte `offset`; of one that was cut off, what is left.

    `known` has what units leave out (clause 7.8.9).
    """
    records: list[Record] = []
    try:
        unit = read_unit_at(
            data, offset, state, limits=LIMITS, out_of_band=known, record=records.append
        )
    except NnrError as error:
        problem = f"{error.id}: {error.rule.text}"
    else:
        return ParsedUnit(records, offset + unit.size, unit)
    size = _value(records, "nnr_unit_size")
    if size is not None and offset + size > len(data):
        return ParsedUnit(_of_cut_unit(data, offset, state, known), len(data), None, problem)
    if size is None or 8 * (offset + size) < records[-1].bit + records[-1].bits:
        return ParsedUnit(records, len(data), None, problem)
    return ParsedUnit(records, offset + size, None, problem)


def _of_cut_unit(
    data: bytes, offset: int, state: StreamState, known: Mapping[str, OutOfBand]
) -> list[Record]:
    """The elements of the last unit, read as if nnr_unit_size were what is left."""
    rest = bytearray(data[offset:])
    length = 4 if rest[0] & 0x80 else 2
    size = len(rest) | (rest[0] & 0x80) << 8 * (length - 1)
    rest[:length] = size.to_bytes(length, "big")
    records: list[Record] = []
    with suppress(NnrError):
        read_unit_at(bytes(rest), 0, state, limits=LIMITS, out_of_band=known, record=records.append)
    size_bits = int.from_bytes(data[offset : offset + length], "big") & (1 << 8 * length - 1) - 1
    return [
        replace(
            record,
            bit=record.bit + 8 * offset,
            value=size_bits if record.name == "nnr_unit_size" else record.value,
        )
        for record in records
    ]


def _value(records: Sequence[Record], name: str) -> int | None:
    return next((int(record.value) for record in records if record.name == name), None)
