"""A compressed data unit from its quantized members (clauses 6.9 and 6.12)."""

from dataclasses import dataclass
from typing import Any

from nnref.codec.encoder.nodes import node_elements
from nnref.codec.encoder.payload import CodedPayload, coded_payload
from nnref.codec.encoder.unary_length import INFERRED
from nnref.codec.encoder.unit import SIDE_ROLES, DataUnit
from nnref.codec.quantization import Codebook, cheapest_egk
from nnref.spec.syntax import StreamState, codebook_elements, entry_point_elements, write_unit
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import PayloadType, UnitType


@dataclass(frozen=True, slots=True)
class WrittenUnit:
    """The bytes of a unit, and what the encoder chose while it wrote them."""

    data: bytes
    payload: CodedPayload


def write_data_unit(unit: DataUnit, state: StreamState) -> WrittenUnit:
    """Clauses 6.9 and 6.12: the unit under the state that the units before it left.

    Raises UsageError for what cannot be written.
    """
    payload = coded_payload(unit, state)
    fields = _fields(unit, payload, state)
    known = unit.out_of_band
    out_of_band = {} if known is None else {unit.in_header()[0].name: known}
    data = write_unit(UnitType.NNR_NDU, fields, payload.data, state, out_of_band=out_of_band)
    return WrittenUnit(data, payload)


def _fields(unit: DataUnit, payload: CodedPayload, state: StreamState) -> dict[str, Any]:
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
        **node_elements(unit, state, temporal=payload.temporal),
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
        types |= SIDE_ROLES.get(member.role, Cpt(0))
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
