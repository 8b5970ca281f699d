"""Clause 8.2.1: compressed data that is split over several units."""

from collections.abc import Sequence
from dataclasses import replace

from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax.unit import Unit
from nnref.spec.tables.enums import UnitType


def parts_after(unit: Unit) -> int:
    """Clause 7.1.2: how many more units hold the rest of a compressed data unit's payload."""
    if unit.nnr_unit_type != UnitType.NNR_NDU:
        return 0
    return int(unit.fields["partial_data_counter"] or 0)


class Joiner:
    """Clause 8.2.1: puts the parts of data together as the units of a stream come.

    `stream` is what their positions refer to.
    """

    def __init__(self, stream: memoryview) -> None:
        self._stream = stream
        self._parts: list[Unit] = []

    @property
    def waiting(self) -> bool:
        """Whether the next unit has to be a part of the data that has begun."""
        return bool(self._parts)

    def add(self, unit: Unit) -> Unit | None:
        """The unit itself, or the data that it completes: the last part, with the place and the
        payload of all parts. None for parts before the last.

        Raises InvalidError partial-data-parts.
        """
        if self._parts:
            self._check_follows(unit)
        if not self._parts and not parts_after(unit):
            return unit
        self._parts.append(unit)
        if parts_after(unit):
            return None
        parts, self._parts = self._parts, []
        return _joined(parts)

    def finish(self) -> None:
        """The stream ends. Raises InvalidError partial-data-parts where parts are missing."""
        if self._parts:
            last = self._parts[-1]
            raise _refusal(last, f"the stream ends, {parts_after(last)} parts are missing")

    def _check_follows(self, unit: Unit) -> None:
        last = self._parts[-1]
        expected = parts_after(last) - 1
        if unit.nnr_unit_type != UnitType.NNR_NDU or unit.offset != last.offset + last.size:
            raise _refusal(unit, f"a unit between parts, {expected + 1} are missing")
        counter = unit.fields["partial_data_counter"]
        if counter != expected:
            raise _refusal(unit, f"partial_data_counter {counter}, {expected} comes next")
        if self._header(unit) != self._header(self._parts[0]):
            raise _refusal(unit, "its header is not that of the first part")

    def _header(self, unit: Unit) -> memoryview:
        """The bytes from the unit header to the payload."""
        first = unit.offset + (6 if unit.fields["nnr_unit_size_flag"] else 4)
        return self._stream[first : unit.payload_offset]


def _joined(parts: Sequence[Unit]) -> Unit:
    return replace(
        parts[-1],
        offset=parts[0].offset,
        size=sum(part.size for part in parts),
        pieces=tuple(piece for part in parts for piece in part.pieces),
    )


def _refusal(unit: Unit, detail: str) -> NnrError:
    return refusal(
        "partial-data-parts",
        detail,
        unit=unit.index,
        unit_type=unit.type_name,
        element="partial_data_counter",
        bit=8 * unit.offset,
    )
