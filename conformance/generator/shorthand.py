"""Short forms of the units that streams are made of."""

from collections.abc import Sequence
from typing import Any, Final

from nnref.conformance.generator.building import UnitDescription
from nnref.conformance.generator.encoder import TensorChoices
from nnref.spec.tables.enums import (
    CompressedParameterTypes,
    ParentNodeIdType,
    PayloadType,
    UnitType,
)

Unit = UnitDescription
Choices = TensorChoices


def start(idc: int = 0) -> Unit:
    """A start unit."""
    return Unit(UnitType.NNR_STR, {"general_profile_idc": idc}, strict=False)


def parameters(density: int = 2, base: int = 0, **fields: Any) -> Unit:
    """A model parameter set with uniform quantization."""
    usual = {
        "topology_carriage_flag": 1,
        "mps_quantization_method_flags": 1,
        "mps_topology_indexed_reference_flag": 0,
        "mps_qp_density": density,
        "mps_quantization_parameter": base,
    }
    return Unit(UnitType.NNR_MPS, usual | fields, strict=False)


def tensor(name: str, dimensions: Sequence[int], *tensors: Choices, **fields: Any) -> Unit:
    """A compressed data unit; profile 0 and a single FLOAT tensor with U = 1 unless said."""
    usual = {
        "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_FLOAT,
        "nnr_multiple_topology_elements_present_flag": 0,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "input_parameters_present_flag": 1,
        "topology_elem_id": name,
        "codebook_present_flag": int("codebook" in fields),
        "dq_flag": 0,
        "tensor_dimensions_flag": 1,
        "cabac_unary_length_flag": 1,
        "compressed_parameter_types": 0,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "cabac_unary_length_minus1": 0,
    }
    if len(dimensions) > 1:
        usual["scan_order"] = 0
    merged = {name: value for name, value in (usual | fields).items() if value is not None}
    payload: Any = merged.pop("payload", b"")
    cuts: Any = merged.pop("cuts", ())
    return Unit(UnitType.NNR_NDU, merged, tensors, payload, strict=False, cuts=cuts)


def edition_2(name: str, dimensions: Sequence[int], *tensors: Choices, **fields: Any) -> Unit:
    """A compressed data unit of profile 1 without ids."""
    usual: dict[str, Any] = {"node_id_present_flag": 0}
    if len(dimensions) > 1:
        usual["first_tensor_dimension_shift"] = 0
    return tensor(name, dimensions, *tensors, **(usual | fields))


def update(
    name: str, depth: int, dimensions: Sequence[int], *tensors: Choices, **fields: Any
) -> Unit:
    """A compressed data unit of an update stream."""
    usual = {
        "node_id_present_flag": 1,
        "device_id": 0,
        "parameter_id": 0,
        "put_node_depth": depth,
        "parent_node_id_present_flag": 1,
        "parent_node_id_type": ParentNodeIdType.ICNN_NDU_ID,
        "temporal_context_modeling_flag": int(depth > 1),
        "parent_device_id": 0,
    }
    return edition_2(name, dimensions, *tensors, **(usual | fields))


INTEGER: Final[dict[str, Any]] = {
    "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_INT,
    "codebook_present_flag": None,
}
RAW: Final[dict[str, Any]] = {
    "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_RAW_FLOAT,
    "codebook_present_flag": None,
    "dq_flag": None,
}


def block(
    names: Sequence[str], kinds: int, dimensions: Sequence[int], *tensors: Choices, **fields: Any
) -> Unit:
    """A block; names in header order, tensors in the order of the codeword."""
    usual = {
        "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_BLOCK,
        "nnr_multiple_topology_elements_present_flag": 1,
        "count_topology_elements_minus2": len(names) - 2,
        "topology_elem_id": None,
        "topology_elem_id_list": list(names),
        "compressed_parameter_types": kinds,
    }
    return tensor("", dimensions, *tensors, **(usual | fields))


LS, BI = CompressedParameterTypes.NNR_CPT_LS, CompressedParameterTypes.NNR_CPT_BI
DC = CompressedParameterTypes.NNR_CPT_DC


def four(**fields: Any) -> Unit:
    """The tensor of `first`."""
    return tensor("w", [2, 2], Choices([4, -2, 8, 0], -12), **fields)


SPREAD: Final = [0, 1, 0, -1, 0, 2, 0, 0, 1, -1, 0, 0, 3, 0, -2, 0, 1, 0]
"""Eighteen levels."""

NINE_BY_TWO: Final = [1, 0, -2, 0, 0, 3, 1, 1, 0, 0, -1, 0, 2, 0, 0, 0, 4, -1]
SKIPPED: Final = [0, 1, 0, 0, -1, 0, 0, 0, 1] + [0] * 9 + [1, 0, 0, -2, 0, 0, 1, 0, -1]
