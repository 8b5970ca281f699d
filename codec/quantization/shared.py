"""Clause 15.6: few values for many weights, as in Deep Compression (Han et al., 2016)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_PASSES: Final = 100
"""Of the search, at most; it mostly ends sooner."""


def shared_values(weights: Float32, count: int) -> Float32:
    """At most `count` values in increasing order, each the mean of the weights nearest to it.

    Found as the paper does: k-means that starts with values at equal distances. Values that no
    weight is nearest to are left out; of no weights there are none.
    """
    ordered = np.sort(weights.reshape(-1).astype(np.float64))
    distinct = np.unique(ordered)
    if distinct.size <= count:
        return distinct.astype(np.float32)
    sums = np.concatenate(([0.0], np.cumsum(ordered)))
    values = np.linspace(ordered[0], ordered[-1], count)
    for _ in range(_PASSES):
        between = np.searchsorted(ordered, (values[1:] + values[:-1]) / 2)
        ends = np.concatenate(([0], between, [ordered.size]))
        sizes = np.diff(ends)
        means = np.diff(sums[ends])[sizes > 0] / sizes[sizes > 0]
        if means.size == values.size and np.array_equal(means, values):
            break
        values = means
    return np.unique(values.astype(np.float32))


def nearest_value(weights: Float32, values: Float32) -> NDArray[np.int64]:
    """The place in `values`, increasing, of the one nearest to every weight, in row-major order."""
    middles = (values[1:].astype(np.float64) + values[:-1]) / 2
    return np.searchsorted(middles, weights.reshape(-1).astype(np.float64))
