"""Annex E: values of elements as words of an assembly text, and back to bits."""

import json
import re
from math import isfinite
from typing import Any, Final

from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import Record
from nnref.spec.syntax.bits import BitWriter, bits_from_float, float_from_bits

AUTO: Final = "auto"
ALIGN: Final = "align"
"""The descriptor of byte_alignment()."""
_DESCRIPTOR: Final = re.compile(r"(u|i|ue|ie)\((\d+)\)|(flt)\(32\)|(st|bs)\(v\)|(align)")
_LONG: Final = 64
"""Bits from which an unsigned integer is written in hexadecimal."""
_MOST_BITS: Final = 4096
"""Of a descriptor's parameter, and digits of a number: no element comes near."""


def syntax_error(detail: str) -> NnrError:
    """The refusal of a statement, ready to raise; the assembler adds the line."""
    return refusal("assembly-syntax", detail)


def value_text(record: Record) -> tuple[str, str]:
    """(descriptor, value) as an assembly text has them."""
    descriptor, value = record.descriptor, record.value
    if not descriptor:
        usual = 1 << record.bits - 1
        return ALIGN, AUTO if value == usual else f"0b{value:0{record.bits}b}"
    if isinstance(value, str):
        return descriptor, json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, bytes):
        return descriptor, f"0x{value.hex()}"
    if isinstance(value, float):
        return descriptor, _float_text(value)
    if descriptor.startswith("u(") and record.bits > _LONG:
        return descriptor, f"0x{value:0{record.bits // 4}x}"
    return descriptor, str(value)


def _float_text(value: float) -> str:
    """The shortest decimal number with the same binary32 pattern; 0x and the pattern for NaN."""
    pattern = bits_from_float(value)
    if not isfinite(value):
        return f"0x{pattern:08x}"
    texts = (f"{value:.{digits}g}" for digits in range(6, 10))
    return next(text for text in texts if bits_from_float(float(text)) == pattern)


def write_value(bits: BitWriter, descriptor: str, value: str) -> None:
    """Append an element.

    Raises FileError (assembly-syntax) for words that mean nothing, and NnrError (element-value,
    string-not-aligned, tensor-name-unsupported) for values that the descriptor cannot hold.
    """
    match = _DESCRIPTOR.fullmatch(descriptor)
    if match is None:
        raise syntax_error(f"{descriptor!r} is no descriptor")
    method = next(group for group in match.groups() if group)
    if method in ("u", "i", "ue", "ie"):
        parameter = int(match[2])
        if parameter > _MOST_BITS or (method in ("u", "i") and parameter == 0):
            raise syntax_error(f"{descriptor!r} is no descriptor")
        getattr(bits, method)(_integer(value), parameter)
    elif method == "flt":
        bits.flt(_float(value))
    elif method == "st":
        bits.st(_string(value))
    elif method == "bs":
        bits.bs(_bytes(value))
    else:
        _write_alignment(bits, value)


def _write_alignment(bits: BitWriter, value: str) -> None:
    if value == AUTO:
        bits.alignment()
        return
    if not re.fullmatch("0b[01]{1,8}", value):
        raise syntax_error(f"{value!r} is neither auto nor 0b and up to 8 bits")
    write_bits(bits, value[2:])


def write_bits(bits: BitWriter, digits: str) -> None:
    """Append 0 and 1 as they stand."""
    if not re.fullmatch("[01]+", digits):
        raise syntax_error(f"{digits!r} is not 0 and 1")
    bits.u(int(digits, 2), len(digits))


def write_hex(bits: BitWriter, digits: str) -> None:
    """Append hexadecimal digits, four bits each, at any position."""
    if not re.fullmatch("[0-9a-fA-F]+", digits):
        raise syntax_error(f"{digits!r} is not hexadecimal")
    bits.u(int(digits, 16), 4 * len(digits))


def _integer(value: str) -> int:
    if not re.fullmatch("-?[0-9]+|0x[0-9a-fA-F]+|0b[01]+", value) or len(value) > _MOST_BITS:
        raise syntax_error(f"{value!r} is no integer")
    return int(value, 0) if value[:2] in ("0x", "0b") else int(value)


def _float(value: str) -> float:
    if re.fullmatch("0x[0-9a-fA-F]{8}", value):
        return float_from_bits(int(value, 16))
    try:
        return float(value)
    except ValueError:
        raise syntax_error(f"{value!r} is neither a number nor 0x and a pattern") from None


def _string(value: str) -> str:
    try:
        found: Any = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, str):
        raise syntax_error(f"{value!r} is no string in double quotes")
    return found


def _bytes(value: str) -> bytes:
    if not re.fullmatch("0x([0-9a-fA-F]{2})*", value):
        raise syntax_error(f"{value!r} is not 0x and pairs of hexadecimal digits")
    return bytes.fromhex(value[2:])
