"""Clause 9.4: which context a bin is decoded with."""

from nnref.spec.process.probability import Context
from nnref.spec.tables import cabac


def new_contexts(unary_length: int) -> list[Context]:
    """Clause 9.4.1: Context indices. Every tensor starts with all contexts in set 0."""
    return [Context() for _ in range(cabac.context_count(unary_length))]


def by_sign(value: int) -> int:
    """Clause 9.4.2: Selection of the context. 0 for zero, 1 for negative, 2 for positive."""
    if value == 0:
        return 0
    return 1 if value < 0 else 2


def sig_flag_context(state: int, neighbour: int, base: int, history: int) -> int:
    """Clause 9.4.2: Selection of the context. For sig_flag: the history mask goes before the
    base level, the base level before the previously coded level.
    """
    if history == 1:
        return cabac.SIG_HISTORY + state
    if base != 0:
        return cabac.SIG_TEMPORAL + 2 * state + (1 if abs(base) > 1 else 0)
    return cabac.SIG_PLAIN + 3 * state + by_sign(neighbour)


def sign_flag_context(neighbour: int, base: int) -> int:
    """Clause 9.4.2: Selection of the context. For sign_flag."""
    if base != 0:
        return cabac.SIGN_TEMPORAL + (1 if base > 0 else 0)
    return cabac.SIGN_PLAIN + by_sign(neighbour)


def abs_level_greater_context(x: int, sign_flag: int, base: int, unary_length: int) -> int:
    """Clause 9.4.2: Selection of the context. For abs_level_greater_x[x]."""
    if base != 0:
        return cabac.greater_temporal(unary_length) + 2 * x + (1 if abs(base) < x else 0)
    return cabac.GREATER_PLAIN + 2 * x + sign_flag


def abs_remainder_context(bin_index: int, unary_length: int) -> int:
    """Clause 9.4.2: Selection of the context. For bin bin_index of the abs_remainder prefix."""
    return cabac.remainder_prefix(unary_length) + bin_index
