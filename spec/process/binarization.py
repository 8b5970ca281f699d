"""Clause 9.5: how the level of one weight is put together from bins."""

from dataclasses import dataclass
from typing import NamedTuple

from nnref.spec.process.contexts import (
    abs_level_greater_context,
    abs_remainder_context,
    sig_flag_context,
    sign_flag_context,
)
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.probability import Context
from nnref.spec.process.refused import Refused
from nnref.spec.tables.cabac import REMAINDER_PREFIX_CONTEXTS

MAX_LEVEL = (1 << 31) - 1
MIN_LEVEL = -(1 << 31)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Clause 9.5.3: Bounds by the codebook. The largest magnitudes an index can have."""

    negative: int
    positive: int

    @property
    def largest(self) -> int:
        """Clause 9.5.3: Bounds by the codebook. The larger of the two."""
        return max(self.negative, self.positive)


class Neighbourhood(NamedTuple):
    """Clause 9.4.2: Selection of the context. All that the choice of contexts depends on."""

    state: int
    neighbour: int
    base: int
    history: int


def decode_level(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    near: Neighbourhood,
    unary_length: int,
    bounds: Bounds | None,
    first: int = 0,
) -> int:
    """Clause 6.14.3: Weights. The level of one weight; `first` is the context with which the set
    in use begins, 0 but for LNQ (clause 15.1.6).
    """
    index = first + sig_flag_context(*near)
    if engine.context_bin(contexts, index, "sig_flag") == 0:
        return 0
    sign_flag = decode_sign_flag(engine, contexts, near, bounds, first)
    limit = None if bounds is None else bounds.negative if sign_flag == 1 else bounds.positive
    magnitude = 1
    while magnitude <= unary_length and (limit is None or magnitude < limit):
        x = magnitude - 1
        index = first + abs_level_greater_context(x, sign_flag, near.base, unary_length)
        if engine.context_bin(contexts, index, "abs_level_greater_x", x) == 0:
            break
        magnitude += 1
    else:
        if limit is None or magnitude < limit:
            rest = None if limit is None else limit - magnitude
            magnitude += decode_abs_remainder(engine, contexts, unary_length, rest, first)
    level = -magnitude if sign_flag == 1 else magnitude
    if not MIN_LEVEL <= level <= MAX_LEVEL:
        raise Refused("level-overflow", f"level {level}", engine.bits.position)
    if bounds is not None and not -bounds.negative <= level <= bounds.positive:
        raise Refused("codebook-index-range", f"level {level}", engine.bits.position)
    return level


def decode_sign_flag(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    near: Neighbourhood,
    bounds: Bounds | None,
    first: int,
) -> int:
    """Clause 9.5.1: sig_flag and sign_flag. Inferred when the codebook leaves only one sign."""
    if bounds is not None and bounds.negative == 0:
        return 0
    if bounds is not None and bounds.positive == 0:
        return 1
    index = first + sign_flag_context(near.neighbour, near.base)
    return engine.context_bin(contexts, index, "sign_flag")


def decode_abs_remainder(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    unary_length: int,
    limit: int | None,
    first: int,
) -> int:
    """Clause 9.5.4: abs_remainder. An Exp-Golomb code of order 0 whose prefix bins have contexts:
    j ones and a zero, then j bits. A prefix bin is inferred to be 0 when the value that a 1 would
    lead to exceeds `limit` (clause 9.5.3).
    """
    j = 0
    while limit is None or limit >= (1 << (j + 1)) - 1:
        if j == REMAINDER_PREFIX_CONTEXTS:
            raise Refused("remainder-prefix-too-long", bit=engine.bits.position)
        index = first + abs_remainder_context(j, unary_length)
        if engine.context_bin(contexts, index, "abs_remainder_prefix", j) == 0:
            break
        j += 1
    return (1 << j) - 1 + engine.uae(j, "abs_remainder_suffix")
