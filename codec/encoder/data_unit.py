"""A compressed data unit from its quantized members (clauses 6.9 and 6.12)."""

from copy import copy
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np

from nnref.codec.encoder.member import CodedMember, Levels, UnitTools
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.unary_length import INFERRED
from nnref.codec.entropy import EntryPoint, PayloadEncoder, TensorSyntax
from nnref.codec.quantization import Codebook, cheapest_egk
from nnref.spec.errors import NnrError
from nnref.spec.syntax import (
    OutOfBand,
    StreamState,
    codebook_elements,
    entry_point_elements,
    write_unit,
)
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import PayloadType, UnitType

_SIDE_ROLES: Final = {
    "ls": Cpt.NNR_CPT_LS,
    "bn.beta": Cpt.NNR_CPT_BN,
    "bn.gamma": Cpt.NNR_CPT_BN,
    "bn.mean": Cpt.NNR_CPT_BN,
    "bn.var": Cpt.NNR_CPT_BN,
    "bias": Cpt.NNR_CPT_BI,
}
"""Clause 7.8.5: members beside the weight, in the order of the names in the header."""
_PAYLOAD_ORDER: Final = (
    *("ls", "bias", "bn.beta", "bn.gamma", "bn.mean", "bn.var"),
    *("weight", "G", "H"),
)

_SKIPPED_ROW_BITS = 0.03
"""What a zero weight in a row of zeros costs at least, when the row is not skipped."""


@dataclass(frozen=True, slots=True)
class DataUnit:
    """What a compressed data unit is to hold; `settings` are those of its weight."""

    payload_type: PayloadType
    members: tuple[CodedMember, ...]
    """In any order; the syntax has one for names and one for the payload."""
    dimensions: tuple[int, ...]
    """tensor_dimensions."""
    tools: UnitTools
    settings: EncodeSettings
    parameter_id: int
    """Position of the tensor in the model."""
    format_code: int | None = None
    """nnr_decompressed_data_format; None if it is inferred."""

    @property
    def unary_length(self) -> int:
        """cabac_unary_length_minus1 + 1."""
        return self.tools.unary_length or self.settings.unary_length

    def in_payload(self) -> list[CodedMember]:
        """Clause 7.8.5: the members in the order of the payload."""
        return sorted(self.members, key=lambda member: _PAYLOAD_ORDER.index(member.role))

    def in_header(self) -> list[CodedMember]:
        """Clause 7.8.5: the members in the order of the header."""
        order = ("weight", "G", "H", *_SIDE_ROLES)
        return sorted(self.members, key=lambda member: order.index(member.role))

    @property
    def out_of_band(self) -> OutOfBand | None:
        """Clause 7.8.9: what the stream leaves out and a decoder has to be given."""
        if not self.settings.out_of_band:
            return None
        if self.payload_type == PayloadType.NNR_PT_RAW_FLOAT:
            return OutOfBand(self.dimensions)
        return OutOfBand(self.dimensions, self.unary_length - 1)


@dataclass(frozen=True, slots=True)
class WrittenUnit:
    """The bytes of a unit, and what the encoder chose while it wrote them."""

    data: bytes
    skipping: tuple[str, ...] = ()
    """Names of the tensors with row_skip_enabled_flag 1."""


def write_data_unit(unit: DataUnit, state: StreamState) -> WrittenUnit:
    """Clauses 6.9 and 6.12: the unit under the state that the units before it left.

    Raises UsageError for what cannot be written.
    """
    if unit.payload_type == PayloadType.NNR_PT_RAW_FLOAT:
        payload = _Payload(unit.members[0].values.astype("<f4").tobytes())
    else:
        payload = _payload(unit, state)
    fields = _fields(unit, payload, state)
    known = unit.out_of_band
    out_of_band = {} if known is None else {unit.in_header()[0].name: known}
    data = write_unit(UnitType.NNR_NDU, fields, payload.data, state, out_of_band=out_of_band)
    return WrittenUnit(data, payload.skipping)


