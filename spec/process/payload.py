"""Clauses 6.12 and 9.1: the payload of a compressed data unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from nnref.spec.process import reconstruct
from nnref.spec.process.binarization import Bounds
from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import Codebook, DataUnitHeader
from nnref.spec.process.engine import ArithmeticDecoder, Registers
from nnref.spec.process.members import Member
from nnref.spec.process.parameter_sets import ActiveParameters, QuantizationParameters
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.tensor import Levels, TensorSyntax, tensor_data
from nnref.spec.process.updates import (
    StoredPictures,
    UpdateState,
    history_mask,
    temporal_base,
)
from nnref.spec.tables.enums import Dialect, PayloadType


@dataclass(frozen=True, slots=True)
class DataUnit:
    """Clause 9.1: Decoding a payload. All that it depends on beside its bits."""

    index: int
    header: DataUnitHeader
    members: list[Member]
    active: ActiveParameters
    state: UpdateState
    dialect: Dialect


@dataclass(slots=True)
class DecodedTensor:
    """Clause 10: Reconstruction. One tensor; all lists are in row-major order.

    `values` are Python floats that are binary32 numbers, or integers for NNR_PT_INT; with a
    codebook `exact_values` holds the products of entry and step as binary64 numbers. `quantized`
    are the quantized parameters; with a codebook they are the levels, which index it. Raw tensors
    have no levels, but their bytes in `raw`. Tensors in pictures have all of these so far.
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
    qp: int | None = None
    step: float | None = None
    codebook: Codebook | None = None
    exact_values: list[float] | None = None
    raw: bytes | None = None
    pictures: StoredPictures | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """Clause 6.12: Compressed data unit payload. The tensors in payload order, the bytes used and
    the engine's state before the terminate bin (None for raw tensors).
    """

    tensors: list[DecodedTensor]
    bytes_consumed: int
    registers: Registers | None


def compressed_data_unit_payload(bits: BitReader, unit: DataUnit) -> Payload:
    """Clause 6.12: Compressed data unit payload."""
    if unit.header.nnr_compressed_data_unit_payload_type == PayloadType.NNR_PT_RAW_FLOAT:
        return raw_payload(bits, unit)
    if unit.header.is_quantized and unit.active.quantization is None:
        raise Refused("qp-density-missing", bit=bits.position)
    engine = ArithmeticDecoder(bits)
    tensors = [coded_tensor(engine, unit, member) for member in unit.members]
    registers = engine.terminate()
    return Payload(tensors, engine.end_of_payload(), registers)


def raw_payload(bits: BitReader, unit: DataUnit) -> Payload:
    """Clause 10.5: Integer and raw tensors. NNR_PT_RAW_FLOAT has no arithmetic codeword."""
    raw = bits.rest()
    member = unit.members[0]
    tensor = reconstructed(unit, member, reconstruct.raw_tensor(raw, prod(member.dimensions)))
    tensor.raw = raw
    return Payload([tensor], len(raw), None)


def coded_tensor(engine: ArithmeticDecoder, unit: DataUnit, member: Member) -> DecodedTensor:
    """Clause 9.1: Decoding a payload. One tensor: qp, tensor data, reconstruction."""
    rows, columns = matrix_view(member.dimensions)
    if engine.observer is not None:
        engine.observer.tensor(member.name, member.role, rows, columns)
    parameters = unit.active.quantization if unit.header.is_quantized else None
    qp = None if parameters is None else quantization_parameter(engine, parameters)
    decoded = tensor_data(engine, tensor_syntax(unit, member, rows, columns))
    quantized = quantized_parameters(unit, decoded)
    tensor = reconstructed(unit, member, quantized)
    tensor.levels, tensor.quantized, tensor.qp = decoded.levels, quantized, qp
    if qp is not None and parameters is not None:
        step = reconstruct.quantization_step(qp, parameters.qp_density)
        dequantize(tensor, quantized, step, member.codebook)
    return tensor


def quantization_parameter(engine: ArithmeticDecoder, parameters: QuantizationParameters) -> int:
    """Clause 7.3.2: Quantization parameters. The codeword holds the difference to the one in
    force; integer tensors have none.
    """
    return parameters.base + engine.iae(6 + parameters.qp_density, "qp_delta")


def tensor_syntax(unit: DataUnit, member: Member, rows: int, columns: int) -> TensorSyntax:
    """Clause 7.10: Tensor data semantics. What the tensor data of a member depends on."""
    return TensorSyntax(
        rows=rows,
        columns=columns,
        unary_length=unit.header.cabac_unary_length_minus1 + 1,
        dq_flag=unit.header.dq_flag,
        scan_order=unit.header.scan_order,
        edition_2=unit.active.edition_2,
        parent_node_id_present_flag=unit.header.parent_node_id_present_flag,
        bounds=codebook_bounds(unit, member),
        base=temporal_base(unit.state, unit.header, member.name, rows * columns),
        history=history_mask(unit.state, member.name, rows * columns),
        entry_points=member.entry_points,
        dialect=unit.dialect,
    )


def codebook_bounds(unit: DataUnit, member: Member) -> Bounds | None:
    """Clause 9.5.3: Bounds by the codebook. Profile 0 makes no use of them."""
    if member.codebook is None or not unit.active.edition_2:
        return None
    zero_offset = member.codebook.zero_offset
    return Bounds(zero_offset, len(member.codebook.values) - 1 - zero_offset)


def quantized_parameters(unit: DataUnit, decoded: Levels) -> list[int]:
    """Clause 10.3: Dependent quantization. Without it they are the levels."""
    if unit.header.dq_flag == 0:
        return decoded.levels
    pairs = zip(decoded.levels, decoded.states, strict=True)
    return [reconstruct.quantized_parameter(level, state) for level, state in pairs]


def reconstructed(unit: DataUnit, member: Member, values: Sequence[float]) -> DecodedTensor:
    """Clause 10.5: Integer and raw tensors. Their values are what the payload holds."""
    return DecodedTensor(
        unit.index,
        member.name,
        member.role,
        member.dimensions,
        unit.header.nnr_compressed_data_unit_payload_type,
        unit.header.nnr_decompressed_data_format,
        values,
    )


def dequantize(
    tensor: DecodedTensor,
    quantized: list[int],
    step: reconstruct.Step,
    codebook: Codebook | None,
) -> None:
    """Clause 10: Reconstruction. From quantized parameters and step to values."""
    tensor.step = reconstruct.rounded(*step, reconstruct.BINARY32)
    tensor.codebook = codebook
    if codebook is None:
        tensor.values = reconstruct.uniform_reconstruction(quantized, step)
        return
    tensor.values = reconstruct.codebook_reconstruction(
        quantized, codebook, step, reconstruct.BINARY32
    )
    tensor.exact_values = reconstruct.codebook_reconstruction(
        quantized, codebook, step, reconstruct.BINARY64
    )
