"""Clause 8.2: decoding a stream, unit by unit."""

from dataclasses import dataclass, field
from math import prod

from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import DataUnitHeader, OutOfBand, compressed_data_unit_header
from nnref.spec.process.engine import Registers
from nnref.spec.process.members import Member, members
from nnref.spec.process.method_unit import is_method_unit, method_data_unit
from nnref.spec.process.methods import METHODS, method_payload
from nnref.spec.process.observer import Observer
from nnref.spec.process.parameter_sets import (
    ActiveParameters,
    layer_parameter_set,
    model_parameter_set,
    quantization_unit,
    start_unit,
    topology_unit,
)
from nnref.spec.process.parts import Part, SplitData
from nnref.spec.process.payload import DataUnit, DecodedTensor, compressed_data_unit_payload
from nnref.spec.process.private_units import IndexedUnit, index_unit, is_index_unit
from nnref.spec.process.refused import Refused
from nnref.spec.process.units import UnitHeader, nnr_unit_header
from nnref.spec.process.updates import UpdateState, store
from nnref.spec.tables.enums import Dialect, UnitType

NEEDS_MPS = (UnitType.NNR_LPS, UnitType.NNR_TPL, UnitType.NNR_QNT, UnitType.NNR_NDU)
"""Clause 8.2: units that come after the model parameter set."""


@dataclass(slots=True)
class DecodedUnit:
    """Clause 6.1: NNR unit. `names` are those of its tensors; `registers` are range, offset and
    shifts before the terminate bin (None without a codeword). Header and the place of the payload
    are of compressed data units alone; payload, bytes and registers of those with which their data
    is complete (clause 8.2.1).
    """

    nnr_unit_type: int
    first_byte: int
    size: int
    names: list[str] = field(default_factory=list)
    header: DataUnitHeader | None = None
    payload_first_byte: int | None = None
    payload: bytes = b""
    bytes_consumed: int | None = None
    registers: Registers | None = None


@dataclass(slots=True)
class DecodedStream:
    """Clause 8.2: Order of units. All a stream holds, in decoding order; `findings` are the rules
    it breaks that a decoder tolerates.
    """

    general_profile_idc: int = 0
    units: list[DecodedUnit] = field(default_factory=list)
    tensors: list[DecodedTensor] = field(default_factory=list)
    findings: list[Refused] = field(default_factory=list)


def decode_stream(
    data: bytes,
    *,
    state: UpdateState | None = None,
    out_of_band: OutOfBand | None = None,
    dialect: int = Dialect.NNCODEC_2,
    observer: Observer | None = None,
    max_weights: int = 1 << 22,
) -> DecodedStream:
    """Clause 8.2: Order of units. Decodes all units of a stream.

    `state` is what the earlier streams of an update chain have left; it takes in this one once
    all of it is decoded. `out_of_band` gives what headers leave out (clause 7.8.9). `max_weights`
    bounds the weights of all tensors together (clause 8.3). Raises Refused.
    """
    bits = BitReader(data, observer)
    chain = UpdateState() if state is None else state
    decoder = StreamDecoder(bits, chain, out_of_band or {}, Dialect(dialect), max_weights)
    try:
        if not data:
            raise Refused("stream-empty")
        while bits.position < 8 * len(data):
            bits.end = 8 * len(data)
            decoder.nnr_unit()
        decoder.split.check_complete()
    except Refused as refused:
        if refused.unit is None:
            refused.unit = len(decoder.stream.units)
        if refused.bit is None:
            refused.bit = bits.position
        raise
    for tensor in decoder.stream.tensors:
        unit = decoder.stream.units[tensor.unit]
        if unit.header is not None and tensor.quantized is not None:
            is_update = decoder.active.mps_parent_signalling_enabled_flag
            store(chain, unit.header, tensor.name, tensor.quantized, unit.payload, is_update)
        if tensor.pictures is not None:
            chain.pictures[tensor.name] = tensor.pictures
    return decoder.stream