@dataclass(frozen=True, slots=True)
class _Payload:
    data: bytes
    entry_points: tuple[EntryPoint, ...] = ()
    skipping: tuple[str, ...] = ()


def _payload(unit: DataUnit, state: StreamState) -> _Payload:
    """Clause 9.1: one codeword for all members."""
    encoder = PayloadEncoder()
    skipping = []
    for member in unit.in_payload():
        encoder, row_skip = _with_member(encoder, member, unit, state)
        if row_skip:
            skipping.append(member.name)
    data = encoder.finish()
    points = tuple(point for points in encoder.entry_points for point in points)
    return _Payload(data, points, tuple(skipping))


def _with_member(
    encoder: PayloadEncoder, member: CodedMember, unit: DataUnit, state: StreamState
) -> tuple[PayloadEncoder, bool]:
    """Clause 6.14: the codeword with one more member, and row_skip_enabled_flag."""
    assert member.quantized is not None
    if member.qp is not None:
        encoder.iae(6 + unit.settings.density, member.qp - state.base_qp)
    syntax = _syntax(member, unit, state)
    attempts = []
    for row_skip in _row_skips(member.quantized, syntax, unit.settings):
        try:
            attempts.append((_with_tensor(encoder, member, syntax, unit, row_skip), row_skip))
        except NnrError as error:
            # A skipped row of a block scan advances the DQ state by whole rows, which the
            # quantizer's path does not (clause 9.6.5): such a tensor is coded without skipping.
            if not row_skip or error.id != "levels-off-grid":
                raise error.at(tensor=member.name) from None
    if not attempts:
        return _with_tensor(encoder, member, syntax, unit, False), False
    if len(attempts) == 1:
        return attempts[0]
    return min(attempts, key=lambda attempt: len(copy(attempt[0]).finish()))


def _with_tensor(
    encoder: PayloadEncoder,
    member: CodedMember,
    syntax: TensorSyntax,
    unit: DataUnit,
    row_skip: bool,
) -> PayloadEncoder:
    assert member.quantized is not None
    longer = copy(encoder)
    quantized, search = member.quantized.reshape(-1), _shift_search(unit.settings)
    longer.encode_tensor(quantized, syntax, shift_search=search, row_skip=row_skip)
    return longer


def _syntax(member: CodedMember, unit: DataUnit, state: StreamState) -> TensorSyntax:
    shape = member.values.shape
    return TensorSyntax(
        rows=shape[0],
        columns=prod(shape[1:]),
        unary_length=unit.unary_length,
        dq_flag=unit.tools.dq_flag,
        scan_order=unit.tools.scan_order,
        profile=state.profile,
        parent=False,
        temporal=False,
        codebook_size=len(member.codebook.entries) if member.codebook else 0,
        codebook_zero_offset=member.codebook.zero_offset if member.codebook else 0,
    )


def _shift_search(settings: EncodeSettings) -> str:
    if settings.compatible and settings.shift_search == "exact":
        return "compatible"
    return settings.shift_search


def _row_skips(
    quantized: Levels, syntax: TensorSyntax, settings: EncodeSettings
) -> tuple[bool, ...]:
    """The values of row_skip_enabled_flag to try, of which the one of fewer bits is kept."""
    if not syntax.has_flags:
        return (False,)
    if settings.row_skip is not None:
        return (settings.row_skip,)
    if settings.compatible:
        return (False,)
    zero_rows = int((~quantized.reshape(syntax.rows, -1).any(axis=1)).sum())
    if not settings.plain:
        return (False, True) if zero_rows else (False,)
    flag_bits = syntax.rows * _entropy(zero_rows / syntax.rows)
    return (zero_rows * syntax.columns * _SKIPPED_ROW_BITS > flag_bits,)


