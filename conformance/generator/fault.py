"""Invalid cases: one edit of a valid one, the rule it breaks, and where that can be known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nnref.conformance.generator.building import copied
from nnref.conformance.generator.case import Case
from nnref.conformance.generator.edits import Edited, Maker, Parent
from nnref.conformance.generator.expectation import MOST_WEIGHTS, Expectation, expectation
from nnref.conformance.suite import PERMITTED, REQUIRED, Fault
from nnref.spec.process import Refused, UpdateState, decode_stream
from nnref.spec.tables.rules import LIMIT, RULES

FIRST: Final = "first"
"""The usual parent: start unit, parameter set, a tensor of four weights."""


@dataclass(frozen=True, slots=True)
class FaultCase:
    """An edit of the case `parent` that breaks `rule`."""

    id: str
    parent: str
    rule: str
    title: str
    purpose: str
    edit: Maker
    literal: str | None = "rule"
    """The rule that the literal decoder names where it is another one; None: it finds nothing,
    because the rule is one of outputs, sums or limits that it does not have."""
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def refusal(self) -> str:
        """Tolerated rules and limits permit a refusal, all others require it."""
        rule = RULES[self.rule]
        return PERMITTED if rule.tolerated or rule.kind == LIMIT else REQUIRED


@dataclass(frozen=True, slots=True)
class Broken:
    """A made invalid case: its bytes, the fault, and what decoding gives where it goes on."""

    case: FaultCase
    data: bytes
    fault: Fault
    expected: Expectation | None


def break_case(case: FaultCase, parent: Case, data: bytes, state: UpdateState) -> Broken:
    """Make an invalid case of its parent, whose stream is `data` and is decoded after `state`.

    Raises ValueError when the literal decoder finds something else.
    """
    edited = case.edit(Parent(data, parent.description.out_of_band))
    refused = _refused(edited.data, parent, state)
    found = refused.rule_id if refused else None
    tolerated = RULES[case.rule].tolerated
    expected = None
    if tolerated:
        expected = expectation(parent, edited.data, copied(state))
        found = case.rule if case.rule in expected.findings else found
    named = case.rule if case.literal == "rule" else case.literal
    if found != named:
        raise ValueError(f"{case.id}: the literal decoder says {found}, not {named}")
    window = _window(edited, data, refused)
    rule = RULES[case.rule]
    fault = Fault(
        parent.id, edited.edit(data), rule.id, rule.clause, rule.kind, window, case.refusal
    )
    return Broken(case, edited.data, fault, expected)


def _refused(data: bytes, parent: Case, state: UpdateState) -> Refused | None:
    described = parent.description
    try:
        decode_stream(
            data,
            state=copied(state),
            dialect=described.dialect,
            out_of_band=described.out_of_band,
            max_weights=MOST_WEIGHTS,
        )
    except Refused as refused:
        return refused
    return None


def _window(edited: Edited, parent: bytes, refused: Refused | None) -> tuple[int, int]:
    """From the first bit that is not the parent's to the last one of the unit at fault."""
    end = max(8 * len(edited.data) - 1, 0)
    first = min(8 * edited.edit(parent).byte, end)
    if refused is None or refused.unit is None:
        return first, end
    place = 0
    for _ in range(refused.unit):
        place += _size(edited.data, place)
    last = min(place + max(_size(edited.data, place), 1), len(edited.data))
    return first, max(first, 8 * last - 1)


def _size(data: bytes, place: int) -> int:
    """nnr_unit_size of the unit at a byte, as far as it is there."""
    long = data[place : place + 1] >= b"\x80"
    width = 4 if long else 2
    return int.from_bytes(data[place : place + width].ljust(width, b"\0"), "big") & (
        (1 << 8 * width - 1) - 1
    )


def broken(
    name: str, parent: str, rule: str, purpose: str, edit: Maker, **options: Any
) -> FaultCase:
    """An invalid case whose title is its rule's."""
    title = f"{name.replace('-', ' ').capitalize()}: not {RULES[rule].text}"[:118]
    return FaultCase(f"bad-{name}", parent, rule, title, purpose, edit, **options)
