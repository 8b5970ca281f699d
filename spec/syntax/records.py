"""Clause 6: what parsing tells: a record per element, findings, or a refusal with its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nnref.spec.errors import NnrError
from nnref.spec.syntax.bits import BitReader, BitWriter


@dataclass(frozen=True, slots=True)
class Record:
    """One parsed or written element."""

    name: str
    """The standard's name, for example `tensor_dimensions`."""
    path: str
    """Where its value is in the unit's fields, for example `tensor_dimensions[1]`."""
    bit: int
    """First bit, counted from the first bit of the stream."""
    bits: int
    """Length; 0 never occurs."""
    value: Any
    """int, float, str or bytes; of byte_alignment() the bits as an integer."""
    descriptor: str
    """With its parameter's value, for example `ue(7)`."""


RecordSink = Callable[[Record], None]


class Judge:
    """Clause 13.2: decides what a broken rule does: tolerated ones are findings unless `strict`."""

    def __init__(self, strict: bool = False, findings: list[NnrError] | None = None) -> None:
        self._strict = strict
        self._findings = findings

    def report(self, error: NnrError) -> None:
        """Raise `error`, or keep it as a finding and return."""
        if self._strict or not error.rule.tolerated:
            raise error
        if self._findings is not None:
            self._findings.append(error)


class ObservedReader(BitReader):
    """A bit reader that tells of every element; the stream that construct's parsers see."""

    __slots__ = ("judge", "sink")

    def __init__(
        self, view: memoryview, start: int, end: int, judge: Judge, sink: RecordSink | None
    ) -> None:
        super().__init__(view, start, end)
        self.judge = judge
        self.sink = sink


class ObservedWriter(BitWriter):
    """A bit writer with a judge; the stream that construct's builders see."""

    __slots__ = ("judge",)

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge


def element_path(path: str) -> str:
    """The path of construct, ` -> codebook -> codebook_egk`, as `codebook.codebook_egk`."""
    return path.replace(" -> ", ".")[1:]
