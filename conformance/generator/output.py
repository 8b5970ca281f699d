"""Clause 10.7: output tensors of the literal decoder's values, in plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import copysign, isfinite, isnan
from struct import pack
from typing import Final

from nnref.spec.process import DecodedTensor
from nnref.spec.process.reconstruct import BINARY32, BINARY64, Format, rounded
from nnref.spec.tables.enums import PayloadType
from nnref.spec.tables.formats import (
    BITS,
    DATA_FORMATS,
    PRIVATE_FORMAT_BASE,
    SCALAR_BIT,
    WORDS,
    DataFormat,
)

_INTEGERS: Final = {
    "int8": (-(1 << 7), (1 << 7) - 1, "b"),
    "uint8": (0, (1 << 8) - 1, "B"),
    "int16": (-(1 << 15), (1 << 15) - 1, "h"),
    "uint16": (0, (1 << 16) - 1, "H"),
    "int32": (-(1 << 31), (1 << 31) - 1, "i"),
    "uint32": (0, (1 << 32) - 1, "I"),
    "int64": (-(1 << 63), (1 << 63) - 1, "q"),
    "uint64": (0, (1 << 64) - 1, "Q"),
}
_FLOATS: Final = {
    "float32": (BINARY32, "f", 0),
    "float64": (BINARY64, "d", 0),
    "float16": (Format(11, -24, 16), "e", 0),
    "bfloat16": (Format(8, -133, 128), "f", 2),
}
"""Format, code of `struct`, and the first byte that is kept."""
_BYTES: Final = {"float8_e4m3fn": (3, 7, 448.0), "float8_e5m2": (2, 15, 57344.0)}
"""Bits of the fraction, bias of the exponent, largest finite number."""
_WIDTHS: Final = {"float16": 2, "bfloat16": 2, "uint32": 4}


@dataclass(frozen=True, slots=True)
class Output:
    """An output tensor: type, shape, items in row-major order, little-endian."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes


def output_of(tensor: DecodedTensor) -> Output:
    """Clause 10.7: the tensor that is handed out."""
    code = tensor.data_format
    entry = format_of(code, tensor.payload_type)
    shape = tuple(tensor.dimensions[1:] if entry.carriage == WORDS else tensor.dimensions)
    if code is not None and code >= PRIVATE_FORMAT_BASE + SCALAR_BIT:
        shape = ()
    return Output(tensor.name, entry.dtype, shape, _items(tensor, entry))


def format_of(code: int | None, payload_type: int) -> DataFormat:
    """Clause 10.7: the data format of nnr_decompressed_data_format; None: it is absent."""
    if code is None:
        return DATA_FORMATS[0 if payload_type == PayloadType.NNR_PT_INT else 1]
    return DATA_FORMATS[code if code < PRIVATE_FORMAT_BASE else code % SCALAR_BIT]


def _items(tensor: DecodedTensor, entry: DataFormat) -> bytes:
    if entry.carriage == WORDS:
        words = [int(value) % (1 << 32) for value in tensor.values]
        half = len(words) // 2
        pairs = zip(words[:half], words[half:], strict=True)
        return b"".join(pack("<II", low, high) for high, low in pairs)
    if entry.carriage == BITS:
        width = _WIDTHS.get(entry.dtype, 1)
        return b"".join(
            (int(v) % (1 << 8 * width)).to_bytes(width, "little") for v in tensor.values
        )
    if tensor.raw is not None and entry.dtype == "float32":
        return tensor.raw
    return b"".join(item_of(value, entry.dtype) for value in tensor.values)


def item_of(value: float, dtype: str) -> bytes:
    """One item of an output tensor."""
    if dtype == "bool":
        return b"\1" if value != 0 else b"\0"
    if dtype in _INTEGERS:
        low, high, code = _INTEGERS[dtype]
        return pack(f"<{code}", min(max(round(value), low), high))
    if dtype in _BYTES:
        return bytes([_float8(value, dtype)])
    target, code, first = _FLOATS[dtype]
    return pack(f"<{code}", _limited(value, target))[first:]


def _limited(value: float, target: Format) -> float:
    """The nearest number of a format; of finite numbers beyond it, its largest."""
    if not isfinite(value):
        return value
    nearest = rounded(*_parts(value), target)
    if isfinite(nearest):
        return copysign(nearest, value)
    exponent = target.overflow_exponent - target.precision
    return copysign(float((1 << target.precision) - 1) * 2.0**exponent, value)


def _float8(value: float, dtype: str) -> int:
    """The pattern of an 8-bit number; infinities and NaN as the type has them."""
    fraction, bias, largest = _BYTES[dtype]
    sign = 0x80 if copysign(1.0, value) < 0 else 0
    if isnan(value):
        return sign | 0x7F if dtype == "float8_e4m3fn" else sign | 0x7E
    if not isfinite(value):
        return sign | (0x7F if dtype == "float8_e4m3fn" else 0x7C)
    lowest = 1 - bias - fraction
    nearest = abs(rounded(*_parts(value), Format(fraction + 1, lowest, 1 << 10)))
    if nearest == 0:
        return sign
    steps, exponent = _parts(min(nearest, largest))
    while steps >= 2 << fraction:
        steps, exponent = steps >> 1, exponent + 1
    while steps < 1 << fraction and exponent > lowest:
        steps, exponent = steps << 1, exponent - 1
    return sign | (exponent - lowest << fraction) + steps


def _parts(value: float) -> tuple[int, int]:
    """Significand and exponent of a finite number."""
    numerator, denominator = float(value).as_integer_ratio()
    return numerator, 1 - denominator.bit_length()


def items_as_levels(levels: Sequence[int]) -> bytes:
    """Levels as 32-bit little-endian integers."""
    return pack(f"<{len(levels)}i", *levels)
