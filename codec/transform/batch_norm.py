"""Batch normalization after a linear layer, as a scale per output channel and a bias.

A layer's output y (bias included) becomes gamma * (y - mean) / sqrt(var + eps) + beta, with stored
statistics. That is linear, so the layer can do it: weight * scale, bias' = beta + (bias - mean) *
scale, with scale = gamma / sqrt(var + eps) for each output channel. All of it is computed in
binary64 and rounded to binary32 once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal

Array = NDArray[Any]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def fold_batch_norm(
    weight: Array,
    bias: Array | None,
    gamma: Array | None,
    beta: Array | None,
    mean: Array,
    var: Array,
    eps: float,
    *,
    transposed: bool = False,
    groups: int = 1,
) -> tuple[Float32, Float32]:
    """Weight and bias, float32, of the layer that does its batch normalization itself.

    `weight` is [out, in / groups, ...] of a convolution of any rank or of a linear layer; with
    `transposed` it is [in, out / groups, ...]. The others are [out]; without `bias` and `beta` they
    are zeros, without `gamma` ones. Raises UsageError batch-norm-unfit (wrong shapes, NaN,
    infinities, var + eps not positive) and tensor-out-of-range (a result beyond binary32).
    """
    scale, shift = _affine(bias, gamma, beta, mean, var, eps)
    if transposed:
        folded = _scaled_transposed(weight, scale, groups)
    else:
        _check_rows(weight, scale)
        folded = weight.astype(np.float64) * scale.reshape(-1, *[1] * (weight.ndim - 1))
    return _rounded(folded), _rounded(shift)


def batch_norm_scaling(
    bias: Array | None,
    gamma: Array | None,
    beta: Array | None,
    mean: Array,
    var: Array,
    eps: float,
) -> tuple[Float32, Float32]:
    """Local scaling factors and bias, both float32 [out], that replace a batch normalization.

    The weight stays as it is; clause 10.6 multiplies its rows by the factors. Arguments and errors
    are those of `fold_batch_norm`. Transposed convolutions have no such form: their rows are input
    channels.
    """
    scale, shift = _affine(bias, gamma, beta, mean, var, eps)
    return _rounded(scale), _rounded(shift)


def _affine(
    bias: Array | None,
    gamma: Array | None,
    beta: Array | None,
    mean: Array,
    var: Array,
    eps: float,
) -> tuple[Float64, Float64]:
    """Scale and bias of every output channel."""
    for name, vector in {"bias": bias, "gamma": gamma, "beta": beta, "var": var}.items():
        if vector is not None and vector.shape != mean.shape:
            raise refusal("batch-norm-unfit", f"{name} {vector.shape}, mean {mean.shape}")
    variance = var.astype(np.float64) + eps
    if not np.all(variance > 0):
        raise refusal("batch-norm-unfit", f"var + eps = {np.min(variance):g}")
    scale = (1.0 if gamma is None else gamma.astype(np.float64)) / np.sqrt(variance)
    centred = (0.0 if bias is None else bias.astype(np.float64)) - mean.astype(np.float64)
    shift = (0.0 if beta is None else beta.astype(np.float64)) + centred * scale
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        raise refusal("batch-norm-unfit", "NaN or infinities")
    return scale, shift


def _check_rows(weight: Array, scale: Float64) -> None:
    if scale.ndim != 1 or weight.ndim < 2 or weight.shape[0] != scale.size:
        raise refusal("batch-norm-unfit", f"weight {weight.shape}, mean {scale.shape}")


def _scaled_transposed(weight: Array, scale: Float64, groups: int) -> Float64:
    """Output channel c of a group is column c of the rows of that group."""
    fits = weight.ndim >= 2 and groups >= 1 and weight.shape[0] % groups == 0
    if not fits or weight.shape[1] * groups != scale.size or scale.ndim != 1:
        detail = f"transposed weight {weight.shape}, {groups} groups, mean {scale.shape}"
        raise refusal("batch-norm-unfit", detail)
    by_group = weight.astype(np.float64).reshape(groups, -1, *weight.shape[1:])
    per_column = scale.reshape(groups, 1, weight.shape[1], *[1] * (weight.ndim - 2))
    return (by_group * per_column).reshape(weight.shape)


def _rounded(values: Float64) -> Float32:
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    if np.isinf(rounded).any() and np.isfinite(values).all():
        raise refusal("tensor-out-of-range", "folding makes a value beyond 3.4e38")
    return rounded
