"""Clause 8.2: decoding a stream, unit by unit."""

from dataclasses import dataclass, field

from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import DataUnitHeader, OutOfBand, compressed_data_unit_header
from nnref.spec.process.engine import Registers
from nnref.spec.process.observer import Observer
from nnref.spec.process.parameter_sets import (
    ActiveParameters,
    layer_parameter_set,
    model_parameter_set,
    quantization_unit,
    start_unit,
    topology_unit,
)
from nnref.spec.process.payload import (
    DecodedTensor,
    DecodingSettings,
    compressed_data_unit_payload,
)
from nnref.spec.process.refused import Refused
from nnref.spec.process.units import UnitHeader, nnr_unit_header
from nnref.spec.process.updates import UpdateState, store
from nnref.spec.tables.enums import Dialect, UnitType

NEEDS_MPS = (UnitType.NNR_LPS, UnitType.NNR_TPL, UnitType.NNR_NDU)


@dataclass(frozen=True, slots=True)
class DecodedUnit:
    """Clause 6.1: NNR unit. One unit of a stream; the lower part is of compressed data units."""

    nnr_unit_type: int
    first_byte: int
    size: int
    header: DataUnitHeader | None = None
    payload_first_byte: int | None = None
    bytes_consumed: int | None = None
    registers: Registers | None = None
    """Range, offset and shifts before the terminate bin; None for raw tensors."""


@dataclass(slots=True)
class DecodedStream:
    """Clause 8.2: Order of units. Everything a stream says, in decoding order."""

    general_profile_idc: int = 0
    units: list[DecodedUnit] = field(default_factory=list)
    tensors: list[DecodedTensor] = field(default_factory=list)
    findings: list[Refused] = field(default_factory=list)
    """Broken rules that a decoder tolerates."""


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

    `state` is what the earlier streams of an update chain have left; it takes in this one when
    all of it has been decoded. `out_of_band` gives what headers leave out (clause 7.8.9).
    `max_weights` bounds the weights of all tensors together. Raises Refused.
    """
    bits = BitReader(data, observer)
    settings = DecodingSettings(Dialect(dialect), max_weights)
    chain = UpdateState() if state is None else state
    stream = DecodedStream(findings=bits.findings)
    active = ActiveParameters()
    try:
        if not data:
            raise Refused("stream-empty")
        while bits.position < 8 * len(data):
            bits.end = 8 * len(data)
            active = decode_unit(bits, stream, active, chain, out_of_band or {}, settings)
    except Refused as refused:
        refused.unit = len(stream.units)
        if refused.bit is None:
            refused.bit = bits.position
        raise
    for tensor in stream.tensors:
        header = stream.units[tensor.unit].header
        if header is not None and tensor.quantized is not None:
            store(chain, header, tensor.name, tensor.quantized)
    return stream


def decode_unit(
    bits: BitReader,
    stream: DecodedStream,
    active: ActiveParameters,
    state: UpdateState,
    out_of_band: OutOfBand,
    settings: DecodingSettings,
) -> ActiveParameters:
    """Clause 6.1: NNR unit. Returns the parameters in force behind it."""
    unit = nnr_unit_header(bits, len(stream.units))
    check_order(unit, stream, active)
    if unit.nnr_unit_type == UnitType.NNR_NDU:
        decode_data_unit(bits, unit, stream, active, state, out_of_band, settings)
        return active
    if unit.nnr_unit_type == UnitType.NNR_STR:
        active = start_unit(bits)
        stream.general_profile_idc = active.general_profile_idc
    elif unit.nnr_unit_type == UnitType.NNR_MPS:
        model_parameter_set(bits, active)
    elif unit.nnr_unit_type == UnitType.NNR_LPS:
        layer_parameter_set(bits, active)
    elif unit.nnr_unit_type == UnitType.NNR_TPL:
        topology_unit(bits, active)
    elif unit.nnr_unit_type == UnitType.NNR_QNT:
        quantization_unit(bits)
    elif unit.nnr_unit_type == UnitType.NNR_AGG:
        raise Refused("aggregate-undefined", bit=unit.first_bit)
    else:
        skip_unknown_unit(bits)
    if bits.position != bits.end:
        left = bits.end - bits.position
        raise Refused("unit-size-mismatch", f"{left} bits left", bits.position)
    stream.units.append(described(unit))
    return active


def check_order(unit: UnitHeader, stream: DecodedStream, active: ActiveParameters) -> None:
    """Clause 8.2: Order of units."""
    is_start = unit.nnr_unit_type == UnitType.NNR_STR
    if not stream.units and not is_start:
        raise Refused("start-unit-missing", f"unit type {unit.nnr_unit_type}", unit.first_bit)
    if stream.units and is_start:
        raise Refused("start-unit-repeated", bit=unit.first_bit)
    if unit.nnr_unit_type == UnitType.NNR_MPS and active.mps_present:
        raise Refused("mps-repeated", bit=unit.first_bit)
    if unit.nnr_unit_type in NEEDS_MPS and not active.mps_present:
        raise Refused("mps-missing", bit=unit.first_bit)


def skip_unknown_unit(bits: BitReader) -> None:
    """Clause 13.1: Unknown units. The size alone says where the next unit starts."""
    bits.bs("nnr_unit_payload")


def decode_data_unit(
    bits: BitReader,
    unit: UnitHeader,
    stream: DecodedStream,
    active: ActiveParameters,
    state: UpdateState,
    out_of_band: OutOfBand,
    settings: DecodingSettings,
) -> None:
    """Clause 9.1: Decoding a payload. Header, payload, and the tensors they give."""
    header = compressed_data_unit_header(bits, active, out_of_band)
    known = {tensor.name for tensor in stream.tensors}
    for name in header.names:
        if name in known:
            raise Refused("tensor-name-duplicate", repr(name), unit.first_bit)
        known.add(name)
    first_byte = bits.position // 8
    index = len(stream.units)
    payload = compressed_data_unit_payload(bits, index, header, active, state, settings)
    stream.tensors += payload.tensors
    stream.units.append(
        described(unit, header, first_byte, payload.bytes_consumed, payload.registers)
    )


def described(
    unit: UnitHeader,
    header: DataUnitHeader | None = None,
    payload_first_byte: int | None = None,
    bytes_consumed: int | None = None,
    registers: Registers | None = None,
) -> DecodedUnit:
    """Clause 6.1: NNR unit. The unit's place in the stream, for the caller."""
    size = (unit.end - unit.first_bit) // 8
    first_byte = unit.first_bit // 8
    return DecodedUnit(
        unit.nnr_unit_type,
        first_byte,
        size,
        header,
        payload_first_byte,
        bytes_consumed,
        registers,
    )
