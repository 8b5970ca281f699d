"""What is measured: synthetic weights of a known rate, and models of many such tensors."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Tensors = dict[str, NDArray[Any]]

UNARY_LENGTH: Final = 11
"""Greater-than flags per weight: NNCodec's default."""

SPREADS: Final = {(True, 2.5): 1.66, (True, 1.0): 0.41, (True, 4.0): 5.3, (False, 2.5): 1.0}
"""Laplacian scale in steps, by dq_flag and the bits per weight that come of it."""

TENSOR_WEIGHTS: Final = 10_000
"""Weights per tensor of a synthetic model."""

MODEL_QP: Final = -20
"""Step 1/32 at density 2: with the synthetic model's weights about 2.5 bits per weight."""


def laplacian(weights: int, spread: float, seed: int = 1) -> NDArray[np.float32]:
    """A square-ish float32 matrix of about `weights` Laplacian values of scale `spread`."""
    random = np.random.default_rng(seed)
    return random.laplace(scale=spread, size=matrix_shape(weights)).astype(np.float32)


def matrix_shape(weights: int) -> tuple[int, int]:
    """Rows and columns of a square-ish matrix of about so many weights."""
    columns = max(1, int(weights**0.5))
    return weights // columns, columns


def synthetic_model(tensors: int, weights: int = TENSOR_WEIGHTS) -> Tensors:
    """`tensors` matrices of `weights` Laplacian float32 weights each."""
    spread = SPREADS[True, 2.5] * 2 ** (MODEL_QP / 4)
    return {f"layer{i}.weight": laplacian(weights, spread, seed=i) for i in range(tensors)}


def file_model(path: Path) -> Tensors:
    """The tensors of a safetensors file as both codecs take them: floats as float32.

    Integer tensors are left out; they are counters of training, not weights.
    """
    tensors = load_file(path)
    return {
        name: np.ascontiguousarray(tensor, np.float32)
        for name, tensor in tensors.items()
        if tensor.dtype.kind == "f" and tensor.size and tensor.ndim
    }


def count_weights(model: Tensors) -> int:
    """Weights of all tensors."""
    return sum(tensor.size for tensor in model.values())


def count_bins(quantized: NDArray[np.int32], dq: bool, unary_length: int = UNARY_LENGTH) -> int:
    """Clause 9.5: bins of all weights, from quantized parameters; shift ids are not counted."""
    magnitude = np.abs(quantized.astype(np.int64))
    levels = (magnitude + 1) >> 1 if dq else magnitude
    signs = int((levels > 0).sum())
    greater = int(np.minimum(levels, unary_length).sum())
    remainders = levels[levels > unary_length] - unary_length
    prefixes = np.floor(np.log2(remainders)).astype(np.int64)
    return quantized.size + signs + greater + int((2 * prefixes + 1).sum())
