"""Local scaling without data: every filter brought to the same magnitude."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal

Float32 = NDArray[np.float32]


def split_local_scaling(weight: NDArray[Any]) -> tuple[Float32, Float32]:
    """A weight as (scaled weight, factors): clause 10.6 multiplies row i by factor i again.

    `weight` is [rows, ...] with finite values; both results are float32, the factors [rows]. A
    factor is the root mean square of its row relative to that of the whole weight, 1 for a row of
    zeros, so that one quantization step has the same relative precision in every row. The product
    is the weight up to two roundings to binary32. Raises UsageError tensor-not-finite, and
    batch-norm-unfit for a weight without rows and columns.
    """
    if weight.ndim < 2:
        raise refusal("batch-norm-unfit", f"local scaling of a weight {weight.shape}")
    rows = weight.astype(np.float64).reshape(weight.shape[0], -1)
    if not np.isfinite(rows).all():
        raise refusal("tensor-not-finite")
    if rows.size == 0:
        return weight.astype(np.float32), np.ones(weight.shape[0], np.float32)
    energy = np.mean(rows**2, axis=1)
    present = energy > 0
    relative = np.divide(energy, energy.mean(), out=np.ones_like(energy), where=present)
    factors = np.sqrt(relative).astype(np.float32)
    scaled = rows / factors.astype(np.float64)[:, None]
    return scaled.astype(np.float32).reshape(weight.shape), factors


def fitted_factors(weight: NDArray[Any], decoded: NDArray[Any], otherwise: Float32) -> Float32:
    """The factors by which the rows of `decoded` come nearest to those of `weight`: float32 [rows].

    Both are [rows, ...]; nearest is least squared error. A row of zeros keeps its factor of
    `otherwise`.
    """
    wanted, found = (each.astype(np.float64).reshape(len(each), -1) for each in (weight, decoded))
    energy, factors = np.sum(found**2, axis=1), otherwise.astype(np.float64)
    np.divide(np.sum(wanted * found, axis=1), energy, out=factors, where=energy > 0)
    return factors.astype(np.float32)
