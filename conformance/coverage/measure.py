"""What each stream of the suite reaches, and the smallest stream for each item."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from nnref.conformance.coverage.coder import CoderWatch
from nnref.conformance.coverage.elements import reached_by
from nnref.conformance.generator.expectation import MOST_WEIGHTS
from nnref.conformance.generator.recording import Recorder
from nnref.conformance.suite import Sheet
from nnref.spec.process import Observer, Refused, UpdateState, compose_blocks, decode_stream

_EVENTS: Final = (
    "unit", "element", "engine", "tensor", "contexts", "weight", "level", "bin", "coded_element",
    "block_row",
)  # fmt: skip


class Several(Observer):
    """Tells every event to several observers."""

    def __init__(self, *observers: Observer) -> None:
        for event in _EVENTS:
            setattr(self, event, _to_all([getattr(observer, event) for observer in observers]))


def _to_all(hearers: Sequence[Any]) -> Any:
    def tell(*arguments: Any, **named: Any) -> None:
        for hear in hearers:
            hear(*arguments, **named)

    return tell


class Suite:
    """The sheets of a suite, decoded by the literal decoder as they ask for it."""

    def __init__(self, sheets: Iterable[Sheet]) -> None:
        self.sheets: Mapping[str, Sheet] = {sheet.id: sheet for sheet in sheets}

    def smallest_first(self) -> list[Sheet]:
        """By the size of the stream, then by id."""
        return sorted(self.sheets.values(), key=lambda sheet: (sheet.stream.bytes, sheet.id))

    def decode(self, sheet: Sheet, observer: Observer | None = None) -> set[str]:
        """Decode a case; returns the rules that it breaks."""
        state = UpdateState()
        for earlier in sheet.options.chain:
            self._decode(self.sheets[earlier], state, None)
        try:
            return self._decode(sheet, state, observer)
        except Refused as refused:
            return {refused.rule_id}

    @staticmethod
    def _decode(sheet: Sheet, state: UpdateState, observer: Observer | None) -> set[str]:
        stream = decode_stream(
            sheet.data,
            state=state,
            dialect=sheet.coded_dialect,
            out_of_band=sheet.options.out_of_band,
            observer=observer,
            max_weights=MOST_WEIGHTS,
        )
        if not sheet.options.as_coded:
            compose_blocks(stream)
        return {finding.rule_id for finding in stream.findings}


def reached(suite: Suite, sheet: Sheet) -> set[str]:
    """The items that a case reaches, but lines and branches."""
    recorder, watch = Recorder(), CoderWatch()
    rules = suite.decode(sheet, Several(recorder, watch))
    if sheet.fault:
        rules.add(sheet.fault.rule)
    found = watch.reached | {f"rule {rule}" for rule in rules}
    return found | reached_by(recorder.elements, recorder.unit_types)


def witnesses(suite: Suite) -> dict[str, str]:
    """By item, the id of the smallest stream that reaches it."""
    found: dict[str, str] = {}
    for sheet in suite.smallest_first():
        for item in reached(suite, sheet):
            found.setdefault(item, sheet.id)
    return found