def _entropy(probability: float) -> float:
    if probability in (0.0, 1.0):
        return 0.05
    rest = 1.0 - probability
    return float(-probability * np.log2(probability) - rest * np.log2(rest))


def _fields(unit: DataUnit, payload: _Payload, state: StreamState) -> dict[str, Any]:
    """Clause 6.9: the elements of the header."""
    settings = unit.settings
    coded = unit.payload_type != PayloadType.NNR_PT_RAW_FLOAT
    usual = unit.unary_length == INFERRED and not settings.compatible
    sends_unary_length = coded and not (usual or settings.out_of_band)
    fields: dict[str, Any] = {
        "nnr_compressed_data_unit_payload_type": int(unit.payload_type),
        "nnr_decompressed_data_format_present_flag": int(unit.format_code is not None),
        "input_parameters_present_flag": 1,
        "dq_flag": int(unit.tools.dq_flag),
        "tensor_dimensions_flag": int(not settings.out_of_band),
        "cabac_unary_length_flag": int(sends_unary_length),
        "count_tensor_dimensions": len(unit.dimensions),
        "tensor_dimensions": list(unit.dimensions),
        "first_tensor_dimension_shift": 0,
        "scan_order": unit.tools.scan_order,
        **_references(unit, state),
        **_identification(unit),
        **_codebooks(unit),
        **_parameter_types(unit),
    }
    if unit.tools.scan_order:
        fields["entry_points"] = entry_point_elements(payload.entry_points)
    if unit.format_code is not None:
        fields["nnr_decompressed_data_format"] = unit.format_code
    if coded:
        fields["cabac_unary_length_minus1"] = unit.unary_length - 1
    return fields


def _references(unit: DataUnit, state: StreamState) -> dict[str, Any]:
    """Clause 6.9.1: the names of the tensors, or their places in the reference list."""
    names: list[Any] = [member.name for member in unit.in_header()]
    suffix = ""
    if state.mps_topology_indexed_reference_flag:
        names, suffix = [state.reference_list.index(name) for name in names], "_index"
    if unit.payload_type != PayloadType.NNR_PT_BLOCK:
        (name,) = names
        return {"nnr_multiple_topology_elements_present_flag": 0, f"topology_elem_id{suffix}": name}
    return {
        "nnr_multiple_topology_elements_present_flag": 1,
        "count_topology_elements_minus2": len(names) - 2,
        f"topology_elem_id{suffix}_list": names,
    }


def _parameter_types(unit: DataUnit) -> dict[str, int]:
    """Clause 7.8.5: which members a block has."""
    types = Cpt(0)
    factors = {}
    for member in unit.members:
        types |= _SIDE_ROLES.get(member.role, Cpt(0))
        if member.role == "G":
            types |= Cpt.NNR_CPT_DC
            rows, rank = member.values.shape
            factors = {"decomposition_rank": rank, "g_number_of_rows": rows}
    return {"compressed_parameter_types": int(types)} | factors


def _codebooks(unit: DataUnit) -> dict[str, Any]:
    """Clause 7.8.7: the first codebook is that of the weight or G, the second that of H."""
    books = {
        "codebook_dc" if member.role == "H" else "codebook": _codebook(member.codebook)
        for member in unit.members
        if member.codebook is not None
    }
    return {"codebook_present_flag": int("codebook" in books)} | books


def _codebook(codebook: Codebook) -> dict[str, Any]:
    """Clause 6.10: with the codebook_egk that needs the fewest bits."""
    return codebook_elements(codebook.entries, codebook.zero_offset, cheapest_egk(codebook))


def _identification(unit: DataUnit) -> dict[str, int]:
    """Clause 6.9.2: the peer identifies every tensor; nobody needs it but in updates."""
    if not (unit.settings.compatible and unit.settings.profile == 1):
        return {"node_id_present_flag": 0}
    return {
        "node_id_present_flag": 1,
        "device_id": 0,
        "parameter_id": unit.parameter_id,
        "put_node_depth": 0,
    }
