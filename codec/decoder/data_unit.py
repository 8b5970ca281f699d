"""Clauses 6.12 and 9.1: decoding the payload of one compressed data unit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.updates import StoredPictures, UpdateState
from nnref.codec.entropy import (
    CoderState,
    Decoding,
    EntryPoint,
    PayloadDecoder,
    TensorRequest,
    TensorSyntax,
)
from nnref.codec.quantization import reconstruct_codebook, reconstruct_uniform
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import Unit, entry_point_values
from nnref.spec.tables.enums import Dialect, PayloadType


@dataclass(frozen=True, slots=True)
class CodedTensor:
    """One decoded member: quantized parameters and what turns them into numbers."""

    member: Member
    quantized: NDArray[np.int32] | None
    """Quantized parameters in the member's dimensions (codebook: the coded index less
    CbZeroOffset); None for raw tensors."""
    qp: int | None
    qp_density: int | None
    raw: NDArray[np.float32] | None = None
    pictures: StoredPictures | None = None
    """Clause 15.2.4: of a tensor in pictures, all so far."""

    def values(self) -> NDArray[Any]:
        """Clauses 10.2, 10.4, 10.5: the carrier, float32 or (integer payloads) int32."""
        if self.raw is not None:
            return self.raw
        assert self.quantized is not None
        if self.qp is None or self.qp_density is None:
            return self.quantized
        if self.member.codebook is None:
            return reconstruct_uniform(self.quantized, self.qp, self.qp_density)
        return reconstruct_codebook(
            self.quantized,
            self.member.codebook,
            self.member.codebook_zero_offset,
            self.qp,
            self.qp_density,
        )


@dataclass(frozen=True, slots=True)
class CodedUnit:
    """A decoded unit: its tensors in payload order, and where the arithmetic coder ended.

    `registers` are those before the terminate bin; None for a raw payload. `findings` are rules
    that the payload breaks and that a decoder tolerates.
    """

    tensors: list[CodedTensor]
    registers: CoderState | None
    bytes_consumed: int
    findings: tuple[NnrError, ...] = ()


def data_unit_decoding(
    unit: Unit,
    members: tuple[Member, ...],
    *,
    base: UpdateState,
    dialect: Dialect = Dialect.NNCODEC_2,
    strict: bool = False,
) -> Decoding[CodedUnit]:
    """Clause 9.1: the decoding of all tensors of a unit, to be run alone or with others.

    Errors name the unit, the tensor and the bit in the stream. Raises MalformedError,
    InvalidError and UnsupportedError with the rules of clauses 9 and 10.
    """
    with placed(unit):
        if unit.fields["nnr_compressed_data_unit_payload_type"] == PayloadType.NNR_PT_RAW_FLOAT:
            return CodedUnit([_raw(unit, members[0])], None, unit.payload_size)
        return (yield from _coded(unit, members, base, dialect, strict))


@contextmanager
def placed(unit: Unit, tensor: str | None = None) -> Iterator[None]:
    """Errors name the unit, the tensor if it is given, and bits in the stream, not the payload."""
    where: dict[str, Any] = {"unit": unit.index, "unit_type": unit.type_name, "tensor": tensor}
    try:
        yield
    except NnrError as error:
        raise in_stream(error, unit).at(**where) from None


def in_stream(error: NnrError, unit: Unit) -> NnrError:
    """An error with its bit, if known, counted in the stream instead of the unit's payload."""
    bit = error.place.bit
    return error if bit is None else error.moved(unit.bit_in_stream(bit) - bit)


def _raw(unit: Unit, member: Member) -> CodedTensor:
    payload = unit.payload
    if len(payload) != 4 * member.weights:
        detail = f"{len(payload)} bytes for {member.weights} weights"
        raise refusal("payload-size-raw", detail, tensor=member.name)
    values = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    return CodedTensor(member, None, None, None, values.reshape(member.dimensions))


