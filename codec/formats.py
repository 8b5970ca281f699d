"""Clause 10.7: from an array to the form a payload can carry, and back, without losing its type.

A *carrier* is what an NDU holds: float32 values for FLOAT and RAW_FLOAT payloads, int32 values for
INT payloads. nnr_decompressed_data_format names the type and the carriage, so that the original
dtype and shape come back.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model import TensorInfo, dtype_name, numpy_dtype
from nnref.spec.errors import refusal
from nnref.spec.tables.enums import PayloadType
from nnref.spec.tables.formats import (
    BITS,
    DATA_FORMATS,
    PRIVATE_FORMAT_BASE,
    SCALAR_BIT,
    STANDARD_FORMATS,
    VALUE,
    WORDS,
    DataFormat,
)

Array = NDArray[Any]

_INTEGERS: Final = (
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
)
_QUANTIZED: Final = ("float32", "float16", "bfloat16", "float64", "float8_e4m3fn", "float8_e5m2")
_NUMBER: Final = {
    (entry.dtype, entry.carriage): number
    for number, entry in DATA_FORMATS.items()
    if number not in (2, 3, 4)
}
_DEFAULT: Final = {PayloadType.NNR_PT_INT: 0}
"""Format inferred when the element is absent; FLOAT32 for every other payload type."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """What an NDU is to hold: `values` (float32 or int32) and the format code, None if inferred."""

    values: Array
    payload_type: PayloadType
    format_code: int | None


def is_quantized(dtype: str) -> bool:
    """Whether tensors of this type are quantized (else they are carried without loss)."""
    return dtype in _QUANTIZED


def to_carrier(array: Array, *, lossless: bool = False) -> Carrier:
    """Clause 10.7: the carrier of an array of any supported dtype and shape.

    With `lossless` float types are carried as they are: float32 raw, others as bit patterns.
    Raises UsageError tensor-dtype-unsupported, tensor-out-of-range (float64 beyond binary32).
    """
    dtype = dtype_name(array.dtype)
    if dtype in _INTEGERS:
        return _integer_carrier(array, dtype)
    if dtype in _QUANTIZED and not lossless:
        return _carrier(_as_float32(array), PayloadType.NNR_PT_FLOAT, dtype, VALUE, array.shape)
    if dtype == "float32":
        return _carrier(array, PayloadType.NNR_PT_RAW_FLOAT, dtype, VALUE, array.shape)
    if dtype == "float64":
        return _carrier(_words(array), PayloadType.NNR_PT_INT, dtype, WORDS, array.shape)
    if (dtype, BITS) in _NUMBER:
        bits = array.view(np.dtype(f"i{array.dtype.itemsize}")).astype(np.int32)
        return _carrier(bits, PayloadType.NNR_PT_INT, dtype, BITS, array.shape)
    raise refusal("tensor-dtype-unsupported", dtype)


def _integer_carrier(array: Array, dtype: str) -> Carrier:
    kind = PayloadType.NNR_PT_INT
    if dtype == "uint32":
        return _carrier(array.view(np.int32), kind, dtype, BITS, array.shape)
    if dtype in ("int64", "uint64") and not _fits_int32(array):
        return _carrier(_words(array), kind, dtype, WORDS, array.shape)
    return _carrier(array.astype(np.int32), kind, dtype, VALUE, array.shape)


def _fits_int32(array: Array) -> bool:
    if array.size == 0:
        return True
    return bool(array.min() >= -(2**31) and array.max() < 2**31)


def _words(array: Array) -> Array:
    """Two int32 words per 64-bit pattern, the more significant one first, along a new axis 0."""
    bits = np.ascontiguousarray(array).view(np.uint64).reshape(array.shape)
    high, low = (bits >> np.uint64(32)), bits & np.uint64(0xFFFFFFFF)
    return np.stack([high, low]).astype(np.uint32).view(np.int32)


def _as_float32(array: Array) -> Array:
    with np.errstate(over="ignore"):
        values = array.astype(np.float32, copy=False)
    if array.dtype.itemsize == 8 and bool(np.any(np.isinf(values) & np.isfinite(array))):
        raise refusal("tensor-out-of-range", "float64 values beyond 3.4e38 cannot be quantized")
    return values


def _carrier(
    values: Array, kind: PayloadType, dtype: str, carriage: str, shape: tuple[int, ...]
) -> Carrier:
    number = _NUMBER[dtype, carriage]
    code: int | None = number if number in STANDARD_FORMATS else PRIVATE_FORMAT_BASE + number
    if shape == ():
        code = PRIVATE_FORMAT_BASE + SCALAR_BIT + number
        values = values.reshape((*values.shape, 1))
    elif number == _DEFAULT.get(kind, 1):
        code = None
    return Carrier(np.ascontiguousarray(values), kind, code)


def format_of(code: int | None, payload_type: int) -> tuple[DataFormat, bool]:
    """Clause 10.7: the data format of a code and whether the tensor has no dimensions.

    Raises UnsupportedError data-format-reserved.
    """
    if code is None:
        return DATA_FORMATS[0 if payload_type == PayloadType.NNR_PT_INT else 1], False
    number = code % SCALAR_BIT if code >= PRIVATE_FORMAT_BASE else code
    known = number in DATA_FORMATS if code >= PRIVATE_FORMAT_BASE else number in STANDARD_FORMATS
    if not known:
        raise refusal("data-format-reserved", f"nnr_decompressed_data_format {code}")
    return DATA_FORMATS[number], code >= PRIVATE_FORMAT_BASE + SCALAR_BIT


def output_info(code: int | None, payload_type: int, dimensions: tuple[int, ...]) -> TensorInfo:
    """Clause 10.7: dtype and shape of the tensor that comes out.

    Raises InvalidError data-format-conflict when payload type or dimensions do not fit the format.
    """
    entry, scalar = format_of(code, payload_type)
    integer_payload = payload_type == PayloadType.NNR_PT_INT
    if entry.carriage != VALUE and not integer_payload:
        raise refusal("data-format-conflict", f"format {code} needs an NNR_PT_INT payload")
    shape = dimensions
    if entry.carriage == WORDS:
        if not shape or shape[0] != 2:
            raise refusal("data-format-conflict", f"format {code} needs a first dimension of 2")
        shape = shape[1:]
    if scalar:
        if shape != (1,):
            raise refusal("data-format-conflict", f"format {code} needs tensor_dimensions [1]")
        shape = ()
    return TensorInfo(entry.dtype, shape)


def keeps_rows(code: int | None, payload_type: int) -> bool:
    """Clause 10.7: whether the rows of the carrier are those of the output tensor."""
    entry, scalar = format_of(code, payload_type)
    return entry.carriage != WORDS and not scalar


def from_carrier(values: Array, code: int | None, payload_type: int) -> Array:
    """Clause 10.7: the output tensor of decoded float32 or int32 `values` in their dimensions.

    Numbers are converted to the output type with rounding to nearest even; finite numbers beyond
    its range become its largest finite one, so that no infinity is made up.
    """
    entry, _ = format_of(code, payload_type)
    info = output_info(code, payload_type, values.shape)
    dtype = numpy_dtype(info.dtype)
    if entry.carriage == WORDS:
        words = values.view(np.uint32).astype(np.uint64)
        bits = (words[0] << np.uint64(32)) | words[1]
        return np.ascontiguousarray(bits).view(dtype).reshape(info.shape)
    if entry.carriage == BITS:
        narrow = values.astype(np.dtype(f"i{dtype.itemsize}"))
        return narrow.view(dtype).reshape(info.shape)
    return _converted(values, dtype, info.dtype).reshape(info.shape)


def _converted(values: Array, dtype: np.dtype[Any], name: str) -> Array:
    if values.dtype == dtype:
        return values
    if name == "bool":
        return np.not_equal(values, 0)
    if name in _INTEGERS:
        return _limited_to(values, dtype)
    if values.dtype.kind != "f":
        return rounded_to(_for_one_rounding(values, dtype), dtype)
    return rounded_to(values, dtype)


def _limited_to(values: Array, dtype: np.dtype[Any]) -> Array:
    """Numbers in an integer type: rounded to nearest even, the nearest one that the type has."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if values.dtype.kind != "f":
        return np.clip(values.astype(np.int64), low, min(high, 2**63 - 1)).astype(dtype)
    rounded = np.rint(values.astype(np.float64))
    # The largest 64-bit integers are no binary64 numbers: those beyond are set, not converted.
    inside = (rounded > low) & (rounded < float(high))
    limited: Array = np.where(rounded > 0, dtype.type(high), dtype.type(low))
    limited[inside] = rounded[inside].astype(dtype)
    return limited


