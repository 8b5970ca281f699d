"""Clause 5: the descriptors, bit by bit, over bytes and Python integers.

`BitReader` and `BitWriter` know no syntax: one method per descriptor, each the exact inverse of
its namesake. Bits are consumed most significant first.
"""

import struct
from operator import index
from typing import Any, Final

from nnref.spec.errors import refusal

WINDOW_BYTES: Final = 32
"""Bytes the reader turns into one integer at a time."""
MAX_LEADING_ZEROS: Final = 32
"""Clause 5.3: longest prefix of an Exp-Golomb code."""
SHORT_STRING_BYTES: Final = 64
"""Bytes searched for the end of a string before the whole limit is copied."""
FLUSH_BITS: Final = 256
"""Pending bits after which the writer moves whole bytes out of its integer."""


class BitReader:
    """Clause 5: reads `view` from byte `start`, never at or past byte `end`.

    Every method raises `MalformedError` (unit-element-truncated) when the bits do not suffice.
    """

    __slots__ = ("_end", "_left", "_next", "_view", "_word")

    def __init__(self, view: memoryview, start: int, end: int) -> None:
        self._view = view
        self._next = start
        self._end = end
        self._word = 0
        self._left = 0

    @property
    def position(self) -> int:
        """The next bit to be read, counted from the first bit of the view."""
        return self._next * 8 - self._left

    @property
    def remaining(self) -> int:
        """Bits between the position and the end."""
        return (self._end - self._next) * 8 + self._left

    def limit(self, end: int) -> None:
        """Move the end to byte `end`; what the reader has looked at beyond it is put back."""
        self._end = end
        excess = self._next - end
        if excess > 0:
            self._word >>= 8 * excess
            self._left -= 8 * excess
            self._next = end

    def u(self, bits: int) -> int:
        """Clause 5.1: an unsigned integer of `bits` bits."""
        left = self._left - bits
        if left < 0:
            left = self._load(bits) - bits
            if left < 0:
                raise self._truncated(bits)
        self._left = left
        return self._word >> left & (1 << bits) - 1

    def i(self, bits: int) -> int:
        """Clause 5.2: a two's complement integer of `bits` bits."""
        value = self.u(bits)
        return value - (value >> bits - 1 << bits)

    def ue(self, order: int) -> int:
        """Clause 5.3: an Exp-Golomb code of order `order`."""
        left = self._left
        rest = self._word & (1 << left) - 1
        zeros = left - rest.bit_length()
        after = left - 2 * zeros - 1 - order
        if after < 0 or zeros > MAX_LEADING_ZEROS:
            return self._long_ue(order)
        self._left = after
        # The 1 bit that ends the prefix is read as part of the number: it weighs 2^(zeros + order),
        # and the sum of the shorter groups, 2^(zeros + order) - 2^order, is what is to be added.
        return (rest >> after) - (1 << order)

    def ie(self, order: int) -> int:
        """Clause 5.4: a signed Exp-Golomb code of order `order`."""
        value = self.ue(order)
        return (value + 1) >> 1 if value & 1 else -(value >> 1)

    def flt(self) -> float:
        """Clause 5.5: a binary32 number; its four bytes are little-endian."""
        return float_from_bits(int.from_bytes(self.u(32).to_bytes(4, "big"), "little"))

    def st(self, limit: int) -> str:
        """Clause 5.6: a UTF-8 string of at most `limit` bytes and the zero byte that ends it.

        Raises `MalformedError` (string-...) and `LimitExceededError` (limit-name-bytes).
        """
        start = self._byte_position("string-not-aligned")
        data = bytes(self._view[start : min(self._end, start + SHORT_STRING_BYTES)])
        length = data.find(0)
        if length < 0:
            data = bytes(self._view[start : min(self._end, start + limit + 1)])
            length = data.find(0)
        if length > limit or (length < 0 and len(data) > limit):
            raise refusal("limit-name-bytes", f"a string of more than {limit} bytes")
        if length < 0:
            raise refusal("string-unterminated", f"{len(data)} bytes without a zero byte")
        try:
            text = data[:length].decode()
        except UnicodeDecodeError as error:
            raise refusal("string-not-utf8", f"{error.reason} at byte {error.start}") from None
        self._skip_bytes(start, length + 1)
        return text

    def rest(self) -> bytes:
        """All bytes up to the end, from a byte boundary on."""
        start = self._byte_position("string-not-aligned")
        self._skip_bytes(start, self._end - start)
        return bytes(self._view[start : self._end])

    def bs(self) -> bytes:
        """Clause 5.7: the bytes up to the zero byte that ends the unit.

        Raises `InvalidError` (byte-string-unterminated).
        """
        data = self.rest()
        if data[-1:] != b"\0":
            raise refusal("byte-string-unterminated")
        return data[:-1]

    def alignment(self) -> tuple[int, int]:
        """Clause 5.8: (value, bits) of byte_alignment(): 1 to 8 bits, up to a byte boundary."""
        bits = self._left & 7 or 8
        return self.u(bits), bits

    def aligned(self) -> None:
        """Clause 5.8: byte_alignment() whose bits are as they shall be.

        Raises `InvalidError` (alignment-bits-not-zero).
        """
        value, bits = self.alignment()
        if value != 1 << bits - 1:
            raise refusal("alignment-bits-not-zero")

    def _long_ue(self, order: int) -> int:
        """`ue` for a code that does not end in the bits that are loaded."""
        left = self._load(2 * MAX_LEADING_ZEROS + 1 + order)
        zeros = left - (self._word & (1 << left) - 1).bit_length()
        if zeros > MAX_LEADING_ZEROS:
            raise refusal("exp-golomb-too-long", f"{zeros} or more leading zeros")
        if 2 * zeros + 1 + order > left:
            raise self._truncated(2 * zeros + 1 + order)
        return self.ue(order)

    def _load(self, bits: int) -> int:
        """Load a window that holds `bits` more bits if there are as many; returns its bits."""
        position = self.position
        start = position >> 3
        stop = min(self._end, start + max(WINDOW_BYTES, (bits >> 3) + 2))
        self._word = int.from_bytes(self._view[start:stop], "big")
        self._next = stop
        self._left = stop * 8 - position
        return self._left

    def _byte_position(self, rule_id: str) -> int:
        if self._left & 7:
            raise refusal(rule_id, f"{self._left & 7} bits before a byte boundary")
        return self._next - (self._left >> 3)

    def _skip_bytes(self, start: int, count: int) -> None:
        left = self._left - 8 * count
        if left >= 0:
            self._left = left
        else:
            self._next, self._left = start + count, 0

    def _truncated(self, bits: int) -> Exception:
        return refusal("unit-element-truncated", f"{bits} bits wanted, {self.remaining} left")


