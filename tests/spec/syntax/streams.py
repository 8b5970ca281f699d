"""Small streams for the tests: start unit, parameter set, and what a test adds."""

from typing import Any

from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import UnitType

MPS = {
    "topology_carriage_flag": 1,
    "mps_quantization_method_flags": 1,
    "mps_qp_density": 2,
    "mps_quantization_parameter": 0,
}

FLOAT = {
    "nnr_compressed_data_unit_payload_type": 1,
    "nnr_multiple_topology_elements_present_flag": 0,
    "nnr_decompressed_data_format_present_flag": 0,
    "input_parameters_present_flag": 1,
    "topology_elem_id": "w",
    "codebook_present_flag": 0,
    "dq_flag": 0,
    "tensor_dimensions_flag": 1,
    "cabac_unary_length_flag": 1,
    "compressed_parameter_types": 0,
    "count_tensor_dimensions": 2,
    "tensor_dimensions": [2, 3],
    "cabac_unary_length_minus1": 10,
    "scan_order": 0,
}
"""Elements of an NDU of profile 0."""

EDITION_2 = {"node_id_present_flag": 0, "first_tensor_dimension_shift": 0}

BLOCK = FLOAT | {
    "nnr_compressed_data_unit_payload_type": 3,
    "nnr_multiple_topology_elements_present_flag": 1,
    "topology_elem_id": None,
    "count_topology_elements_minus2": 0,
    "topology_elem_id_list": ["w", "b"],
    "compressed_parameter_types": 8,
}


def opening(profile: int = 0, **mps: Any) -> tuple[bytes, StreamState]:
    """Start unit and parameter set, and the state they leave."""
    state = StreamState()
    stream = b""
    for kind, fields in (
        (UnitType.NNR_STR, {"general_profile_idc": profile}),
        (UnitType.NNR_MPS, MPS | mps),
    ):
        stream += write_unit(kind, fields, b"", state, strict=False)
        state = state.after(kind, fields)
    return stream, state


def ndu(state: StreamState, payload: bytes = b"\x12\x34", **changes: Any) -> bytes:
    """A compressed data unit: FLOAT with changes; the value None leaves an element out."""
    fields = FLOAT | (EDITION_2 if state.profile else {}) | changes
    given = {name: value for name, value in fields.items() if value is not None}
    return write_unit(UnitType.NNR_NDU, given, payload, state)
