"""Clause 14.2.1: the index behind the units of a stream."""

from collections.abc import Iterable, Iterator, Mapping

from nnref.spec.syntax import IndexedUnit, OutOfBand, StreamState, index_unit, read_unit_at
from nnref.spec.syntax.writer import UNLIMITED


def with_index(units: Iterable[bytes], out_of_band: Mapping[str, OutOfBand]) -> Iterator[bytes]:
    """The units of a stream as they come, and at last the index of all of them.

    `out_of_band` has what a unit leaves out when it comes.
    """
    entries, state = [], StreamState()
    for index, unit in enumerate(units):
        yield unit
        parsed = read_unit_at(
            unit, 0, state, index=index, limits=UNLIMITED, out_of_band=out_of_band
        )
        entries.append(IndexedUnit.of(parsed))
        state = state.after(parsed.nnr_unit_type, parsed.fields)
    yield index_unit(entries)
