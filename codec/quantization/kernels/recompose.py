"""Clause 10.6: the product of low-rank factors in the stated order of operations."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel

COLUMNS = 256
"""Columns of H that are worked on at a time: so many of all ranks stay in the cache."""


@kernel
def multiply_in_rank_order(
    g: npt.NDArray[np.float32], h: npt.NDArray[np.float32], product: npt.NDArray[np.float32]
) -> None:
    """Write g times h: every sum starts at 0 and takes its products in the order of the rank.

    g float32[rows, rank], h float32[rank, columns], product float32[rows, columns] (written).
    Every product and every sum is rounded to binary32; nothing is fused.
    """
    rows, rank = g.shape
    columns = h.shape[1]
    for left in range(0, columns, COLUMNS):
        right = min(left + COLUMNS, columns)
        for row in range(rows):
            sums = product[row, left:right]
            sums[:] = np.float32(0)
            for r in range(rank):
                factor, line = g[row, r], h[r, left:right]
                for j in range(sums.size):
                    sums[j] += factor * line[j]
