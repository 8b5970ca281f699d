"""What the kernels are told about a tensor before the first bin."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from nnref.codec.entropy.arrays import Integers
from nnref.codec.entropy.syntax import TensorSyntax
from nnref.spec.tables import cabac
from nnref.spec.tables.enums import Dialect


class Plan(NamedTuple):
    """Clause 9.4: the form of a tensor's syntax that the kernels read."""

    layout: tuple[int, ...]
    """Rows, columns, block edge, unary length, dq_flag, base in use, codebook size, zero offset,
    flags present, parent, range set to 256 at the first weight."""
    indices: Integers
    """Contexts whose shift_idx is sent, in order."""
    contexts: int
    """How many contexts there are."""
    restarts: int
    """Clause 9.6.3: how many times the range is set to 256: once per block row, or never."""


@lru_cache(maxsize=1024)
def plan(syntax: TensorSyntax, dialect: Dialect) -> Plan:
    """Annex A: the plan of a tensor in a dialect."""
    edition_2 = syntax.profile == 1
    first_generation = dialect == Dialect.NNCODEC_1
    blocks = syntax.block_edge > 0 and (syntax.block_rows > 1 or first_generation)
    numbers = (
        syntax.rows,
        syntax.columns,
        syntax.block_edge,
        syntax.unary_length,
        syntax.dq_flag,
        syntax.uses_base,
        syntax.codebook_size * edition_2,
        syntax.codebook_zero_offset * edition_2,
        syntax.has_flags,
        syntax.parent,
        blocks,
    )
    layout = tuple(map(int, numbers))  # one type for the compiler
    indices = contexts_with_shift_idx(layout, first_generation)
    contexts = cabac.context_count(syntax.unary_length)
    return Plan(layout, indices, contexts, syntax.block_rows * blocks)


def contexts_with_shift_idx(layout: tuple[int, ...], first_generation: bool = False) -> Integers:
    """Clause 9.7: the contexts whose shift_idx is sent, in order, as read-only int64.

    Those of the history mask are always in the list; they are passed over when
    hist_dep_sig_prob_enabled_flag is 0.
    """
    unary_length, dq_flag, temporal, codebook_size, zero_offset = layout[3:8]
    states = 8 if dq_flag else 1
    largest = max(zero_offset, codebook_size - 1 - zero_offset) if codebook_size else 1 << 31
    both_signs = codebook_size == 0 or 0 < zero_offset < codebook_size - 1
    prefix_bins = sum(
        codebook_size == 0 or unary_length - 2 + (1 << (j + 1)) < largest
        for j in range(cabac.REMAINDER_PREFIX_CONTEXTS + first_generation)
    )
    runs = [
        (cabac.SIG_PLAIN, 3 * states),
        (cabac.SIG_TEMPORAL, 2 * states * temporal),
        (cabac.SIG_HISTORY, states),
        (cabac.SIGN_PLAIN, (3 + 2 * temporal) * both_signs),
        (cabac.GREATER_PLAIN, min(2 * unary_length, 2 * largest)),
        (cabac.greater_temporal(unary_length), min(2 * unary_length, 2 * largest - 2) * temporal),
        (cabac.remainder_prefix(unary_length), prefix_bins),
    ]
    if codebook_size == 1:
        runs = []
    listed = [index for first, length in runs for index in range(first, first + length)]
    indices = np.array(listed, np.int64)
    indices.setflags(write=False)
    return indices
