"""Clause 14.2.1: finding units through the index at the end of a stream."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax import (
    IndexedUnit,
    StreamState,
    Unit,
    indexed_units,
    is_index,
    read_unit_at,
)
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.private_units import INDEX_FOOTER_BYTES, INDEX_SIGNATURE

ReadAt = Callable[[int, int, StreamState], Unit]
"""Reads the unit at (byte offset, index, state)."""

_STARTED: Final = StreamState(general_profile_idc=0)
"""Enough to parse a private unit."""

_ESTABLISHING: Final = (UnitType.NNR_STR, UnitType.NNR_MPS, UnitType.NNR_LPS, UnitType.NNR_TPL)
"""Clause 11: units that later ones depend on."""


class StreamIndex:
    """Clause 14.2.1: the units of a stream, of which only those that are asked for are read.

    `units` are all that precede the index.
    """

    def __init__(self, units: Sequence[IndexedUnit], read: ReadAt) -> None:
        self._units = units
        self._offsets = [0, *accumulate(unit.size for unit in units)]
        self._read = read
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for number, unit in enumerate(units):
            for name in unit.names:
                self._numbers[name].append(number)
        self._by_type: dict[int, list[int]] = defaultdict(list)
        for number, unit in enumerate(units):
            self._by_type[unit.nnr_unit_type].append(number)
        self._state_after = lru_cache(maxsize=16)(self._uncached_state_after)

    def numbers_of(self, name: str) -> Sequence[int]:
        """The indices of the units with this topology element: one, none, or those of the parts
        of its data (clause 8.2.1).
        """
        return self._numbers.get(name, ())

    def unit(self, number: int) -> Unit:
        """The unit, read after those that its parsing depends on.

        Raises NnrError where a unit is not what the index says of it: index-mismatch, or, read at
        a wrong place, anything else.
        """
        before = {kind: self._before(number, kind) for kind in _ESTABLISHING}
        settings = before[UnitType.NNR_STR] + before[UnitType.NNR_MPS]
        settings += before[UnitType.NNR_LPS][-1:]
        state = self._state_after(settings)
        if state.mps_topology_indexed_reference_flag:
            state = self._state_after(settings + before[UnitType.NNR_TPL])
        return self._checked(number, state)

    def _before(self, number: int, nnr_unit_type: int) -> tuple[int, ...]:
        numbers = self._by_type[nnr_unit_type]
        return tuple(numbers[: bisect_left(numbers, number)])

    def _uncached_state_after(self, numbers: tuple[int, ...]) -> StreamState:
        state = StreamState()
        for number in numbers:
            unit = self._checked(number, state)
            state = state.after(unit.nnr_unit_type, unit.fields)
        return state

    def _checked(self, number: int, state: StreamState) -> Unit:
        unit = self._read(self._offsets[number], number, state)
        said, found = self._units[number], IndexedUnit.of(unit)
        if said != found:
            raise refusal("index-mismatch", f"unit {number}: {tuple(said)}, not {tuple(found)}")
        return unit


def find_index(stream: memoryview, limits: Limits, read: ReadAt) -> StreamIndex | None:
    """Clause 14.2.1: the index that ends a stream and covers all before it; else None.

    `read` reads the units that are asked for.
    """
    footer = bytes(stream[-INDEX_FOOTER_BYTES:])
    offset = len(stream) - int.from_bytes(footer[:4])
    if int.from_bytes(footer[4:]) != INDEX_SIGNATURE or offset <= 0:
        return None
    try:
        unit = read_unit_at(stream, offset, _STARTED, limits=limits)
    except NnrError:
        return None  # the last bytes of some other unit, or a damaged index
    if not is_index(unit.fields):
        return None
    units = indexed_units(unit.fields)
    covered = sum(entry.size for entry in units)
    aggregates = any(entry.nnr_unit_type == UnitType.NNR_AGG for entry in units)
    if covered != offset or unit.size != len(stream) - offset or aggregates:
        return None
    return StreamIndex(units, read)
