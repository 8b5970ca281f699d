"""Clause 8.2.1: compressed data that is split over several units."""

from dataclasses import dataclass, field

from nnref.spec.process.bits import BitReader
from nnref.spec.process.refused import Refused
from nnref.spec.process.units import UnitHeader
from nnref.spec.tables.enums import UnitType


@dataclass(frozen=True, slots=True)
class Part:
    """Clause 8.2.1: Split data. `header` are the bytes from the unit header to the payload."""

    index: int
    unit: UnitHeader
    header: bytes
    payload_first_byte: int
    payload: bytes


@dataclass(slots=True)
class SplitData:
    """Clause 8.2.1: Split data. The parts of one piece of data so far."""

    parts: list[Part] = field(default_factory=list)

    def check_next(self, unit: UnitHeader) -> None:
        """Clause 8.2.1: Split data. Nothing stands between parts, and their counters fall."""
        if not self.parts:
            return
        expected = (self.parts[-1].unit.partial_data_counter or 0) - 1
        if unit.nnr_unit_type != UnitType.NNR_NDU or unit.partial_data_counter != expected:
            detail = f"a part with partial_data_counter {expected} comes next"
            raise Refused("partial-data-parts", detail, 8 * unit.first_byte)

    def add(self, part: Part) -> None:
        """Clause 8.2.1: Split data. All parts have the header of the first."""
        if self.parts and part.header != self.parts[0].header:
            detail = "its header is not that of the first part"
            raise Refused("partial-data-parts", detail, 8 * part.unit.first_byte)
        self.parts.append(part)

    def check_complete(self) -> None:
        """Clause 8.2.1: Split data. A stream does not end between parts."""
        if self.parts:
            last = self.parts[-1]
            detail = "the stream ends between parts"
            refused = Refused("partial-data-parts", detail, 8 * last.unit.first_byte)
            refused.unit = last.index
            raise refused

    def joined(self, bits: BitReader) -> BitReader:
        """Clause 8.2.1: Split data. A reader of the payloads, one after the other."""
        return BitReader(b"".join(part.payload for part in self.parts), bits.observer)

    def bit_in_stream(self, bit: int) -> int:
        """Clause 8.2.1: Split data. Where in the stream a bit of the joined payload is."""
        for part in self.parts[:-1]:
            if bit < 8 * len(part.payload):
                return 8 * part.payload_first_byte + bit
            bit -= 8 * len(part.payload)
        return 8 * self.parts[-1].payload_first_byte + bit
