"""Annex E: the likely cause of a difference, from what differs first and where."""

from dataclasses import dataclass
from typing import Any

from nnref.spec.tables import cabac
from nnref.tools.syntax import clause_of
from nnref.tools.trace.cause_table import CAUSES, Cause
from nnref.tools.trace.contexts import ContextMeaning, context_meaning
from nnref.tools.trace.payload import Event

NOTHING: Event = {"event": "nothing"}


@dataclass(frozen=True, slots=True)
class Before:
    """What had happened when two traces parted."""

    unit_type: str
    bin: Event | None
    """The last bin that agreed in the same codeword."""
    last_use: int | None
    """The last bin with the expected bin's context since its start state."""
    contexts: int
    """Number of contexts of the tensor."""
    started: str
    """What the bin is the first of: codeword, tensor, block-row, or empty."""
    shift_idx: int
    """Parameter set of the expected bin's context."""
    columns: int
    """Of the tensor."""
    values_only: bool
    """Whether the trace tells of nothing but the values of bins."""

    @property
    def unary_length(self) -> int:
        """Clause 9.4.1: from the size of the context store."""
        return (self.contexts - cabac.context_count(0)) // 4


def likely_cause(field: str, expected: Event | None, got: Event | None, before: Before) -> Cause:
    """The first entry of the table that fits; `field` is the one that differs first."""
    situation = _situation(expected or NOTHING, got or NOTHING, before)
    if field == "context" and expected is not None:
        situation |= _context_facts(expected, got, before)
    element = str((expected or {}).get("element", ""))
    return next(cause for cause in CAUSES if cause.fits(field, element, situation))


def _situation(expected: Event, got: Event, before: Before) -> set[str]:
    """The words of the table that hold."""
    facts = {f"expected-{expected['event']}", f"got-{got['event']}", f"got-{got.get('element')}"}
    facts |= {f"kind-{expected.get('kind')}", f"first-of-{before.started}"}
    holds = {
        f"after-{(before.bin or {}).get('kind')}": before.bin is not None,
        "first-use": before.last_use is None,
        "chosen-set": before.shift_idx > 0,
        "values-only": before.values_only,
        "dialect": _is_of_other_dialect(got, before),
    }
    return facts | {fact for fact, is_so in holds.items() if is_so}


def _is_of_other_dialect(got: Event, before: Before) -> bool:
    """Annex A: a shift parameter of the 32nd context of the remainder prefix."""
    index = cabac.remainder_prefix(before.unary_length) + cabac.REMAINDER_PREFIX_CONTEXTS
    name = str(got.get("element"))
    return name.startswith("shift_idx_minus_1") and got.get("index") == index


def _context_facts(expected: Event, got: Event | None, before: Before) -> set[str]:
    """In what the two contexts differ."""
    right = context_meaning(expected["context"], before.unary_length)
    wrong = meaning_of(got, before)
    if wrong is None or wrong.element != right.element:
        return {"other-element"}
    names = ("case", "dq_state", "detail")
    return {f"other-{name}" for name in names if getattr(right, name) != getattr(wrong, name)}


def meaning_of(event: Event | None, before: Before) -> ContextMeaning | None:
    """What the context of a bin stands for, if it has one."""
    index: Any = event.get("context") if event else None
    if not isinstance(index, int) or not 0 <= index < before.contexts:
        return None
    return context_meaning(index, before.unary_length)


def clause_of_element(unit_type: str, event: Event | None) -> str:
    """Clause of the semantics of an event's element; of the codeword without one."""
    element = str((event or {}).get("element", ""))
    name = element.rpartition(".")[2].partition("[")[0]
    return clause_of(unit_type, name) if name else "6.14.3"
