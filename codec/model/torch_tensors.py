"""Torch tensors as numpy arrays and back. Importing this does not import torch."""

import sys
from typing import Any, Final

from nnref.codec.model.tensors import ITEM_BYTES, Array, TensorInfo, needs_ml_dtypes, numpy_dtype
from nnref.spec.errors import refusal

_CARRIER: Final = {1: "uint8", 2: "int16"}
"""Bytes of an item to the type that carries it where numpy and torch have none in common."""


def is_tensor(value: object) -> bool:
    """True for a torch tensor. Nobody has one without having imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def info(tensor: Any) -> TensorInfo:
    """Data type and shape; the names of torch's data types are those of `ITEM_BYTES`.

    Raises `UsageError` (tensor-dtype-unsupported) for complex and quantized data types and for
    tensors without dense values: sparse, nested, meta.
    """
    if str(tensor.layout) != "torch.strided" or tensor.is_meta or tensor.is_nested:
        raise refusal("tensor-dtype-unsupported", "a torch tensor without dense values")
    return TensorInfo(str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape))


def to_numpy(tensor: Any) -> Array:
    """The values of a dense torch tensor, in its layout and, on the CPU, in its memory."""
    dtype = info(tensor).dtype
    tensor = tensor.detach().cpu()
    if needs_ml_dtypes(dtype):
        carrier = _CARRIER[ITEM_BYTES[dtype]]
        carried: Array = tensor.view(getattr(sys.modules["torch"], carrier)).numpy()
        return carried.view(numpy_dtype(dtype))
    array: Array = tensor.resolve_neg().numpy()
    return array


def from_numpy(array: Array, torch: Any) -> Any:
    """A torch tensor on the memory of a writable `plain` array; `torch` is the imported module.

    Raises `UsageError` (tensor-dtype-unsupported) where this release of torch lacks the type.
    """
    dtype = array.dtype.name
    if not hasattr(torch, dtype):
        raise refusal("tensor-dtype-unsupported", f"torch {torch.__version__} has no {dtype}")
    if needs_ml_dtypes(dtype):
        carried = array.view(numpy_dtype(_CARRIER[array.itemsize]))
        return torch.from_numpy(carried).view(getattr(torch, dtype))
    return torch.from_numpy(array)
