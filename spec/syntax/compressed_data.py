"""Clauses 6.9 to 6.11: header of the compressed data unit, codebook, entry point list."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.derived import (
    codebook_values,
    entry_point_count,
    out_of_band_dimensions,
    out_of_band_rank,
    out_of_band_unary_length_minus1,
    parameter_id_above,
    put_node_depth_above,
)
from nnref.spec.syntax.descriptors import IE, ST, UE, Alignment, U, Undefined
from nnref.spec.syntax.elements import DIMENSION_LIMIT, Element, Structure, given, variable
from nnref.spec.syntax.expressions import stream
from nnref.spec.tables.enums import (
    CompressedParameterTypes,
    DecompressedDataFormat,
    ParentNodeIdType,
    PayloadType,
)

_INT, _FLOAT = int(PayloadType.NNR_PT_INT), int(PayloadType.NNR_PT_FLOAT)
_BLOCK = int(PayloadType.NNR_PT_BLOCK)
_DC = int(CompressedParameterTypes.NNR_CPT_DC)

_payload_type = this.nnr_compressed_data_unit_payload_type
_several = this.nnr_multiple_topology_elements_present_flag == 1
_single = this.nnr_multiple_topology_elements_present_flag == 0
_indexed = stream.mps_topology_indexed_reference_flag == 1
_named = stream.mps_topology_indexed_reference_flag == 0
_edition_2 = stream.general_profile_idc == 1
_parameters = this.input_parameters_present_flag == 1
_decomposed = this.compressed_parameter_types & _DC != 0
_parent = this.parent_node_id_present_flag == 1
_several_dimensions = this.count_tensor_dimensions > 1


def _parent_type(kind: ParentNodeIdType) -> object:
    return _parent & (this.parent_node_id_type == int(kind))


def _alignment(condition: object = None) -> Element:
    return Element("byte_alignment()", Alignment(), "5.8", when=condition)


CODEBOOK: Final = Structure(
    "codebook()",
    "6.10",
    Element("codebook_egk", U(4), "7.8.7"),
    Element("codebook_size", UE(2, values=range(1, 1 << 35), rule="codebook-empty"), "7.8.7"),
    Element("codebook_centre_offset", IE(2), "7.8.7"),
    variable(
        "codebook_zero_offset", this.codebook_centre_offset + (this.codebook_size >> 1), "7.8.7"
    ),
    Element("codebook_zero_value", IE(7), "7.8.7"),
    Element("codebook_delta_left", UE(this.codebook_egk), "7.8.7", count=this.codebook_zero_offset),
    Element(
        "codebook_delta_right",
        UE(this.codebook_egk),
        "7.8.7",
        count=this.codebook_size - 1 - this.codebook_zero_offset,
    ),
    variable("codebook", codebook_values, "7.8.7"),
)
"""Deltas are in stream order: outwards from the entry that index 0 stands for."""

ENTRY_POINT: Final = Structure(
    "entry_point()",
    "6.11",
    Element("cabac_offset_list", U(8), "7.8.8"),
    Element("dq_state_list", U(3), "7.8.8", when=this._.dq_flag == 1, absent=0),
    Element("bit_offset_delta1", UE(11), "7.8.8", when=this._index == 0),
    Element("bit_offset_delta2", IE(7), "7.8.8", when=this._index > 0),
)

COMPRESSED_DATA_HEADER: Final = Structure(
    "nnr_compressed_data_unit_header()",
    "6.9",
    Element(
        "nnr_compressed_data_unit_payload_type",
        U(5, values=PayloadType, rule="payload-type-reserved"),
        "7.8.1",
    ),
    Element("nnr_multiple_topology_elements_present_flag", U(1), "7.8.2"),
    Element("nnr_decompressed_data_format_present_flag", U(1), "7.8.4"),
    Element("input_parameters_present_flag", U(1), "7.8.6"),
    # Clause 6.9.1: topology element references
    Element("count_topology_elements_minus2", UE(7), "7.8.2", when=_several),
    _alignment(_several & _named),
    Element(
        "topology_elem_id_list",
        ST(),
        "7.8.2",
        when=_several & _named,
        count=this.count_topology_elements_minus2 + 2,
    ),
    Element(
        "topology_elem_id_index_list",
        UE(7),
        "7.8.2",
        when=_several & _indexed,
        count=this.count_topology_elements_minus2 + 2,
    ),
    _alignment(_several & _indexed),
    Element("topology_elem_id", ST(), "7.8.2", when=_single & _named),
    Element("topology_elem_id_index", UE(7), "7.8.2", when=_single & _indexed),
    # Clause 6.9.2: node and parent identification
    Element("node_id_present_flag", U(1), "7.8.3", when=_edition_2, absent=0),
    *given(
        this.node_id_present_flag == 1,
        Element("device_id", UE(1), "7.8.3"),
        Element("parameter_id", UE(5), "7.8.3"),
        Element("put_node_depth", UE(4), "7.8.3"),
    ),
    Element(
        "parent_node_id_present_flag",
        U(1),
        "7.8.3",
        when=_edition_2 & (stream.mps_parent_signalling_enabled_flag == 1),
        absent=0,
    ),
    Element(
        "parent_node_id_type",
        U(2, values=ParentNodeIdType, rule="parent-node-id-type-reserved"),
        "7.8.3",
        when=_parent,
    ),
    Element("temporal_context_modeling_flag", U(1), "7.8.3", when=_parent, absent=0),
    Element("parent_device_id", UE(1), "7.8.3", when=_parent_type(ParentNodeIdType.ICNN_NDU_ID)),
    Element(
        "parameter_id",
        UE(5),
        "7.8.3",
        when=_parent_type(ParentNodeIdType.ICNN_NDU_ID) & (this.node_id_present_flag == 0),
        absent=parameter_id_above,
    ),
    Element(
        "put_node_depth",
        UE(4),
        "7.8.3",
        when=_parent_type(ParentNodeIdType.ICNN_NDU_ID) & (this.node_id_present_flag == 0),
        absent=put_node_depth_above,
    ),
    Element(
        "parent_node_payload_sha256",
        U(256),
        "7.8.3",
        when=_parent_type(ParentNodeIdType.ICNN_NDU_PL_SHA256),
    ),
    Element(
        "parent_node_payload_sha512",
        U(512),
        "7.8.3",
        when=_parent_type(ParentNodeIdType.ICNN_NDU_PL_SHA512),
    ),
    # Clause 6.9.3: coding parameters
    Element(
        "codebook_present_flag",
        U(1),
        "7.8.7",
        when=(_payload_type == _FLOAT) | (_payload_type == _BLOCK),
        absent=0,
    ),
    Element("codebook", CODEBOOK, "7.8.7", when=this.codebook_present_flag == 1),
    Element(
        "dq_flag",
        U(1),
        "7.8.1",
        when=(_payload_type == _INT) | (_payload_type == _FLOAT) | (_payload_type == _BLOCK),
        absent=0,
    ),
    Element(
        "nnr_decompressed_data_format",
        U(
            7,
            values=(range(max(DecompressedDataFormat) + 1), range(64, 128)),
            rule="data-format-reserved",
        ),
        "7.8.4",
        when=this.nnr_decompressed_data_format_present_flag == 1,
    ),
    Element("tensor_dimensions_flag", U(1), "7.8.6", when=_parameters, absent=0),
    Element("cabac_unary_length_flag", U(1), "7.8.9", when=_parameters, absent=0),
    Element("compressed_parameter_types", U(4), "7.8.5", when=_parameters, absent=0),
    *given(
        _decomposed,
        Element(
            "decomposition_rank",
            UE(3, values=range(1, 1 << 31), rule="decomposition-rows"),
            "7.8.6",
        ),
        Element(
            "g_number_of_rows",
            UE(3, values=range(1, 1 << 31), rule="decomposition-rows"),
            "7.8.6",
        ),
    ),
    Element(
        "count_tensor_dimensions",
        UE(1),
        "7.8.6",
        when=this.tensor_dimensions_flag == 1,
        absent=out_of_band_rank,
    ),
    Element(
        "tensor_dimensions",
        UE(7, values=range(1 << 31), rule="limit-dimension"),
        "7.8.6",
        when=this.tensor_dimensions_flag == 1,
        count=this.count_tensor_dimensions,
        limit=DIMENSION_LIMIT,
        absent=out_of_band_dimensions,
    ),
    Element(
        "topology_tensor_dimension_mapping()",
        Undefined("tensor-split-undefined"),
        "7.8.2",
        when=_parameters & _several & (_payload_type != _BLOCK),
    ),
    Element(
        "cabac_unary_length_minus1",
        U(8),
        "7.8.9",
        when=this.cabac_unary_length_flag == 1,
        absent=out_of_band_unary_length_minus1,
    ),
    Element(
        "codebook_dc",
        CODEBOOK,
        "7.8.7",
        when=(_payload_type == _BLOCK) & _decomposed & (this.codebook_present_flag == 1),
    ),
    Element(
        "first_tensor_dimension_shift",
        UE(1),
        "7.8.6",
        when=_several_dimensions & _edition_2,
        absent=0,
    ),
    Element(
        "scan_order",
        U(4, values=range(5), rule="scan-order-reserved"),
        "7.8.8",
        when=_several_dimensions,
        absent=0,
    ),
    Element(
        "entry_points",
        ENTRY_POINT,
        "6.11",
        when=this.scan_order > 0,
        count=entry_point_count,
    ),
    _alignment(),
)
