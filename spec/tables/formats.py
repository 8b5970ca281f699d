"""Clauses 10.7 and 14.1: output data formats, and how each is carried by a payload."""

from dataclasses import dataclass
from typing import Final

PRIVATE_FORMAT_BASE: Final = 64
"""Clause 14.1: nnr_decompressed_data_format values from here on are registered below."""
SCALAR_BIT: Final = 32
"""Clause 14.1: in a private format this bit says that tensor_dimensions [1] stands for a tensor
of no dimensions."""

VALUE: Final = "value"
"""The decoded number itself, converted to the output type."""
BITS: Final = "bits"
"""The integer payload holds the type's bit pattern, two's complement."""
WORDS: Final = "words"
"""As BITS for 64-bit types, split into two 32-bit words along a new first dimension: the more
significant word first."""


@dataclass(frozen=True, slots=True)
class DataFormat:
    """One output format: its number in both ranges, output type and carriage."""

    number: int
    dtype: str
    carriage: str = VALUE


_STANDARD = (
    DataFormat(0, "int32"),
    DataFormat(1, "float32"),
    DataFormat(2, "int8"),
    DataFormat(3, "int8"),
    DataFormat(4, "int8"),
    DataFormat(5, "int8"),
    DataFormat(6, "int16"),
    DataFormat(7, "int64"),
    DataFormat(8, "float16"),
    DataFormat(9, "float64"),
)
_REGISTERED = (
    DataFormat(10, "bfloat16"),
    DataFormat(11, "float8_e4m3fn"),
    DataFormat(12, "float8_e5m2"),
    DataFormat(13, "uint8"),
    DataFormat(14, "uint16"),
    DataFormat(15, "uint32", BITS),
    DataFormat(16, "uint64"),
    DataFormat(17, "bool"),
    DataFormat(18, "int64", WORDS),
    DataFormat(19, "uint64", WORDS),
    DataFormat(20, "float64", WORDS),
    DataFormat(21, "float16", BITS),
    DataFormat(22, "bfloat16", BITS),
    DataFormat(23, "float8_e4m3fn", BITS),
    DataFormat(24, "float8_e5m2", BITS),
    DataFormat(25, "float8_e8m0fnu", BITS),
    DataFormat(26, "float8_e4m3fnuz", BITS),
    DataFormat(27, "float8_e5m2fnuz", BITS),
)
DATA_FORMATS: Final = {entry.number: entry for entry in _STANDARD + _REGISTERED}
"""Numbers 0..9 are the standard's codes (int2..int4 come back as int8); 64 + number is the private
code of any of them; numbers from 10 on have only a private code."""
STANDARD_FORMATS: Final = frozenset(entry.number for entry in _STANDARD)