def _coded(
    unit: Unit,
    members: tuple[Member, ...],
    base: UpdateState,
    dialect: Dialect,
    strict: bool,
) -> Decoding[CodedUnit]:
    density = unit_density(unit)
    decoder = PayloadDecoder(unit.payload, dialect)
    entry_points = entry_points_of(unit)
    coded = []
    for member in members:
        try:
            qp, request = next_tensor(decoder, unit, member, base, entry_points)
            quantized = yield request
            if quantized is None:
                quantized = request.decode()
        except NnrError as error:
            raise error.at(tensor=member.name) from None
        coded.append(CodedTensor(member, quantized.reshape(member.dimensions), qp, density))
    registers = decoder.state
    try:
        consumed = decoder.finish(strict=strict)
    except NnrError as error:
        raise error.at(tensor=members[-1].name) from None
    return CodedUnit(coded, registers, consumed, findings_of(decoder, unit))


def next_tensor(
    decoder: PayloadDecoder,
    unit: Unit,
    member: Member,
    base: UpdateState,
    entry_points: Iterator[EntryPoint],
) -> tuple[int | None, TensorRequest]:
    """Clauses 6.12 and 6.14: the qp of the next member, which is read, and the tensor behind it.

    `entry_points` are those of the unit that are left. Raises what reading the qp raises.
    """
    density = unit_density(unit)
    qp = None if density is None else decoder.iae(6 + density) + unit.state.base_qp
    syntax = tensor_syntax(unit, member)
    return qp, TensorRequest(
        decoder,
        syntax,
        base.base(unit, member),
        base.history(member),
        _of_member(member, syntax, entry_points),
    )


def entry_points_of(unit: Unit) -> Iterator[EntryPoint]:
    """Clause 7.8.8: the entry points of all tensors of a unit."""
    return starmap(EntryPoint, entry_point_values(unit.fields["entry_points"]))


def findings_of(decoder: PayloadDecoder, unit: Unit) -> tuple[NnrError, ...]:
    """What a decoder found and tolerated, with places in the stream."""
    where: dict[str, Any] = {"unit": unit.index, "unit_type": unit.type_name}
    return tuple(in_stream(finding, unit).at(**where) for finding in decoder.findings)


def unit_density(unit: Unit) -> int | None:
    """Clause 7.3.2: qp_density of a unit's tensors; None for integers, which have no qp.

    Raises InvalidError qp-density-missing.
    """
    if unit.fields["nnr_compressed_data_unit_payload_type"] == PayloadType.NNR_PT_INT:
        return None
    if unit.state.qp_density is None:
        raise refusal("qp-density-missing")
    return unit.state.qp_density


def _of_member(
    member: Member, syntax: TensorSyntax, entry_points: Iterator[EntryPoint]
) -> list[EntryPoint] | None:
    """Clause 7.8.8: the next entry points of the unit that belong to a member, None if none do."""
    if member.role not in ("weight", "G", "H") or syntax.block_rows == 1:
        return None
    return list(islice(entry_points, syntax.block_rows - 1))


def tensor_syntax(unit: Unit, member: Member) -> TensorSyntax:
    """Clause 7.10: what the payload decoder has to know about a member."""
    fields = unit.fields
    integer = fields["nnr_compressed_data_unit_payload_type"] == PayloadType.NNR_PT_INT
    # Vectors of a block have no block rows: rank 1 gives one column, which forces scan order 0.
    return TensorSyntax(
        rows=member.rows,
        columns=member.columns,
        unary_length=fields["cabac_unary_length_minus1"] + 1,
        dq_flag=0 if integer else fields["dq_flag"],
        scan_order=fields["scan_order"],
        profile=unit.state.profile,
        parent=bool(fields["parent_node_id_present_flag"]),
        temporal=bool(fields["temporal_context_modeling_flag"]),
        codebook_size=len(member.codebook or ()),
        codebook_zero_offset=member.codebook_zero_offset,
    )
