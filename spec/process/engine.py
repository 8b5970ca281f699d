"""Clause 9.3: the arithmetic decoding engine."""

from typing import NamedTuple

from nnref.spec.process.bits import BitReader
from nnref.spec.process.probability import Context, state, update
from nnref.spec.process.refused import Refused
from nnref.spec.tables.cabac import INITIAL_RANGE, OFFSET_BITS, RANGE_LPS, TERMINATE_RANGE
from nnref.spec.tables.lnq import MAX_CODE_ONES


class Registers(NamedTuple):
    """Clause 9.3: Arithmetic decoding engine. Its state between two bins."""

    range: int
    offset: int
    shifts: int


class ArithmeticDecoder:
    """Clause 9.3: Arithmetic decoding engine.

    `range` lies in 256..510 and `offset` in 0..range - 1 between bins; `shifts` counts the bits
    read since the first nine.
    """

    def __init__(self, bits: BitReader) -> None:
        """Clause 9.3.1: Initialisation. At the first bit of the payload."""
        self.bits = bits
        self.observer = bits.observer
        self.first_bit = bits.position
        if bits.end - bits.position < 16:
            raise Refused("payload-too-short", bit=bits.position)
        self.range = INITIAL_RANGE
        self.offset = bits.bits(OFFSET_BITS)
        self.shifts = 0
        self.check_offset()
        if self.observer is not None:
            self.observer.engine(self)

    def check_offset(self) -> None:
        """Clause 9.3.1: Initialisation. The codeword points into the interval."""
        if self.offset >= self.range:
            detail = f"offset {self.offset}, range {self.range}"
            raise Refused("payload-offset-range", detail, self.bits.position)

    def registers(self) -> Registers:
        """Clause 9.3: Arithmetic decoding engine. A copy of the state."""
        return Registers(self.range, self.offset, self.shifts)

    def shift(self) -> None:
        """Clause 9.3.3: Bypass bins. The offset takes in the next bit of the payload."""
        if self.bits.position >= self.bits.end:
            raise Refused("payload-truncated", bit=self.bits.position)
        self.offset = 2 * self.offset + self.bits.bit()
        self.shifts += 1

    def renormalise(self) -> None:
        """Clause 9.3.2: Context bins. The range is brought back to nine bits."""
        while self.range < 256:
            self.range *= 2
            self.shift()

    def context_bin(
        self, contexts: list[Context], index: int, element: str, element_index: int | None = None
    ) -> int:
        """Clause 9.3.2: Context bins."""
        context = contexts[index]
        s, range_, offset = state(context), self.range, self.offset
        range_lps = RANGE_LPS[(range_ >> 5) & 7][abs(s >> 7)]
        more_probable = 1 if s >= 0 else 0
        if offset < range_ - range_lps:
            value = more_probable
            self.range = range_ - range_lps
        else:
            value = 1 - more_probable
            self.offset = offset - (range_ - range_lps)
            self.range = range_lps
        self.renormalise()
        update(context, value)
        if self.observer is not None:
            self.observer.bin("context", element, element_index, index, s, range_, offset, value)
        return value

    def bypass_bin(self, element: str, element_index: int | None = None) -> int:
        """Clause 9.3.3: Bypass bins. Both values are equally probable."""
        range_, offset = self.range, self.offset
        self.shift()
        value = 1 if self.offset >= range_ else 0
        if value == 1:
            self.offset -= range_
        if self.observer is not None:
            self.observer.bin("bypass", element, element_index, None, None, range_, offset, value)
        return value

    def bypass_bins(self, n: int, element: str, element_index: int | None) -> int:
        """Clause 5.9: iae(v) and ae(v): elements inside the arithmetic codeword. n bypass bins,
        most significant first.
        """
        value = 0
        for _ in range(n):
            value = 2 * value + self.bypass_bin(element, element_index)
        return value

    def uae(self, n: int, element: str, element_index: int | None = None) -> int:
        """Clause 5.9: iae(v) and ae(v): elements inside the arithmetic codeword. An unsigned
        integer of n bypass bins.
        """
        value = self.bypass_bins(n, element, element_index)
        if self.observer is not None:
            self.observer.coded_element(element, element_index, value)
        return value

    def iae(self, n: int, element: str) -> int:
        """Clause 5.9: iae(v) and ae(v): elements inside the arithmetic codeword. The same for
        two's complement.
        """
        value = self.bypass_bins(n, element, None)
        if value >= 1 << (n - 1):
            value -= 1 << n
        if self.observer is not None:
            self.observer.coded_element(element, None, value)
        return value

    def ueg(self, k: int, element: str, element_index: int | None = None) -> int:
        """Clause 5.9: iae(v) and ae(v): elements inside the arithmetic codeword. An Exp-Golomb
        code of order k of bypass bins: j ones and a zero, then j + k bits.
        """
        value = self.exp_golomb(k, element, element_index)
        if self.observer is not None:
            self.observer.coded_element(element, element_index, value)
        return value

    def ieg(self, k: int, element: str, element_index: int | None = None) -> int:
        """Clause 5.9: iae(v) and ae(v): elements inside the arithmetic codeword. The same for
        signed numbers: 0, 1, 2, 3, 4 stand for 0, 1, -1, 2, -2.
        """
        code = self.exp_golomb(k, element, element_index)
        value = (code + 1) // 2 if code % 2 == 1 else -(code // 2)
        if self.observer is not None:
            self.observer.coded_element(element, element_index, value)
        return value

    def exp_golomb(self, k: int, element: str, element_index: int | None) -> int:
        """Clause 5.9: iae(v) and ae(v): elements inside the arithmetic codeword. The number alone,
        without its place.
        """
        j = 0
        while self.bypass_bin(element, element_index) == 1:
            j += 1
            if j > MAX_CODE_ONES:
                raise Refused("lnq-code-too-long", bit=self.bits.position)
        return (((1 << j) - 1) << k) + self.bypass_bins(j + k, element, element_index)

    def force_range(self) -> None:
        """Clause 9.6.3: Block rows. A decoder can start here knowing eight bits of the offset."""
        self.range = 256
        self.check_offset()

    def terminate(self) -> Registers:
        """Clause 9.3.4: Termination. Returns the state before the terminate bin."""
        registers = self.registers()
        value = 1 if self.offset >= self.range - TERMINATE_RANGE else 0
        if self.observer is not None:
            self.observer.bin("terminate", "terminate_bin", None, None, None, *registers[:2], value)
        if value == 0:
            raise Refused("payload-terminate-bin", bit=self.bits.position)
        return registers

    def end_of_payload(self) -> int:
        """Clause 9.3.5: End of payload. The last bit that the offset took in is the stop bit;
        zeros fill its byte. Returns the number of bytes the codeword has.
        """
        stop_bit = self.bits.position - 1
        last_byte = self.bits.data[stop_bit // 8]
        if (last_byte << stop_bit % 8) & 0xFF != 0x80:
            self.bits.findings.append(Refused("payload-stop-bit", bit=stop_bit))
        self.bits.position += -self.bits.position % 8
        if self.bits.position != self.bits.end:
            left = (self.bits.end - self.bits.position) // 8
            raise Refused("payload-trailing-bytes", f"{left} bytes left", self.bits.position)
        return (self.bits.position - self.first_bit) // 8
