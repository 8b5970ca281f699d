"""Clause 9.2: the probability model of one context."""

from dataclasses import dataclass

from nnref.spec.tables.cabac import PARAMETER_SETS, TRANSITION


@dataclass(slots=True)
class Context:
    """Clause 9.2.1: State of a context. Two estimators of the log-probability of a 1."""

    shift_idx: int = 0
    fast: int = 0
    slow: int = 0


def state(context: Context) -> int:
    """Clause 9.2.1: State of a context. S; not negative when a 1 is the more probable bin."""
    return 16 * context.fast + context.slow


def reset(context: Context) -> None:
    """Clause 9.2.2: Parameter sets. Back to the start values of the context's set."""
    _, _, context.fast, context.slow = PARAMETER_SETS[context.shift_idx]


def update(context: Context, value: int) -> None:
    """Clause 9.2.3: Update. Both estimators move towards the bin, the more it surprises them."""
    fast_shift, slow_shift, _, _ = PARAMETER_SETS[context.shift_idx]
    sign = 1 if value == 1 else -1
    context.fast += sign * (TRANSITION[16 + (sign * context.fast >> 3)] >> (fast_shift + 4))
    context.slow += sign * (TRANSITION[16 + (sign * context.slow >> 7)] >> slow_shift)
