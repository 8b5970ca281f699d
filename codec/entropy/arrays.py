"""The arrays that enter and leave the kernels: one place that settles their types.

A kernel is compiled once per combination of array types, so there has to be one only.
"""

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.syntax import TensorSyntax
from nnref.spec.errors import refusal

Quantized: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.uint8]
Words: TypeAlias = npt.NDArray[np.uint32]
Integers: TypeAlias = npt.NDArray[np.int64]

NO_LEVELS: Final = np.zeros(0, np.int32)
NO_FLAGS: Final = np.zeros(0, np.uint8)


def quantized_parameters(syntax: TensorSyntax, quantized: npt.NDArray[Any]) -> Quantized:
    """Clause 6.14.3: int32, row-major, one-dimensional, as many as the tensor has weights.

    Raises rules `tensor-dtype-unsupported` and `setting-conflict`.
    """
    if quantized.dtype != np.int32:
        raise refusal("tensor-dtype-unsupported", f"quantized parameters of type {quantized.dtype}")
    return _matching(syntax, np.ascontiguousarray(quantized))


def parent_parameters(syntax: TensorSyntax, base: npt.NDArray[Any] | None) -> Quantized:
    """Clause 12.3: the parent's quantized parameters; empty when they are not used.

    Raises rules `base-missing`, `tensor-dtype-unsupported` and `setting-conflict`.
    """
    if not syntax.uses_base:
        return NO_LEVELS
    if base is None:
        raise refusal("base-missing")
    return quantized_parameters(syntax, base)


def history_mask(syntax: TensorSyntax, history: npt.NDArray[Any] | None) -> Flags:
    """Clause 12.4: the history mask, given as bool or 8-bit integers; empty when there is none.

    Raises rules `tensor-dtype-unsupported` and `setting-conflict`.
    """
    if history is None:
        return NO_FLAGS
    if history.dtype.itemsize != 1:
        raise refusal("tensor-dtype-unsupported", f"a history mask of type {history.dtype}")
    return _matching(syntax, np.ascontiguousarray(history).view(np.uint8))


def _matching(syntax: TensorSyntax, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.size != syntax.weights:
        raise refusal("setting-conflict", f"{array.size} values for {syntax.weights} weights")
    # A read-only array is another type to a kernel, which would be compiled anew for it.
    return (array if array.flags.writeable else array.copy()).reshape(-1)
