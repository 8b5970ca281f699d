"""What the header of a compressed data unit says about its tensors (clauses 7.8.2 to 7.8.9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnref.codec.decoder.members import Member, unit_members
from nnref.codec.formats import output_info
from nnref.codec.model import TensorInfo
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax import OutOfBand, Unit
from nnref.spec.tables.enums import PayloadType

DEFAULT_UNARY_LENGTH_MINUS1 = 9
"""Clause 7.8.9: cabac_unary_length_minus1 when it is absent."""


@dataclass(frozen=True, slots=True)
class StreamTensor:
    """One tensor of a stream, as its headers describe it."""

    name: str
    info: TensorInfo
    """Data type and shape of the tensor that comes out."""
    member: Member
    unit: Unit
    unary_length: int

    @property
    def payload_type(self) -> PayloadType:
        """nnr_compressed_data_unit_payload_type of its unit."""
        return PayloadType(self.unit.fields.nnr_compressed_data_unit_payload_type)

    @property
    def format_code(self) -> int | None:
        """nnr_decompressed_data_format, or None when it is absent."""
        code: int | None = self.unit.fields.get("nnr_decompressed_data_format")
        return code

    @property
    def tools(self) -> tuple[str, ...]:
        """The coding tools its headers switch on, by short name."""
        fields = self.unit.fields
        scan_order = fields.get("scan_order") or 0
        named = (
            ("dq", fields.get("dq_flag")),
            ("codebook", self.member.codebook is not None),
            ("block", self.payload_type == PayloadType.NNR_PT_BLOCK),
            (f"scan{scan_order}", scan_order),
            ("temporal", fields.get("temporal_context_modeling_flag")),
            (self.member.role, self.member.role != "weight"),
        )
        return tuple(name for name, present in named if present)


def unit_tensors(
    unit: Unit, limits: Limits, out_of_band: Mapping[str, OutOfBand]
) -> tuple[StreamTensor, ...]:
    """The tensors of a compressed data unit, in payload order; nothing is decoded.

    Raises InvalidError, UnsupportedError or LimitExceededError naming the unit.
    """
    try:
        names = _names(unit)
        given = out_of_band.get(names[0])
        dimensions = _dimensions(unit.fields, given, names[0])
        members = unit_members(unit.fields, dimensions, names, limits)
        unary_length = _unary_length(unit.fields, given)
        return tuple(_tensor(unit, member, unary_length) for member in members)
    except NnrError as error:
        raise error.at(unit=unit.index, unit_type=unit.type_name, bit=8 * unit.offset) from None


def _tensor(unit: Unit, member: Member, unary_length: int) -> StreamTensor:
    payload_type = unit.fields.nnr_compressed_data_unit_payload_type
    code = unit.fields.get("nnr_decompressed_data_format")
    try:
        info = output_info(code, payload_type, member.dimensions)
    except NnrError as error:
        raise error.at(tensor=member.name, element="nnr_decompressed_data_format") from None
    return StreamTensor(member.name, info, member, unit, unary_length)


def _names(unit: Unit) -> tuple[str, ...]:
    fields = unit.fields
    payload_type = fields.nnr_compressed_data_unit_payload_type
    if payload_type not in PayloadType.__members__.values():
        element = "nnr_compressed_data_unit_payload_type"
        raise refusal("payload-type-reserved", str(payload_type), element=element)
    several = bool(fields.nnr_multiple_topology_elements_present_flag)
    if several != (payload_type == PayloadType.NNR_PT_BLOCK):
        raise refusal("tensor-split-undefined" if several else "block-single-element")
    if unit.state.mps_topology_indexed_reference_flag:
        return _indexed_names(unit, several)
    return tuple(fields.topology_elem_id_list) if several else (fields.topology_elem_id,)


def _indexed_names(unit: Unit, several: bool) -> tuple[str, ...]:
    """Clause 7.8.2: references by index into the last NNR_TPL_REFLIST."""
    fields, listed = unit.fields, unit.state.reference_list
    indices = fields.topology_elem_id_index_list if several else [fields.topology_elem_id_index]
    for index in indices:
        if index >= len(listed):
            detail = f"index {index}, {len(listed)} listed"
            raise refusal("topology-index-range", detail, element="topology_elem_id_index")
    return tuple(listed[index] for index in indices)


def _dimensions(fields: Any, given: OutOfBand | None, name: str) -> tuple[int, ...]:
    if fields.get("tensor_dimensions") is not None:
        return tuple(fields.tensor_dimensions)
    if given is None or given.tensor_dimensions is None:
        raise refusal("dimensions-unknown", tensor=name, element="tensor_dimensions")
    return tuple(given.tensor_dimensions)


def _unary_length(fields: Any, given: OutOfBand | None) -> int:
    minus1 = fields.get("cabac_unary_length_minus1")
    if minus1 is None and given is not None:
        minus1 = given.cabac_unary_length_minus1
    return (DEFAULT_UNARY_LENGTH_MINUS1 if minus1 is None else int(minus1)) + 1
