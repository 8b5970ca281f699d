"""Annex E: where the trace of another decoder leaves that of the literal decoder."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from nnref.spec.errors import NnrError, refusal
from nnref.spec.process.probability import Context
from nnref.spec.syntax import Unit, read_units
from nnref.tools.trace.cause_table import Cause
from nnref.tools.trace.causes import Before, clause_of_element, likely_cause, meaning_of
from nnref.tools.trace.foreign import ForeignLine, ForeignTrace, trace_error
from nnref.tools.trace.payload import NO_CONTEXTS, Event, PayloadReporter, StopTracing
from nnref.tools.trace.tracing import Source, Walk, has_codeword

FIELDS: Final = {
    "element": ("element", "bit", "bits", "descriptor", "value"),
    "bin": (
        *("tensor", "element", "index", "weight", "kind", "context", "state"),
        *("range", "offset", "shifts", "value"),
    ),
    "level": ("tensor", "weight", "level", "dq_state"),
    "checkpoint": ("tensor", "shifts", "range", "offset", "contexts"),
}
"""What is compared, in this order; what the trace lacks, or has as null, agrees."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event that differs; `expected` or `got` is None where there is none."""

    unit: int
    unit_type: str
    field: str
    """The first field that differs; `end` where one side has no such event."""
    expected: Event | None
    got: Event | None
    line: int | None
    """Of the trace file."""
    clause: str
    """Of the element's semantics."""
    cause: Cause
    before: Before
    interval: tuple[int, int] | None = None
    """With checkpoints: the bins, first and first behind, among which the cause is."""

    @property
    def row_and_column(self) -> tuple[int, int] | None:
        """Clause 9.6.1: of the weight, if the difference is in one."""
        weight = (self.expected or {}).get("weight")
        if weight is None or self.before.columns == 0:
            return None
        row, column = divmod(weight, self.before.columns)
        return row, column

    def context_meanings(self) -> tuple[str, str]:
        """What the contexts of both bins stand for; empty where they have none."""
        expected, got = (meaning_of(event, self.before) for event in (self.expected, self.got))
        return str(expected or ""), str(got or "")


@dataclass(slots=True)
class Comparison:
    """What was compared, and the first difference if there is one."""

    difference: Difference | None = None
    refusal: NnrError | None = None
    """What is wrong with the stream itself; nothing behind it is compared."""
    units: set[int] = field(default_factory=set)
    events: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIELDS, 0))
    """How many of each agreed."""


class _Diverged(Exception):  # noqa: N818 - it is the result
    def __init__(self, difference: Difference) -> None:
        self.difference = difference


def diverge(source: Source, lines: Iterable[str]) -> Comparison:
    """Compare a trace, given as lines, with what the literal decoder does.

    Raises FileError (trace-syntax), and NnrError for a wrong base.
    """
    comparer = Comparer(ForeignTrace(lines, _codewords(source)))
    walk = Walk(source, comparer.is_told, comparer.see, comparer)
    result = comparer.result
    try:
        try:
            walk.run()
        except NnrError as error:
            if error.id == "trace-syntax":
                raise
            result.refusal = error
        comparer.finish()
    except _Diverged as diverged:
        result.difference = diverged.difference
    if result.difference is None and result.refusal is None and not any(result.events.values()):
        raise refusal("trace-syntax", "nothing of the stream is in the trace")
    return result


def _codewords(source: Source) -> list[int]:
    """Indices of the units with a codeword, as far as the stream can be parsed."""
    found: list[int] = []
    try:
        given: dict[str, Any] = {"limits": source.limits, "out_of_band": source.out_of_band}
        for unit in read_units(source.data, **given):
            if has_codeword(unit):
                found.append(unit.index)
    except NnrError:
        pass  # Walk meets the same error, behind what can be compared.
    return found


