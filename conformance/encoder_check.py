"""Encoder conformance: a stream of any encoder judged by every rule, with all that is wrong.

A decoder stops at the first broken rule. Here the unit that breaks one is taken out and the rest
is read on, so that one run tells of every unit; rules that a decoder tolerates count, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nnref.codec import Stream, UpdateState
from nnref.conformance.extents import extents
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax import OutOfBand
from nnref.spec.tables.enums import Dialect
from nnref.spec.tables.rules import STREAM_RULES, Rule

_NOTHING_BEHIND: Final = ("start-unit-missing", "mps-missing")
"""Without these units nothing that follows can be read."""
_OF_THE_WHOLE: Final = ("index-mismatch",)
"""Said of a stream with units taken out, these say nothing of the stream."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found out about one stream.

    `findings` are in the order of the stream, places and unit numbers those of the whole stream.
    `complete` is False when something could not be read on: then there may be more.
    """

    size: int
    units: int
    tensors: int
    findings: tuple[NnrError, ...]
    complete: bool

    @property
    def conforms(self) -> bool:
        """Whether no rule is broken."""
        return not self.findings

    @property
    def broken(self) -> dict[str, int]:
        """How often each rule is broken, by id."""
        ids = [finding.id for finding in self.findings]
        return {name: ids.count(name) for name in dict.fromkeys(ids)}


def rules_judged(with_bases: bool) -> list[Rule]:
    """The rules that a stream is judged by; those of updates need the streams before it."""
    needs_bases = ("base-missing", "parent-mismatch")
    of_sums = ("update-mismatch", "base-model-mismatch")
    return [
        rule
        for rule in STREAM_RULES.values()
        if rule.id not in of_sums and (with_bases or rule.id not in needs_bases)
    ]


def check_stream(
    data: bytes,
    *,
    bases: Sequence[bytes] = (),
    dialect: Dialect = Dialect.NNCODEC_2,
    limits: Limits | None = None,
    out_of_band: Mapping[str, OutOfBand] | None = None,
) -> Judged:
    """Judge a stream by every rule. Raises NnrError for what is wrong with a base."""
    options: dict[str, Any] = {"dialect": dialect, "limits": limits, "out_of_band": out_of_band}
    state = UpdateState()
    for base in bases:
        state = Stream(base, base=state, **options).next_state()
    return _Judge(data, options | {"base": state}).judged()


@dataclass(slots=True)
class _Judge:
    """Reads a stream until nothing more can be taken out of it."""

    original: bytes
    options: dict[str, Any]
    rest: bytes = b""
    removed: list[tuple[int, int, int]] = field(default_factory=list)
    """Index, offset and size, in the whole stream, of the units that were taken out."""
    findings: list[NnrError] = field(default_factory=list)
    complete: bool = True

    def judged(self) -> Judged:
        """All that is found."""
        self.rest = self.original
        stream = self._readable()
        units = len(self.removed)
        tensors = 0
        if stream is not None:
            units += len(stream.units)
            tensors = len(stream)
            for _, outcome in stream.outcomes():
                if isinstance(outcome, NnrError):
                    self._add(outcome)
            for finding in stream.findings:
                self._add(finding)
        ordered = sorted(self.findings, key=_bit)
        return Judged(len(self.original), units, tensors, tuple(ordered), self.complete)

    def _readable(self) -> Stream | None:
        """The stream without the units whose headers break a rule; None when nothing is left."""
        while True:
            try:
                stream = Stream(self.rest, **self.options)
                list(stream.units)
            except NnrError as error:
                unit = error.place.unit
                self._add(error)
                if error.id in _NOTHING_BEHIND or unit is None or not self._remove(unit):
                    self.complete = False
                    return None
            else:
                return stream

    def _remove(self, unit: int) -> bool:
        """Take a unit out; False when nobody can say where it ends, or nothing is left then."""
        units = list(extents(self.rest))
        if unit >= len(units):
            return False
        offset, size = units[unit]
        index, moved = self._in_original(unit), self._moved(unit)
        self.removed.append((index, offset + moved, size))
        self.rest = self.rest[:offset] + self.rest[offset + size :]
        return bool(self.rest)

    def _add(self, error: NnrError) -> None:
        """Keep a finding, with its place in the whole stream."""
        if self.removed and error.id in _OF_THE_WHOLE:
            return
        place = error.place
        if place.unit is not None:
            moved = 8 * self._moved(place.unit)
            bit = None if place.bit is None else place.bit + moved
            place = replace(place, unit=self._in_original(place.unit), bit=bit)
        where = {name: getattr(place, name) for name in ("unit", "unit_type", "tensor", "element")}
        self.findings.append(refusal(error.id, error.detail, bit=place.bit, **where))

    def _in_original(self, unit: int) -> int:
        """The number of a unit of the rest in the whole stream."""
        for index, _, _ in sorted(self.removed):
            unit += index <= unit
        return unit

    def _moved(self, unit: int) -> int:
        """Bytes that were taken out before a unit of the rest."""
        index = self._in_original(unit)
        return sum(size for number, _, size in self.removed if number < index)


def _bit(finding: NnrError) -> tuple[int, int]:
    return finding.place.unit or 0, finding.place.bit or 0
