"""Clauses 6.12 and 9.1: the payload of a compressed data unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from nnref.spec.process import reconstruct
from nnref.spec.process.binarization import Bounds
from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import Codebook, DataUnitHeader
from nnref.spec.process.engine import ArithmeticDecoder, Registers
from nnref.spec.process.members import Member, members
from nnref.spec.process.parameter_sets import ActiveParameters
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.tensor import TensorSyntax, tensor_data
from nnref.spec.process.updates import UpdateState, history_mask, temporal_base
from nnref.spec.tables.enums import Dialect, PayloadType


@dataclass(slots=True)
class DecodedTensor:
    """Clause 10: Reconstruction. One tensor, all lists in row-major order.

    `values` are Python floats that are binary32 numbers, or integers for NNR_PT_INT; with a
    codebook `exact_values` holds the products of entry and step as binary64 numbers. Raw tensors
    have no levels but their bytes in `raw`.
    """

    unit: int
    name: str
    role: str
    dimensions: list[int]
    payload_type: int
    data_format: int | None
    values: Sequence[float]
    levels: list[int] | None = None
    quantized: list[int] | None = None
    """Quantized parameters; with a codebook the levels, which index it."""
    qp: int | None = None
    qp_density: int | None = None
    step: float | None = None
    codebook: Codebook | None = None
    exact_values: list[float] | None = None
    raw: bytes | None = None


@dataclass(slots=True)
class Payload:
    """Clause 6.12: Compressed data unit payload. The tensors in payload order, the bytes used and
    the engine's state before the terminate bin (None for raw tensors).
    """

    tensors: list[DecodedTensor]
    bytes_consumed: int
    registers: Registers | None


@dataclass(slots=True)
class DecodingSettings:
    """Clause 8: Profiles, dialects and limits. What is agreed on outside the stream."""

    dialect: Dialect = Dialect.NNCODEC_2
    weights_left: int = 1 << 22
    """Clause 8.3: Limits. How many more weights the streams may hold."""


def compressed_data_unit_payload(
    bits: BitReader,
    unit: int,
    header: DataUnitHeader,
    active: ActiveParameters,
    state: UpdateState,
    settings: DecodingSettings,
) -> Payload:
    """Clause 6.12: Compressed data unit payload."""
    parts = members(header)
    for part in parts:
        take_weights(settings, part)
    if header.nnr_compressed_data_unit_payload_type == PayloadType.NNR_PT_RAW_FLOAT:
        return raw_payload(bits, unit, header, parts[0])
    if header.is_quantized and active.qp_density is None:
        raise Refused("qp-density-missing")
    engine = ArithmeticDecoder(bits)
    tensors = [coded_tensor(engine, unit, header, part, active, state, settings) for part in parts]
    registers = engine.terminate()
    return Payload(tensors, engine.end_of_payload(), registers)


def take_weights(settings: DecodingSettings, part: Member) -> None:
    """Clause 8.3: Limits. Before memory is taken for a tensor."""
    weights = prod(part.dimensions)
    if weights > settings.weights_left:
        detail = f"tensor {part.name!r} has {weights} weights, {settings.weights_left} are left"
        raise Refused("limit-tensor-elements", detail)
    settings.weights_left -= weights


def raw_payload(bits: BitReader, unit: int, header: DataUnitHeader, part: Member) -> Payload:
    """Clause 10.5: Integer and raw tensors. NNR_PT_RAW_FLOAT has no arithmetic codeword."""
    raw = bits.bs("raw_float32_parameter")
    tensor = DecodedTensor(
        unit,
        part.name,
        part.role,
        part.dimensions,
        header.nnr_compressed_data_unit_payload_type,
        header.nnr_decompressed_data_format,
        reconstruct.raw_tensor(raw, prod(part.dimensions)),
        raw=raw,
    )
    return Payload([tensor], len(raw), None)


def coded_tensor(
    engine: ArithmeticDecoder,
    unit: int,
    header: DataUnitHeader,
    part: Member,
    active: ActiveParameters,
    state: UpdateState,
    settings: DecodingSettings,
) -> DecodedTensor:
    """Clause 9.1: Decoding a payload. One tensor: qp, tensor data, reconstruction."""
    rows, columns = matrix_view(part.dimensions)
    if engine.observer is not None:
        engine.observer.tensor(part.name, part.role, rows, columns)
    qp = quantization_parameter(engine, header, active)
    syntax = TensorSyntax(
        rows=rows,
        columns=columns,
        unary_length=header.cabac_unary_length_minus1 + 1,
        dq_flag=header.dq_flag,
        scan_order=header.scan_order,
        edition_2=active.edition_2,
        parent_node_id_present_flag=header.parent_node_id_present_flag,
        bounds=codebook_bounds(part, active),
        base=temporal_base(state, header, part.name, rows * columns),
        history=history_mask(state, part.name, rows * columns),
        entry_points=part.entry_points,
        dialect=settings.dialect,
    )
    decoded = tensor_data(engine, syntax)
    quantized = decoded.levels
    if header.dq_flag == 1:
        pairs = zip(decoded.levels, decoded.states, strict=True)
        quantized = [reconstruct.quantized_parameter(k, s) for k, s in pairs]
    tensor = DecodedTensor(
        unit,
        part.name,
        part.role,
        part.dimensions,
        header.nnr_compressed_data_unit_payload_type,
        header.nnr_decompressed_data_format,
        values=quantized,
        levels=decoded.levels,
        quantized=quantized,
        qp=qp,
        qp_density=active.qp_density,
        codebook=part.codebook,
    )
    if qp is not None:
        reconstruct_values(tensor)
    return tensor


def quantization_parameter(
    engine: ArithmeticDecoder, header: DataUnitHeader, active: ActiveParameters
) -> int | None:
    """Clause 7.3.2: Quantization parameters. The codeword holds the difference to the one in
    force; integer tensors have none.
    """
    if not header.is_quantized or active.qp_density is None:
        return None
    return active.quantization_parameter + engine.iae(6 + active.qp_density, "qp_delta")


def codebook_bounds(part: Member, active: ActiveParameters) -> Bounds | None:
    """Clause 9.5.3: Bounds by the codebook. Profile 0 makes no use of them."""
    if part.codebook is None or not active.edition_2:
        return None
    zero_offset = part.codebook.zero_offset
    return Bounds(zero_offset, len(part.codebook.values) - 1 - zero_offset)


def reconstruct_values(tensor: DecodedTensor) -> None:
    """Clause 10: Reconstruction. From quantized parameters and qp to values."""
    assert tensor.qp is not None and tensor.qp_density is not None
    assert tensor.levels is not None and tensor.quantized is not None
    step = reconstruct.quantization_step(tensor.qp, tensor.qp_density)
    tensor.step = reconstruct.rounded(*step, reconstruct.BINARY32)
    if tensor.codebook is None:
        tensor.values = reconstruct.uniform_reconstruction(tensor.quantized, step)
        return
    tensor.values, tensor.exact_values = (
        reconstruct.codebook_reconstruction(tensor.levels, tensor.codebook, step, target)
        for target in (reconstruct.BINARY32, reconstruct.BINARY64)
    )
