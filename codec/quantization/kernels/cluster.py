"""Clause 10.4: one layer of the exact clustering of numbers on a line.

Sorted integers p[0] < p[1] < ..., each with a number of weights, are cut into runs; a run costs the
sum of squared distances to the integer nearest to its mean. The least cost of the first j numbers
in at most c runs follows from that of c - 1 runs: the last run starts somewhere. That start never
moves left when j grows (the costs obey the quadrangle inequality, because a squared distance does),
so the starts of some j bound those between them.
"""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel

Integers = npt.NDArray[np.int64]


@kernel
def add_cluster(
    weights: Integers,
    sums: Integers,
    squares: Integers,
    before: Integers,
    first_start: int,
    after: Integers,
    starts: npt.NDArray[np.uint16],
) -> None:
    """From the least costs of c - 1 runs to those of c runs, for every number of first numbers.

    All arrays have n + 1 entries for n numbers. weights, sums and squares int64 are those of the
    first j numbers (of their weights, and of number and squared number times weight), before[j]
    the least cost of these in c - 1 runs; after[j] and starts[j] (written) the least cost in c
    runs and where the last of them starts: the leftmost start of least cost. No last run starts
    behind first_start: 0 for c = 1. Costs stay below 2^63, sums below 2^47, where the quotient of
    two of them is rounded to the nearest integer without error.
    """
    n = weights.size - 1
    after[0] = 0
    starts[0] = 0
    stride = 1
    while 2 * stride <= n:
        stride *= 2
    while stride:
        for j in range(stride, n + 1, 2 * stride):
            left = int(starts[j - stride])
            right = min(j - 1, first_start)
            if j + stride <= n:
                right = min(right, int(starts[j + stride]))
            least = -1
            start = left
            for i in range(left, right + 1):
                count = weights[j] - weights[i]
                total = sums[j] - sums[i]
                centre = np.int64(np.floor(np.float64(total) / np.float64(count) + 0.5))
                cost = before[i] + squares[j] - squares[i] + centre * (centre * count - 2 * total)
                if least < 0 or cost < least:
                    least = int(cost)
                    start = i
            after[j] = least
            starts[j] = np.uint16(start)
        stride //= 2