class StreamDecoder:
    """Clause 8.2: Order of units. The stream so far and what the next unit depends on."""

    def __init__(
        self,
        bits: BitReader,
        state: UpdateState,
        out_of_band: OutOfBand,
        dialect: Dialect,
        weights_left: int,
    ) -> None:
        self.bits = bits
        self.state = state
        self.out_of_band = out_of_band
        self.dialect = dialect
        self.weights_left = weights_left
        self.active = ActiveParameters()
        self.names: set[str] = set()
        self.split = SplitData()
        self.stream = DecodedStream(findings=bits.findings)

    def nnr_unit(self) -> None:
        """Clause 6.1: NNR unit."""
        unit = nnr_unit_header(self.bits, len(self.stream.units))
        self.check_order(unit)
        self.split.check_next(unit)
        decoded = DecodedUnit(unit.nnr_unit_type, unit.first_byte, unit.size)
        if unit.nnr_unit_type == UnitType.NNR_STR:
            self.active = start_unit(self.bits)
            self.stream.general_profile_idc = self.active.general_profile_idc
        elif unit.nnr_unit_type == UnitType.NNR_MPS:
            model_parameter_set(self.bits, self.active)
        elif unit.nnr_unit_type == UnitType.NNR_LPS:
            layer_parameter_set(self.bits, self.active)
        elif unit.nnr_unit_type == UnitType.NNR_TPL:
            topology_unit(self.bits, self.active)
        elif unit.nnr_unit_type == UnitType.NNR_QNT:
            quantization_unit(self.bits)
        elif unit.nnr_unit_type == UnitType.NNR_NDU:
            self.compressed_data_unit(unit, decoded)
        elif unit.nnr_unit_type == UnitType.NNR_AGG:
            raise Refused("aggregate-undefined", bit=8 * unit.first_byte)
        elif is_index_unit(self.bits, unit.nnr_unit_type):
            index_unit(self.bits, unit.size, self.units_as_indexed())
        elif is_method_unit(self.bits, unit.nnr_unit_type):
            self.method_data_unit(decoded)
        else:
            self.unknown_unit()
        if self.bits.position != self.bits.end:
            left = self.bits.end - self.bits.position
            raise Refused("unit-size-mismatch", f"{left} bits left", self.bits.position)
        self.stream.units.append(decoded)

    def check_order(self, unit: UnitHeader) -> None:
        """Clause 8.2: Order of units. One start unit first, then one model parameter set."""
        bit = 8 * unit.first_byte
        is_first = not self.stream.units
        is_start = unit.nnr_unit_type == UnitType.NNR_STR
        if is_first and not is_start:
            raise Refused("start-unit-missing", f"unit type {unit.nnr_unit_type}", bit)
        if is_start and not is_first:
            raise Refused("start-unit-repeated", bit=bit)
        if unit.nnr_unit_type == UnitType.NNR_MPS and self.active.mps_present:
            raise Refused("mps-repeated", bit=bit)
        if unit.nnr_unit_type in NEEDS_MPS and not self.active.mps_present:
            raise Refused("mps-missing", bit=bit)

    def units_as_indexed(self) -> list[IndexedUnit]:
        """Clause 14.2.1: Index unit. What an index has to say of the units so far."""
        return [
            IndexedUnit(unit.nnr_unit_type, unit.size, unit.names) for unit in self.stream.units
        ]

    def unknown_unit(self) -> None:
        """Clause 13.1: Unknown units. The size alone says where the next unit starts."""
        self.bits.rest()

    def compressed_data_unit(self, unit: UnitHeader, decoded: DecodedUnit) -> None:
        """Clause 9.1: Decoding a payload. Header, payload, and the tensors they give."""
        bits, data = self.bits, self.bits.data
        first_byte = bits.position // 8
        header = compressed_data_unit_header(bits, self.active, self.out_of_band)
        payload_first_byte = bits.position // 8
        decoded.header, decoded.payload_first_byte = header, payload_first_byte
        decoded.names = header.names
        if not self.split.parts:
            for member in members(header):
                self.admit(member)
        counter = unit.partial_data_counter or 0
        if counter == 0 and not self.split.parts:
            decoded.payload = data[payload_first_byte : bits.end // 8]
            self.tensors(bits, decoded, header)
            return
        part_header = data[first_byte:payload_first_byte]
        index = len(self.stream.units)
        self.split.add(Part(index, unit, part_header, payload_first_byte, bits.rest()))
        if counter == 0:
            self.split_data(decoded, header)

    def split_data(self, decoded: DecodedUnit, header: DataUnitHeader) -> None:
        """Clause 8.2.1: Split data. The tensors of the parts, now that all are there. Bits are
        counted inside the joined payload; those of refusals are brought back to the stream.
        """
        split, self.split = self.split, SplitData()
        bits = split.joined(self.bits)
        decoded.payload = bits.data
        try:
            self.tensors(bits, decoded, header)
        except Refused as refused:
            refused.bit = split.bit_in_stream(bits.position if refused.bit is None else refused.bit)
            raise
        for finding in bits.findings:
            finding.bit = None if finding.bit is None else split.bit_in_stream(finding.bit)
        self.stream.findings += bits.findings

    def tensors(self, bits: BitReader, decoded: DecodedUnit, header: DataUnitHeader) -> None:
        """Clause 9.1: Decoding a payload. The tensors it gives."""
        index = len(self.stream.units)
        unit = DataUnit(index, header, members(header), self.active, self.state, self.dialect)
        payload = compressed_data_unit_payload(bits, unit)
        decoded.bytes_consumed = payload.bytes_consumed
        decoded.registers = payload.registers
        self.stream.tensors += payload.tensors

    def method_data_unit(self, decoded: DecodedUnit) -> None:
        """Clause 14.2.2: Method data unit. Its names and size, then what its method makes of it."""
        index = len(self.stream.units)
        unit = method_data_unit(
            self.bits, index, self.active, self.dialect, self.state, list(METHODS)
        )
        decoded.names = unit.tensor_names
        for name in decoded.names:
            self.admit_name(name)
        self.admit_weights(unit.name, unit.dimensions)
        payload = method_payload(self.bits, unit)
        decoded.bytes_consumed = payload.bytes_consumed
        decoded.registers = payload.registers
        self.stream.tensors += payload.tensors

    def admit(self, part: Member) -> None:
        """Clause 8.3: Limits. Before memory is taken for a tensor; its name has to be new."""
        self.admit_name(part.name)
        self.admit_weights(part.name, part.dimensions)

    def admit_name(self, name: str) -> None:
        """Clause 8.2: Order of units. A name occurs once."""
        if name in self.names:
            raise Refused("tensor-name-duplicate", repr(name))
        self.names.add(name)

    def admit_weights(self, name: str, dimensions: list[int]) -> None:
        """Clause 8.3: Limits. So many weights more; factors have no more than their product."""
        weights = prod(dimensions)
        if weights > self.weights_left:
            detail = f"{name!r} has {weights} weights, {self.weights_left} are left"
            raise Refused("limit-tensor-elements", detail)
        self.weights_left -= weights
