"""Data types and shapes of tensors, named as numpy and ml_dtypes name them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal

Array = NDArray[Any]

ITEM_BYTES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "bool": 1,
        "uint8": 1,
        "uint16": 2,
        "uint32": 4,
        "uint64": 8,
        "int8": 1,
        "int16": 2,
        "int32": 4,
        "int64": 8,
        "float16": 2,
        "float32": 4,
        "float64": 8,
        "bfloat16": 2,
        "float8_e4m3fn": 1,
        "float8_e4m3fnuz": 1,
        "float8_e5m2": 1,
        "float8_e5m2fnuz": 1,
        "float8_e8m0fnu": 1,
    }
)
"""Every data type a model may hold, with the bytes of one item."""

MAX_DIMENSIONS: Final = 32
"""What every numpy since 1.26 can hold."""
_MAX_BYTES: Final = (1 << 63) - 1


def needs_ml_dtypes(name: str) -> bool:
    """True for the data types numpy itself does not have: bfloat16 and the float8 kinds."""
    return name.startswith(("bfloat", "float8"))


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The numpy data type, native byte order, of a name in `ITEM_BYTES`.

    Raises `UsageError` (tensor-dtype-unsupported) for any other name.
    """
    if name not in ITEM_BYTES:
        raise refusal("tensor-dtype-unsupported", f"data type {name!r}")
    if needs_ml_dtypes(name):
        import ml_dtypes  # noqa: PLC0415 (most models do without)

        extended: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return extended
    return np.dtype(name)


@cache
def dtype_name(dtype: np.dtype[Any]) -> str:
    """The name in `ITEM_BYTES` of a numpy data type of either byte order.

    Raises `UsageError` (tensor-dtype-unsupported) for complex, string, object and other types.
    """
    name = str(dtype.name)
    if name not in ITEM_BYTES:
        raise refusal("tensor-dtype-unsupported", f"data type {name!r}")
    return name


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Data type and shape of one tensor.

    Raises `UsageError` (tensor-dtype-unsupported) when the data type is not in `ITEM_BYTES`.
    """

    dtype: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.dtype not in ITEM_BYTES:
            raise refusal("tensor-dtype-unsupported", f"data type {self.dtype!r}")

    @classmethod
    def of(cls, array: Array) -> "TensorInfo":
        """What a numpy array of any layout and byte order holds."""
        return cls(dtype_name(array.dtype), array.shape)

    @property
    def size(self) -> int:
        """Number of items; 1 for a 0-d tensor."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all items."""
        return self.size * ITEM_BYTES[self.dtype]

    @property
    def possible(self) -> bool:
        """True when numpy can hold the shape, which an untrusted file may lie about.

        Zeros do not help: [2**62, 2**62, 0] is empty and still refused by numpy.
        """
        if len(self.shape) > MAX_DIMENSIONS or any(extent < 0 for extent in self.shape):
            return False
        extents = (extent or 1 for extent in self.shape)
        return math.prod(extents) * ITEM_BYTES[self.dtype] <= _MAX_BYTES

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


def plain(array: Array) -> Array:
    """The same items as a C-contiguous, aligned base ndarray of native byte order.

    No copy where the array is one already; 0-d stays 0-d.
    """
    return np.require(array, numpy_dtype(dtype_name(array.dtype)), ["C", "A", "E"])


def item_bytes(array: Array) -> Array:
    """The little-endian bytes of a `plain` array, uint8 and 1-d; no copy on little-endian hosts.

    Works for the data types of ml_dtypes too, which have no buffer interface of their own.
    """
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return little.reshape(-1).view(np.uint8)


def is_text(value: object) -> bool:
    """True for a string that UTF-8 can encode: one without half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)
