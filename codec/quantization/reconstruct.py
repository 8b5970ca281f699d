"""Clauses 10.2 and 10.4: from quantized parameters to tensors."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.step import exact_step, quantization_step
from nnref.spec.errors import refusal

FloatName: TypeAlias = Literal["float32", "float64"]


def reconstruct_uniform(
    q: npt.NDArray[np.int32],
    qp: int,
    qp_density: int,
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Clause 10.2: binary32(step) * binary32(q): two conversions, one multiplication.

    Holds for dq_flag 0 and 1. `out`, float32 of q's shape, is filled and returned when given.
    A product beyond binary32 is infinite, 0 times an infinite step is NaN, as in binary32.
    """
    step = np.float32(quantization_step(qp, qp_density))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.multiply(q, step, out=out, dtype=np.float32, casting="unsafe")


def reconstruct_codebook(
    k: npt.NDArray[np.int32],
    codebook: Sequence[int],
    zero_offset: int,
    qp: int,
    qp_density: int,
    dtype: FloatName = "float32",
) -> npt.NDArray[Any]:
    """Clause 10.4: the exact product codebook[k + zero_offset] * step, rounded to binary32.

    `k` is int32 of any shape (the coded index less zero_offset), `codebook` holds int32 values.
    `dtype="float64"` keeps the exact product in binary64: the output of the peer. The step is
    not rounded to binary32 first. Raises `InvalidError` (codebook-index-range) when a level
    addresses no entry.
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        exact = np.array(codebook, np.float64) * exact_step(qp, qp_density)
        values = exact.astype(dtype)
    if k.size:
        low, high = int(k.min()) + zero_offset, int(k.max()) + zero_offset
        if low < 0 or high >= len(codebook):
            raise refusal(
                "codebook-index-range", f"index {low if low < 0 else high} of {len(codebook)}"
            )
    return values[k.astype(np.int64) + zero_offset]