def _for_one_rounding(values: Array, dtype: np.dtype[Any]) -> Array:
    """Integers as floats that round to a type as the integers themselves would.

    Narrow types are reached by way of binary32. An integer of more than 24 bits is therefore
    rounded to odd before: towards zero, and the last bit set where that is inexact.
    """
    if dtype.itemsize >= 4:
        return values.astype(np.float64)
    exact = values.astype(np.float64)
    nearest = exact.astype(np.float32)
    bits = nearest.view(np.int32)
    bits -= np.abs(nearest) > np.abs(exact)
    bits |= nearest != exact
    return nearest


def rounded_to(values: Array, dtype: np.dtype[Any]) -> Array:
    """Clause 10.7: float32 values in a floating-point type, rounded to nearest even.

    Finite numbers beyond its range become its largest finite one.
    """
    if dtype.itemsize >= 4:
        return values.astype(dtype, copy=False)
    largest = np.float32(_largest_finite(dtype))
    with np.errstate(invalid="ignore"):
        clipped = np.where(np.isfinite(values), np.clip(values, -largest, largest), values)
    return clipped.astype(dtype)


def narrow_type(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Clause 10.7: the type of a tensor if it holds less than binary32, else None."""
    return dtype if dtype.itemsize < np.dtype(np.float32).itemsize else None


def _largest_finite(dtype: np.dtype[Any]) -> float:
    if dtype == np.dtype(np.float16):
        return float(np.finfo(np.float16).max)
    from ml_dtypes import finfo  # noqa: PLC0415  imported only for the types that need it

    return float(finfo(dtype).max)  # type: ignore[no-untyped-call]
