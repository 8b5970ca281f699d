"""Clause 9.4.1: what a context stands for, in words."""

from dataclasses import dataclass
from typing import Final

from nnref.spec.tables import cabac

_SIGNS: Final = ("zero", "negative", "positive")


@dataclass(frozen=True, slots=True)
class ContextMeaning:
    """A context index taken apart; what does not belong to the element is empty or None."""

    element: str
    case: str = ""
    """plain, temporal or history: what it was chosen by."""
    dq_state: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        state = None if self.dq_state is None else f"DQ state {self.dq_state}"
        parts = (part for part in (self.case, state, self.detail) if part)
        return f"{self.element} ({', '.join(parts)})" if self.case else self.element


def context_meaning(index: int, unary_length: int) -> ContextMeaning:
    """Clause 9.4.1: what context `index` is for, with `unary_length` flags per weight."""
    if index < cabac.GREATER_PLAIN:
        return _fixed(index)
    temporal = cabac.greater_temporal(unary_length)
    prefix = cabac.remainder_prefix(unary_length)
    if index < temporal:
        x, negative = divmod(index - cabac.GREATER_PLAIN, 2)
        return _greater("plain", x, f"{_SIGNS[2 - negative]} level")
    if index < prefix:
        x, small = divmod(index - temporal, 2)
        return _greater(
            "temporal", x, f"magnitude of the base {'below' if small else 'not below'} {x}"
        )
    if index < cabac.shift_idx_present(unary_length):
        return ContextMeaning(f"abs_remainder_prefix[{index - prefix}]")
    if index == cabac.shift_idx_present(unary_length):
        return ContextMeaning("shift_idx_minus_1_present_flag")
    if index == cabac.row_skip(unary_length):
        return ContextMeaning("row_skip_list")
    return ContextMeaning("no element")


def _fixed(index: int) -> ContextMeaning:
    """The contexts whose index does not depend on the unary length."""
    if index < cabac.SIG_TEMPORAL:
        state, sign = divmod(index - cabac.SIG_PLAIN, 3)
        return ContextMeaning("sig_flag", "plain", state, f"{_SIGNS[sign]} level before")
    if index < cabac.SIG_HISTORY:
        state, large = divmod(index - cabac.SIG_TEMPORAL, 2)
        return ContextMeaning("sig_flag", "temporal", state, "base above 1" if large else "base 1")
    if index < cabac.SIGN_PLAIN:
        return ContextMeaning("sig_flag", "history", index - cabac.SIG_HISTORY)
    if index < cabac.SIGN_TEMPORAL:
        before = _SIGNS[index - cabac.SIGN_PLAIN]
        return ContextMeaning("sign_flag", "plain", None, f"{before} level before")
    base = _SIGNS[1 + index - cabac.SIGN_TEMPORAL]
    return ContextMeaning("sign_flag", "temporal", None, f"{base} base")


def _greater(case: str, x: int, detail: str) -> ContextMeaning:
    return ContextMeaning(f"abs_level_greater_x[{x}]", case, None, detail)