class BitWriter:
    """Clause 5: appends elements; `getvalue` gives the bytes.

    Every method raises `UsageError` (element-value) when the descriptor cannot hold the value.
    """

    __slots__ = ("_done", "_left", "_word")

    def __init__(self) -> None:
        self._done = bytearray()
        self._word = 0
        self._left = 0

    @property
    def position(self) -> int:
        """Bits written so far."""
        return len(self._done) * 8 + self._left

    def getvalue(self) -> bytes:
        """The bytes written so far; the position must be a byte boundary."""
        self._flush()
        if self._left:
            raise ValueError(f"{self._left} bits after the last byte boundary")
        return bytes(self._done)

    def u(self, value: int, bits: int) -> None:
        """Clause 5.1: an unsigned integer in `bits` bits."""
        value = _integer(value)
        if value >> bits:
            raise refusal("element-value", f"{value} does not fit u({bits})")
        self._put(value, bits)

    def i(self, value: int, bits: int) -> None:
        """Clause 5.2: a two's complement integer in `bits` bits."""
        value = _integer(value)
        half = 1 << bits - 1
        if not -half <= value < half:
            raise refusal("element-value", f"{value} does not fit i({bits})")
        self._put(value & (1 << bits) - 1, bits)

    def ue(self, value: int, order: int) -> None:
        """Clause 5.3: an Exp-Golomb code of order `order`."""
        value = _integer(value)
        code = value + (1 << order)
        zeros = code.bit_length() - 1 - order
        if value < 0 or zeros > MAX_LEADING_ZEROS:
            raise refusal("element-value", f"{value} does not fit ue({order})")
        self._put(code, 2 * zeros + 1 + order)

    def ie(self, value: int, order: int) -> None:
        """Clause 5.4: a signed Exp-Golomb code of order `order`."""
        value = _integer(value)
        self.ue(2 * value - 1 if value > 0 else -2 * value, order)

    def flt(self, value: float) -> None:
        """Clause 5.5: a binary32 number; the value is rounded to nearest even."""
        self._put(int.from_bytes(bits_from_float(value).to_bytes(4, "little"), "big"), 32)

    def st(self, value: str) -> None:
        """Clause 5.6: a UTF-8 string and a zero byte; refuses tensor-name-unsupported."""
        if not isinstance(value, str):
            raise refusal("element-value", f"{value!r} is not a string")
        try:
            data = value.encode()
        except UnicodeEncodeError:
            raise refusal("tensor-name-unsupported", f"{value!r}") from None
        if 0 in data:
            raise refusal("tensor-name-unsupported", f"{value!r}")
        self.bs(data)

    def bs(self, value: bytes) -> None:
        """Clause 5.7: bytes, and the zero byte that ends them."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise refusal("element-value", f"{type(value).__name__} is not a bytes-like object")
        self._flush()
        if self._left:
            raise refusal("string-not-aligned", f"{8 - self._left} bits before a byte boundary")
        self._done += value
        self._done.append(0)

    def alignment(self) -> None:
        """Clause 5.8: a 1 bit, then 0 bits up to the byte boundary."""
        bits = -self._left & 7 or 8
        self._put(1 << bits - 1, bits)

    def _put(self, value: int, bits: int) -> None:
        self._word = self._word << bits | value
        self._left += bits
        if self._left > FLUSH_BITS:
            self._flush()

    def _flush(self) -> None:
        rest = self._left & 7
        self._done += (self._word >> rest).to_bytes(self._left >> 3, "big")
        self._word &= (1 << rest) - 1
        self._left = rest


def _integer(value: Any) -> int:
    try:
        return index(value)
    except TypeError:
        raise refusal("element-value", f"{value!r} is not an integer") from None


def float_from_bits(bits: int) -> float:
    """Clause 5.5: the number with binary32 pattern `bits`; NaN payloads survive.

    The machine's conversion from binary32 would set the quiet bit of a signalling NaN, and the
    element could not be written back unchanged.
    """
    if bits >> 23 & 0xFF == 0xFF:
        wide = (bits >> 31) << 63 | 0x7FF << 52 | (bits & 0x7FFFFF) << 29
        return float(struct.unpack("<d", struct.pack("<Q", wide))[0])
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def bits_from_float(value: float) -> int:
    """Clause 5.5: the binary32 pattern of `value`, the inverse of `float_from_bits`."""
    try:
        value = float(value)
        if value != value:  # noqa: PLR0124
            wide = int(struct.unpack("<Q", struct.pack("<d", value))[0])
            return (wide >> 63) << 31 | 0xFF << 23 | (wide >> 29 & 0x7FFFFF)
        return int(struct.unpack("<I", struct.pack("<f", value))[0])
    except (TypeError, ValueError, OverflowError):
        raise refusal("element-value", f"{value!r} does not fit flt(32)") from None
