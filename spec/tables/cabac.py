"""Clause 9: constant tables of the arithmetic coder, the probability model and the DQ trellis.

Both decoders read these tables and nothing else in common. All values are plain Python
integers in tuples; every table is stated in the document from this file.
"""

from typing import Final

RANGE_LPS: Final[tuple[tuple[int, ...], ...]] = (
    (128, 112, 97, 84, 74, 65, 57, 50, 45, 39, 34, 30, 27, 23, 20, 18,
     15, 14, 12, 11, 10, 9, 7, 7, 5, 5, 4, 4, 3, 3, 2, 2),
    (142, 125, 108, 93, 82, 72, 63, 56, 50, 43, 38, 33, 30, 26, 22, 20,
     17, 16, 13, 12, 11, 10, 8, 8, 6, 6, 5, 5, 3, 3, 2, 2),
    (156, 137, 119, 103, 90, 79, 70, 61, 55, 48, 42, 37, 33, 28, 24, 22,
     19, 17, 15, 13, 12, 11, 9, 9, 6, 6, 5, 5, 4, 4, 2, 2),
    (171, 150, 130, 112, 99, 87, 76, 67, 60, 52, 46, 40, 36, 31, 27, 24,
     21, 19, 16, 15, 13, 12, 10, 10, 7, 7, 6, 6, 4, 4, 3, 3),
    (185, 162, 141, 121, 107, 94, 82, 73, 65, 56, 50, 43, 39, 34, 29, 26,
     22, 21, 17, 16, 14, 13, 11, 11, 8, 8, 6, 6, 4, 4, 3, 3),
    (199, 175, 152, 131, 115, 101, 89, 78, 70, 61, 54, 47, 42, 36, 31, 28,
     24, 22, 19, 17, 15, 14, 12, 12, 8, 8, 7, 7, 5, 5, 3, 3),
    (213, 187, 163, 140, 123, 108, 95, 84, 75, 65, 58, 50, 45, 39, 33, 30,
     26, 24, 20, 18, 16, 15, 13, 13, 9, 9, 7, 7, 5, 5, 3, 3),
    (228, 200, 174, 150, 132, 116, 102, 90, 80, 70, 62, 54, 48, 42, 36, 32,
     28, 26, 22, 20, 18, 16, 14, 14, 10, 10, 8, 8, 6, 6, 4, 4),
)  # fmt: skip
"""Clause 9.3.2: rangeLps[(range >> 5) & 7][pStateIdx], pStateIdx = abs(S >> 7) in 0..31."""

TRANSITION: Final[tuple[int, ...]] = (
    2512, 2288, 2064, 1840, 1616, 1392, 1168, 944, 720, 560, 464, 368, 272, 208, 144, 80,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 0,
)  # fmt: skip
"""Clause 9.2.3: state change by surprise; index 0 is the most surprised estimator."""

PARAMETER_SETS: Final[tuple[tuple[int, int, int, int], ...]] = (
    (1, 4, 0, 0),
    (1, 4, -41, -654),
    (1, 4, 95, 1519),
    (0, 5, 0, 0),
    (2, 6, 30, 482),
    (2, 6, 95, 1519),
    (2, 6, -21, -337),
    (3, 5, 0, 0),
    (3, 5, 30, 482),
)
"""Clause 9.2.2: per shift_idx 0..8 (shift of the fast estimator, shift of the slow one, start
of the fast one, start of the slow one). The fast estimator shifts by its entry plus 4."""

INITIAL_RANGE: Final = 510
"""Clause 9.3.1: range register at the start of a payload."""

OFFSET_BITS: Final = 9
"""Clause 9.3.1: bits of the offset register, read at the start of a payload."""

TERMINATE_RANGE: Final = 2
"""Clause 9.3.4: width of the terminating sub-interval."""

STATE_TRANSITION: Final[tuple[tuple[int, int], ...]] = (
    (0, 2), (7, 5), (1, 3), (6, 4), (2, 0), (5, 7), (3, 1), (4, 6),
)  # fmt: skip
"""Clause 10.3: next DQ state by [state][parity of the level]."""

REMAINDER_PREFIX_CONTEXTS: Final = 31
"""Clause 9.5.4: prefix bins of abs_remainder that own a context; 32 are stored."""

SIG_PLAIN: Final = 0
SIG_TEMPORAL: Final = 24
SIG_HISTORY: Final = 40
SIGN_PLAIN: Final = 48
SIGN_TEMPORAL: Final = 51
GREATER_PLAIN: Final = 53
"""Clause 9.4.1: first context index of each syntax element; the later ones depend on U."""


def greater_temporal(unary_length: int) -> int:
    """Clause 9.4.1: first context of abs_level_greater_x with a temporal context."""
    return GREATER_PLAIN + 2 * unary_length


def remainder_prefix(unary_length: int) -> int:
    """Clause 9.4.1: first context of the abs_remainder prefix."""
    return GREATER_PLAIN + 4 * unary_length


def shift_idx_present(unary_length: int) -> int:
    """Clause 9.4.1: the context of shift_idx_minus_1_present_flag."""
    return GREATER_PLAIN + 4 * unary_length + 34


def row_skip(unary_length: int) -> int:
    """Clause 9.4.1: the context of row_skip_list."""
    return GREATER_PLAIN + 4 * unary_length + 36


def context_count(unary_length: int) -> int:
    """Clause 9.4.1: size of the context store of one tensor."""
    return 90 + 4 * unary_length
