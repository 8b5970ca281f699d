"""Clause 9.2: one context as the rate estimate sees it; numbers in, numbers out.

A quantizer that weighs rates walks the binarization of clause 9.5 with estimated contexts, all
of parameter set 0: sig_flag (3 per DQ state), sign_flag (3), abs_level_greater_x (2 per flag)
and the prefix of abs_remainder. A context is a word of `nnref.codec.entropy.tables`.
"""

from typing import Final

from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.entropy.kernels.compile import inlined
from nnref.codec.entropy.kernels.integers import at
from nnref.codec.entropy.tables import BIN_COST, FAST_NEXT, SLOW_NEXT, START_WORDS
from nnref.spec.tables.cabac import REMAINDER_PREFIX_CONTEXTS

SIGN, GREATER = 24, 27
"""First estimated contexts of sign_flag and abs_level_greater_x; those of sig_flag start at 0."""

MAX_PREFIX: Final = REMAINDER_PREFIX_CONTEXTS
BYPASS_COST: Final = ONE_BIT
START_WORD: Final = int(START_WORDS[0])


@inlined
def bin_cost(word: int, bin_value: int) -> int:
    """Cost of a bin in 1/32768 bit for a context."""
    return int(BIN_COST[at(2 * (word >> 35) + bin_value)])


@inlined
def next_word(word: int, bin_value: int) -> int:
    """Clause 9.2.3: the context after a bin."""
    fast, slow = word & 0x3FF, (word >> 16) & 0x3FFF
    return int(FAST_NEXT[at(2 * fast + bin_value)] + SLOW_NEXT[at(2 * slow + bin_value)])
