"""Values of elements, as JSON and as text can hold them."""

from math import isfinite
from typing import Any

from nnref.spec.syntax import Record
from nnref.spec.syntax.bits import bits_from_float


def json_value(record: Record) -> Any:
    """The value: bytes in hexadecimal, NaN and infinities as their binary32 pattern `0x7f800000`.

    Hashes, u(n) of more than 64 bits, are hexadecimal, too: few readers of JSON have such numbers.
    """
    value = record.value
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, float) and not isfinite(value):
        return f"0x{bits_from_float(value):08x}"
    if isinstance(value, int) and record.bits > MAX_INTEGER_BITS:
        return f"0x{value:0{record.bits // 4}x}"
    return value


MAX_INTEGER_BITS = 64