class Comparer(PayloadReporter):
    """Follows the literal decoder with the trace in hand."""

    def __init__(self, trace: ForeignTrace) -> None:
        super().__init__(self.see)
        self._trace = trace
        self._kinds: set[str] = set()
        """Events that the trace has."""
        self._elements_in: int | None = None
        """The last unit of whose elements the trace has told."""
        self._unit_type = "nnr_unit"
        self._history = _History()
        self.result = Comparison()

    def is_told(self, unit: Unit) -> bool:
        """Whether the trace tells of a unit."""
        self._finish_units_before(unit.index)
        return self._trace.next_of(unit.index) is not None

    def finish(self) -> None:
        """At the end of the stream nothing of the trace is left."""
        self._finish_units_before(None)

    def contexts(self, contexts: list[Context]) -> None:
        """The contexts of the tensor are new."""
        super().contexts(contexts)
        self._history.contexts = contexts

    def checkpoint_due(self) -> bool:
        """Where the trace has one."""
        line = self._trace.next_of(self._history.unit)
        if line is None or line.event != "checkpoint":
            return False
        if line.fields["bins"] < self.bins:
            raise trace_error(line.number, f"{self.bins} bins are behind it already")
        return bool(line.fields["bins"] == self.bins)

    def see(self, event: Event) -> None:
        """Compare one event of the literal decoder with the next one of the trace."""
        if event["event"] in FIELDS:
            self._meet(event)
        elif event["event"] == "unit":
            self._unit_type = event["type_name"]
        self._history.note(event)

    def _meet(self, event: Event) -> None:
        line = self._trace.next_of(event["unit"])
        if line is None or line.event != event["event"]:
            self._unmatched(event, line)
            return
        if event["event"] == "bin" and line.fields.get("bin", event["bin"]) > event["bin"]:
            return  # The trace leaves bins out.
        self._trace.take()
        self._kinds.add(line.event)
        if line.event == "element":
            self._elements_in = line.unit
        for name in FIELDS[line.event]:
            got = line.fields.get(name)
            if got is not None and got != event.get(name):
                self._fail(name, event, line)
        self.result.units.add(line.unit)
        self.result.events[line.event] += 1
        if line.event == "checkpoint":
            self._history.agreed_bins = self.bins

    def _unmatched(self, event: Event, line: ForeignLine | None) -> None:
        """The trace goes on with something else: it may tell of less, but of that everything."""
        kind = event["event"]
        if kind == "element":
            missing = self._elements_in == event["unit"]
        elif kind == "level":
            missing = "level" in self._kinds and line is not None and line.event == "bin"
        elif "bin" in self._kinds:
            missing = not self._may_leave_out(event, line)
        elif line is None:
            raise StopTracing  # The trace tells no more of this codeword.
        else:
            missing = False
        if missing:
            self._fail("end", event, line)

    def _may_leave_out(self, event: Event, line: ForeignLine | None) -> bool:
        """A terminate bin, and what is behind the end of an interval."""
        if self._trace.to_bin is not None and event["bin"] >= self._trace.to_bin:
            raise StopTracing
        return event["kind"] == "terminate" and line is None

    def _finish_units_before(self, unit: int | None) -> None:
        line = self._trace.next
        if line is not None and (unit is None or line.unit < unit):
            self._history.enter(line.unit)
            self._fail("end", None, line)

    def _fail(self, name: str, event: Event | None, line: ForeignLine | None) -> None:
        got = None if line is None else {"event": line.event} | line.fields
        before = self._history.before(event, self._unit_type, values_only=self._values_only(line))
        raise _Diverged(
            Difference(
                unit=self._history.unit,
                unit_type=self._unit_type,
                field=name,
                expected=event,
                got=got,
                line=line.number if line else None,
                clause=clause_of_element(self._unit_type, event or got),
                cause=likely_cause(name, event, got, before),
                before=before,
                interval=self._interval(event),
            )
        )

    def _interval(self, event: Event | None) -> tuple[int, int] | None:
        if event is None or event["event"] != "checkpoint":
            return None
        return self._history.agreed_bins, event["bins"]

    @staticmethod
    def _values_only(line: ForeignLine | None) -> bool:
        return line is not None and not {"context", "state", "range"} & line.fields.keys()


class _History:
    """What the literal decoder did before the event at hand, in the same codeword."""

    def __init__(self) -> None:
        self.unit = 0
        self.contexts: list[Context] = NO_CONTEXTS
        self.enter(0)

    def enter(self, unit: int) -> None:
        """A unit begins."""
        self.unit = unit
        self.agreed_bins = 0
        self._last_bin: Event | None = None
        self._last_use: dict[int, int] = {}
        self._started = "codeword"
        self._columns = 0

    def note(self, event: Event) -> None:
        """Go on behind an event."""
        kind = event["event"]
        if kind == "unit":
            self.enter(event["unit"])
        elif kind == "tensor":
            self._started = "tensor" if self._last_bin else "codeword"
            self._columns = event["columns"]
        elif kind == "contexts":
            self._last_use.clear()
        elif kind == "block_row":
            self._started = "block-row"
            if event["first_row"] > 0:
                self._last_use.clear()
        elif kind == "bin":
            self._last_bin, self._started = event, ""
            if "context" in event:
                self._last_use[event["context"]] = event["bin"]

    def before(self, event: Event | None, unit_type: str, *, values_only: bool) -> Before:
        """The history of an event that differs."""
        context: Any = (event or {}).get("context")
        return Before(
            unit_type=unit_type,
            bin=self._last_bin,
            last_use=self._last_use.get(context),
            contexts=len(self.contexts),
            started=self._started,
            shift_idx=0 if context is None else self.contexts[context].shift_idx,
            columns=self._columns,
            values_only=values_only,
        )
