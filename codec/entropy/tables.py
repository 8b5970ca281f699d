"""Clause 9: the constant tables in the form the kernels read.

A context is one 64-bit word: bits 32.. hold S + 4096 (S of clause 9.2.1), bits 16..29 the slow
estimator with its shift, bits 0..9 the fast estimator with its shift. The two next-state tables
are read with an estimator's field and the bin; the sum of both entries is the next word.
"""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.cost import cost_table
from nnref.spec.tables.cabac import PARAMETER_SETS, RANGE_LPS, STATE_TRANSITION, TRANSITION

Int64Array: TypeAlias = npt.NDArray[np.int64]

STATE_BIAS: Final = 4096
"""Added to S so that words are positive; |S| <= 3889."""

_FAST_BIAS: Final = 128
_SLOW_BIAS: Final = 2048
_FAST_SHIFTS: Final = (0, 1, 2, 3)
_SLOW_SHIFTS: Final = (4, 5, 6)


def _estimator_steps(values: Int64Array, index_shift: int, shift: int) -> Int64Array:
    """Clause 9.2.3: estimator after bins 0 and 1; shape (len(values), 2)."""
    transition = np.array(TRANSITION)
    after = np.empty((len(values), 2), np.int64)
    for bin_value, sign in enumerate((-1, 1)):
        surprise = np.clip(16 + ((sign * values) >> index_shift), 0, 31)
        after[:, bin_value] = values + sign * (transition[surprise] >> shift)
    return np.clip(after, values[0], values[-1])


def _fast_steps() -> Int64Array:
    values = np.arange(-_FAST_BIAS, _FAST_BIAS)
    return np.stack([_estimator_steps(values, 3, shift + 4) for shift in _FAST_SHIFTS])


def _slow_steps() -> Int64Array:
    values = np.arange(-_SLOW_BIAS, _SLOW_BIAS)
    return np.stack([_estimator_steps(values, 7, shift) for shift in _SLOW_SHIFTS])


def _fast_next() -> Int64Array:
    after = _fast_steps()
    shift = np.arange(len(after))[:, np.newaxis, np.newaxis]
    next_words: Int64Array = ((16 * after) << 32) + ((shift << 8) | (after + _FAST_BIAS))
    return next_words.reshape(-1)


def _slow_next() -> Int64Array:
    after = _slow_steps()
    row = np.arange(len(after))[:, np.newaxis, np.newaxis]
    field = (row << 12) | (after + _SLOW_BIAS)
    next_words: Int64Array = ((after + STATE_BIAS) << 32) + (field << 16)
    return next_words.reshape(-1)


def _range_lps_packed() -> Int64Array:
    column = np.minimum(np.abs(np.arange(-32, 32)), 31)
    rows = np.array(RANGE_LPS, np.uint64)[:, column]
    shifts = np.arange(0, 64, 8, dtype=np.uint64)[:, np.newaxis]
    packed: Int64Array = np.bitwise_or.reduce(rows << shifts, axis=0).view(np.int64)
    return packed


def _start_words() -> Int64Array:
    words = []
    for fast_shift, slow_shift, fast, slow in PARAMETER_SETS:
        slow_field = ((slow_shift - _SLOW_SHIFTS[0]) << 12) | (slow + _SLOW_BIAS)
        fast_field = (fast_shift << 8) | (fast + _FAST_BIAS)
        words.append(((16 * fast + slow + STATE_BIAS) << 32) + (slow_field << 16) + fast_field)
    return np.array(words)


def _packed_transitions() -> int:
    bits = 0
    for state, successors in enumerate(STATE_TRANSITION):
        for parity, successor in enumerate(successors):
            bits |= successor << (8 * state + 4 * parity)
    return bits - (1 << 64 if bits >> 63 else 0)


FAST_NEXT: Final = _fast_next()
"""Clause 9.2.3: fast part of the next word by [2 * fast field + bin]."""

SLOW_NEXT: Final = _slow_next()
"""Clause 9.2.3: slow part of the next word by [2 * slow field + bin]."""

RANGE_LPS_PACKED: Final = _range_lps_packed()
"""Clause 9.3.2: the column of rangeLps of a state, by [(S + 4096) >> 7]; byte r holds row r."""

START_WORDS: Final = _start_words()
"""Clause 9.2.2: word of a context at the start, by shift_idx."""

DQ_TRANSITIONS: Final = _packed_transitions()
"""Clause 10.3: next DQ state in bits 8 * state + 4 * parity and up, as a signed 64-bit integer."""

SETS: Final = len(PARAMETER_SETS)

FAST_STEP: Final = (2 * (_fast_steps() + _FAST_BIAS)).astype(np.uint16).reshape(-1)
"""Clause 9.2.3: fast estimator after a bin, by [512 * shift + estimator + bin]. An estimator A
stands as 2 * (A + 128) here, and a slow one B as 2 * (B + 2048)."""

SLOW_STEP: Final = (2 * (_slow_steps() + _SLOW_BIAS)).astype(np.uint16).reshape(-1)
"""Clause 9.2.3: slow estimator after a bin, by [8192 * (shift - 4) + estimator + bin]."""

FAST_ROWS: Final = np.array([512 * fast_shift for fast_shift, _, _, _ in PARAMETER_SETS])
SLOW_ROWS: Final = np.array([8192 * (shift - _SLOW_SHIFTS[0]) for _, shift, _, _ in PARAMETER_SETS])
"""Where the rows of a parameter set begin in these two tables, by shift_idx."""

FAST_START: Final = np.array([2 * (fast + _FAST_BIAS) for _, _, fast, _ in PARAMETER_SETS])
SLOW_START: Final = np.array([2 * (slow + _SLOW_BIAS) for _, _, _, slow in PARAMETER_SETS])
"""Clause 9.2.2: the estimators of a parameter set at the start, by shift_idx."""

BIN_COST: Final = cost_table().astype(np.int32).reshape(-1)
"""Clause 9.2.1: cost of a bin, by [2 * (fast estimator + (slow estimator >> 4)) + bin]."""
