"""The estimated cost of a context bin, for encoders that choose between codings."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

ONE_BIT: Final = 1 << 15
"""Costs are stated in 1/32768 bit; a bypass bin costs this much."""

COST_STATES: Final = 1024
"""Rows of the cost table: a context with state S (clause 9.2.1) reads row 512 + (S >> 3)."""

_SLOPE: Final = 400.798947
"""Growth of -log2(LPS probability), in cost units, when S moves by 8 away from 0."""


@cache
def cost_table() -> npt.NDArray[np.int64]:
    """Clause 9.2.1: the cost of bin values 0 and 1 in every state, as an encoder estimates it.

    Returns a read-only int64 array of shape (1024, 2) in units of 1/32768 bit: row
    `512 + (S >> 3)` of a context in state S, column = bin value.
    """
    half = np.arange(COST_STATES // 2)
    unlikely = ONE_BIT + (half + 0.5) * _SLOPE
    likely = -ONE_BIT * np.log2(1.0 - np.exp2(-unlikely / ONE_BIT))
    costs = np.floor(np.stack([unlikely, likely], axis=1) + 0.5).astype(np.int64)
    mirrored = np.minimum(np.arange(COST_STATES // 2, 0, -1), COST_STATES // 2 - 1)
    table = np.concatenate([costs[mirrored, ::-1], costs])
    table.setflags(write=False)
    return table
