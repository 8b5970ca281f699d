"""Clause 5: the descriptors, read from the bits of a stream."""

from struct import unpack

from nnref.spec.process.observer import Observer
from nnref.spec.process.refused import Refused

MAX_LEADING_ZEROS = 32
"""Clause 5.3: the longest run of zeros at the start of an Exp-Golomb code."""


class BitReader:
    """Clause 4.1: Bit order and positions. Most significant bit of each byte first.

    `position` and `end` are bit positions in the stream, `end` the first one outside the unit that
    is being read. `findings` collects broken rules that do not stop the process.
    """

    def __init__(self, data: bytes, observer: Observer | None = None) -> None:
        self.data = data
        self.position = 0
        self.end = 8 * len(data)
        self.element_position = 0
        self.observer = observer
        self.findings: list[Refused] = []

    def bit(self) -> int:
        """Clause 4.1: Bit order and positions. The next bit."""
        if self.position >= self.end:
            raise Refused("unit-element-truncated", bit=self.element_position)
        byte = self.data[self.position // 8]
        value = byte >> (7 - self.position % 8) & 1
        self.position += 1
        return value

    def bits(self, n: int) -> int:
        """Clause 4.1: Bit order and positions. The next n bits, most significant first."""
        value = 0
        for _ in range(n):
            value = 2 * value + self.bit()
        return value

    def u(self, n: int, path: str) -> int:
        """Clause 5.1: u(n): unsigned integer."""
        self.element_position = self.position
        value = self.bits(n)
        self.report(path, value)
        return value

    def i(self, n: int, path: str) -> int:
        """Clause 5.2: i(n): two's complement integer."""
        self.element_position = self.position
        value = self.bits(n)
        if value >= 1 << (n - 1):
            value -= 1 << n
        self.report(path, value)
        return value

    def ue(self, k: int, path: str) -> int:
        """Clause 5.3: ue(k): Exp-Golomb code."""
        self.element_position = self.position
        value = self.exp_golomb(k)
        self.report(path, value)
        return value

    def ie(self, k: int, path: str) -> int:
        """Clause 5.4: ie(k): signed Exp-Golomb code. 0, 1, 2, 3, 4 stand for 0, 1, -1, 2, -2."""
        self.element_position = self.position
        code = self.exp_golomb(k)
        value = (code + 1) // 2 if code % 2 == 1 else -(code // 2)
        self.report(path, value)
        return value

    def exp_golomb(self, k: int) -> int:
        """Clause 5.3: ue(k): Exp-Golomb code. The number, without its place in the syntax."""
        value = 0
        order = k
        while self.bit() == 0:
            value += 1 << order
            order += 1
            if order - k > MAX_LEADING_ZEROS:
                raise self.refused("exp-golomb-too-long")
        return value + self.bits(order)

    def flt(self, path: str) -> float:
        """Clause 5.5: flt(32): binary32 number. Four bytes, least significant first."""
        self.element_position = self.position
        value: float = unpack("<f", self.bits(32).to_bytes(4, "big"))[0]
        self.report(path, value)
        return value

    def st(self, path: str) -> str:
        """Clause 5.6: st(v): string. UTF-8 bytes up to a zero byte."""
        self.element_position = self.position
        if self.position % 8 != 0:
            raise self.refused("string-not-aligned", path)
        first = self.position // 8
        last = self.data.find(0, first, self.end // 8)
        if last < 0:
            raise self.refused("string-unterminated", path)
        self.position = 8 * (last + 1)
        try:
            value = self.data[first:last].decode("utf-8")
        except UnicodeDecodeError:
            raise self.refused("string-not-utf8", path) from None
        self.report(path, value)
        return value

    def bs(self, path: str) -> bytes:
        """Clause 5.7: bs(v): byte string. The bytes up to the zero byte that ends the unit."""
        self.element_position = self.position
        value = self.rest()
        if not value.endswith(b"\0"):
            self.findings.append(self.refused("byte-string-unterminated", path))
        value = value.removesuffix(b"\0")
        self.report(path, value)
        return value

    def rest(self) -> bytes:
        """Clause 4.1: Bit order and positions. The bytes up to the end of the unit."""
        value = self.data[self.position // 8 : self.end // 8]
        self.position = self.end
        return value

    def byte_alignment(self, prefix: str = "") -> None:
        """Clause 5.8: byte_alignment(). A 1 bit, then 0 bits: always at least one bit."""
        self.element_position = self.position
        length = 8 - self.position % 8
        first = 1 << (length - 1)
        value = self.bits(length)
        if value < first:
            self.findings.append(self.refused("alignment-bit-not-one"))
        if value % first != 0:
            self.findings.append(self.refused("alignment-bits-not-zero"))
        self.report(f"{prefix}byte_alignment()", value)

    def reserved(self, n: int, path: str) -> None:
        """Clause 13.2: Reserved values. Bits that are 0 today; their value is ignored."""
        if self.u(n, path) != 0:
            self.findings.append(self.refused("reserved-bits-nonzero", path))

    def refused(self, rule_id: str, detail: str = "") -> Refused:
        """Clause 13.2: Reserved values. A refusal because of the element read last."""
        return Refused(rule_id, detail, self.element_position)

    def report(self, path: str, value: int | float | str | bytes) -> None:
        """Clause E: Trace, assembly and divergence formats. The element is complete."""
        if self.observer is not None:
            length = self.position - self.element_position
            self.observer.element(path, self.element_position, length, value)
