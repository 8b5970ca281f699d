"""Clause 8.2.1: compressed data units no larger than asked for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from nnref.spec.errors import refusal
from nnref.spec.syntax import (
    OutOfBand,
    StreamState,
    Unit,
    read_unit_at,
    tensor_names,
    write_unit,
)
from nnref.spec.syntax.writer import UNLIMITED
from nnref.spec.tables.enums import UnitType

MOST_PARTS: Final = 256
"""partial_data_counter has 8 bits."""

_OF_WHOLE: Final = ("nnr_unit_size_flag", "nnr_unit_size")
"""Elements that are different in the parts."""


def with_parts(
    units: Iterable[bytes], most_bytes: int, out_of_band: Mapping[str, OutOfBand]
) -> Iterator[bytes]:
    """The units of a stream, compressed data units of more than `most_bytes` in parts.

    `out_of_band` has what a unit leaves out when it comes. Raises UsageError setting-conflict
    for data that does not fit 256 parts.
    """
    state = StreamState()
    for index, data in enumerate(units):
        unit = read_unit_at(data, 0, state, index=index, limits=UNLIMITED, out_of_band=out_of_band)
        if unit.nnr_unit_type == UnitType.NNR_NDU and unit.size > most_bytes:
            yield from _parts(unit, most_bytes, out_of_band)
        else:
            yield data
        state = state.after(unit.nnr_unit_type, unit.fields)


def _parts(unit: Unit, most_bytes: int, out_of_band: Mapping[str, OutOfBand]) -> Iterator[bytes]:
    elements: dict[str, Any] = {k: v for k, v in unit.fields.items() if k not in _OF_WHOLE}
    elements["partial_data_counter_present_flag"] = 1

    def part(counter: int, payload: bytes | memoryview) -> bytes:
        fields = elements | {"partial_data_counter": counter}
        return write_unit(UnitType.NNR_NDU, fields, payload, unit.state, out_of_band=out_of_band)

    payload = unit.payload
    room = most_bytes - len(part(0, payload[:most_bytes])) + len(payload[:most_bytes])
    count = -(-len(payload) // room) if room > 0 else MOST_PARTS + 1
    if count > MOST_PARTS:
        least = most_bytes - room - (-len(payload) // MOST_PARTS)
        detail = f"max_unit_bytes = {most_bytes}: this data needs units of {least} bytes or more"
        name = tensor_names(unit.fields, unit.state.reference_list)[0]
        raise refusal("setting-conflict", detail, tensor=name)
    for number in range(count):
        yield part(count - 1 - number, payload[number * room : (number + 1) * room])
