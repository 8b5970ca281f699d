"""Clause 10.6: composition of blocks, in binary32."""

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.kernels.recompose import multiply_in_rank_order

Float32 = npt.NDArray[np.float32]


def local_scaling(values: Float32, factors: Float32) -> Float32:
    """Clause 10.6: row i of `values` times `factors[i]`, each product rounded to binary32.

    `values` is float32 with at least one dimension, `factors` float32 with one factor per row.
    """
    per_row = factors.reshape(-1, *[1] * (values.ndim - 1))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.multiply(values, per_row)


def recomposition(g: Float32, h: Float32) -> Float32:
    """Clause 10.6: the matrix product of `g` (rows x rank) and `h` (rank x columns), float32.

    Entry (i, j) is the sum of the products g[i, r] * h[r, j] in the order of r, starting at 0;
    every product and every sum is rounded to binary32.
    """
    product = np.empty((g.shape[0], h.shape[1]), np.float32)
    multiply_in_rank_order(np.ascontiguousarray(g), np.ascontiguousarray(h), product)
    return product


def kernel_matrix(weight: Float32) -> Float32:
    """Clause 15.3.3: the matrix that low-rank kernels approximate by a product of factors.

    `weight` is output channels x input channels x height x width; entry (c, y; n, x) of the matrix,
    (input channels * height) x (output channels * width), is its entry (n, c, y, x).
    """
    outputs, inputs, height, width = weight.shape
    arranged = weight.transpose(1, 2, 0, 3)
    return np.ascontiguousarray(arranged).reshape(inputs * height, outputs * width)


def kernel_weight(g: Float32, h: Float32) -> Float32:
    """Clause 15.3.3: the weight of vertical filters `g` and horizontal ones `h`, float32.

    `g` is input channels x height x rank, `h` rank x output channels x width. Every number is a
    sum as of `recomposition`.
    """
    (inputs, height, rank), (_, outputs, width) = g.shape, h.shape
    product = recomposition(g.reshape(-1, rank), h.reshape(rank, -1))
    arranged = product.reshape(inputs, height, outputs, width)
    return np.ascontiguousarray(arranged.transpose(2, 0, 1, 3))
