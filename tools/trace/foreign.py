"""Annex E: the trace of another decoder, read line by line."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnref.spec.errors import NnrError, refusal

COMPARED: Final = ("element", "bin", "level", "checkpoint")
"""The events that are compared; lines of others are passed over."""
_SUBSCRIPT: Final = re.compile(r"(\w+)\[(\d+)\]")
_BINS: Final = re.compile(r"\s*(?:(\d+)\s*:)?([01\s]*)")


@dataclass(frozen=True, slots=True)
class ForeignLine:
    """One event of the trace; of a text of 0 and 1 one bin."""

    number: int
    """Of the line in the file, from 1."""
    unit: int
    event: str
    fields: dict[str, Any]


class ForeignTrace:
    """The compared events of a trace, in order; one can be looked at before it is taken.

    `codewords` are the indices of the units that have one. Raises FileError (trace-syntax).
    """

    def __init__(self, lines: Iterable[str], codewords: Sequence[int]) -> None:
        self.to_bin: int | None = None
        """Where the trace says that it leaves off in each codeword."""
        self._codewords = codewords
        self._events = self._read(lines)
        self.next: ForeignLine | None = None
        """The next event; None behind the last one."""
        self.take()

    def take(self) -> None:
        """Go on to the event behind `next`."""
        before = self.next
        self.next = next(self._events, None)
        if before and self.next and self.next.unit < before.unit:
            detail = f"unit {self.next.unit} comes behind unit {before.unit}"
            raise trace_error(self.next.number, detail)

    def next_of(self, unit: int) -> ForeignLine | None:
        """The next event if it belongs to `unit`."""
        return self.next if self.next is not None and self.next.unit == unit else None

    def _read(self, lines: Iterable[str]) -> Iterator[ForeignLine]:
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        is_json: bool | None = None
        unit, ordinal = self._codewords[0] if self._codewords else 0, 0
        for number, line in numbered:
            if is_json is None:
                is_json = line.lstrip().startswith("{")
            if is_json:
                fields = _object(number, line)
                unit = _count(number, fields, "unit", unit)
                yield from self._event(number, unit, fields)
            else:
                named, bins = _bins(number, line)
                if bins:
                    unit = self._codeword(number, ordinal) if named is None else named
                    ordinal += 1
                    for value in bins:
                        yield ForeignLine(number, unit, "bin", {"value": int(value)})

    def _codeword(self, number: int, ordinal: int) -> int:
        if ordinal >= len(self._codewords):
            raise trace_error(number, f"the stream has {len(self._codewords)} codewords")
        return self._codewords[ordinal]

    def _event(self, number: int, unit: int, fields: dict[str, Any]) -> Iterator[ForeignLine]:
        event = fields.get("event") or _guessed(fields)
        if event == "trace":
            self.to_bin = _count(number, fields, "to_bin", 0) or None
        if event not in COMPARED:
            return
        if event == "bin":
            if fields.get("value") not in (0, 1):
                raise trace_error(number, "a bin has a value of 0 or 1")
            _count(number, fields, "bin", 0)
            fields = _subscripted(fields)
        elif event == "checkpoint" and not _count(number, fields, "bins", 0):
            raise trace_error(number, "a checkpoint has bins, a number above 0")
        yield ForeignLine(number, unit, event, fields)


def _guessed(fields: dict[str, Any]) -> str:
    """The event of a line that does not name it."""
    if "bins" in fields:
        return "checkpoint"
    return "bin" if "value" in fields else ""


def _subscripted(fields: dict[str, Any]) -> dict[str, Any]:
    """`abs_level_greater_x[2]` as element and index."""
    match = _SUBSCRIPT.fullmatch(str(fields.get("element")))
    return fields | {"element": match[1], "index": int(match[2])} if match else fields


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise trace_error(number, f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise trace_error(number, "no JSON object")
    return found


def _count(number: int, fields: dict[str, Any], name: str, default: int) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise trace_error(number, f"{name} is {value!r}, not a number from 0")
    return value


def _bins(number: int, line: str) -> tuple[int | None, str]:
    """(unit if it is named, the bins without spaces)."""
    match = _BINS.fullmatch(line.partition("#")[0])
    if match is None:
        raise trace_error(number, "neither a JSON object nor 0, 1 and spaces, perhaps behind UNIT:")
    return (None if match[1] is None else int(match[1])), "".join(match[2].split())


def trace_error(number: int, detail: str) -> NnrError:
    """The refusal of a line, ready to raise."""
    return refusal("trace-syntax", f"line {number}: {detail}")
