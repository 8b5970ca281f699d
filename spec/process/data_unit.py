"""Clause 6.9: the header of a compressed data unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from nnref.spec.process.bits import BitReader
from nnref.spec.process.parameter_sets import ActiveParameters, topology_elements_ids_list
from nnref.spec.tables.enums import (
    CompressedParameterTypes,
    DecompressedDataFormat,
    ParentNodeIdType,
    PayloadType,
)

OutOfBand = Mapping[str, Mapping[str, Any]]
"""Clause 7.8.9: by tensor name, then by element, values that the stream leaves out."""

OUT_OF_BAND_ELEMENTS = (
    "tensor_dimensions",
    "cabac_unary_length_minus1",
    "compressed_parameter_types",
    "decomposition_rank",
    "g_number_of_rows",
)
"""Clause 7.8.9: the elements that can be given out of band."""

MAX_CODEBOOK_VALUE = (1 << 31) - 1
MAX_DIMENSION = (1 << 31) - 1
MAX_DIMENSIONS = 32
PRIVATE_DATA_FORMATS = 64


@dataclass(frozen=True, slots=True)
class Codebook:
    """Clause 7.8.7: Codebook semantics. The coded index 0 stands for values[zero_offset]."""

    values: list[int]
    zero_offset: int


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Clause 6.11: Entry point list. `bits` lie between two block rows of the codeword."""

    offset: int
    state: int
    bits: int


@dataclass(slots=True)
class DataUnitHeader:
    """Clause 7.8.9: Inference of absent elements. The defaults are the inferred values."""

    nnr_compressed_data_unit_payload_type: int
    names: list[str] = field(default_factory=list)
    device_id: int | None = None
    parameter_id: int | None = None
    put_node_depth: int | None = None
    parent_node_id_present_flag: int = 0
    parent_node_id_type: int | None = None
    parent_device_id: int | None = None
    parent_node_payload_hash: int | None = None
    temporal_context_modeling_flag: int = 0
    codebook: Codebook | None = None
    codebook_dc: Codebook | None = None
    dq_flag: int = 0
    nnr_decompressed_data_format: int | None = None
    compressed_parameter_types: int = 0
    decomposition_rank: int = 0
    g_number_of_rows: int = 0
    tensor_dimensions: list[int] | None = None
    cabac_unary_length_minus1: int = 9
    first_tensor_dimension_shift: int = 0
    scan_order: int = 0
    entry_points: list[EntryPoint] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Clause 7.8.1: Payload type. True when the unit holds the tensors of a block."""
        return self.nnr_compressed_data_unit_payload_type == PayloadType.NNR_PT_BLOCK

    @property
    def is_quantized(self) -> bool:
        """Clause 7.8.1: Payload type. True when levels are multiplied by a step."""
        return self.is_block or (
            self.nnr_compressed_data_unit_payload_type == PayloadType.NNR_PT_FLOAT
        )

    @property
    def is_decomposed(self) -> bool:
        """Clause 7.8.5: Block members, names and orders. True for factors G and H."""
        return self.compressed_parameter_types & CompressedParameterTypes.NNR_CPT_DC != 0

    @property
    def dimensions(self) -> list[int]:
        """Clause 7.8.6: Tensor dimensions and shapes. Those of the weight, also when it is
        decomposed.
        """
        return list(self.tensor_dimensions or [])


def compressed_data_unit_header(
    bits: BitReader, active: ActiveParameters, out_of_band: OutOfBand
) -> DataUnitHeader:
    """Clause 6.9: Compressed data unit header (NNR_NDU)."""
    payload_type = bits.u(5, "nnr_compressed_data_unit_payload_type")
    if payload_type > PayloadType.NNR_PT_BLOCK:
        raise bits.refused("payload-type-reserved", f"payload type {payload_type}")
    header = DataUnitHeader(payload_type)
    multiple_topology_elements = bits.u(1, "nnr_multiple_topology_elements_present_flag")
    if header.is_block and multiple_topology_elements == 0:
        raise bits.refused("block-single-element")
    if not header.is_block and multiple_topology_elements == 1:
        raise bits.refused("tensor-split-undefined")
    decompressed_data_format_present = bits.u(1, "nnr_decompressed_data_format_present_flag")
    input_parameters_present = bits.u(1, "input_parameters_present_flag")
    header.names = topology_elements(bits, active, multiple_topology_elements)
    apply_out_of_band(header, out_of_band)
    if active.edition_2:
        node_identification(bits, active, header)
    if header.is_quantized and bits.u(1, "codebook_present_flag") == 1:
        header.codebook = codebook(bits, "codebook")
    if payload_type != PayloadType.NNR_PT_RAW_FLOAT:
        header.dq_flag = bits.u(1, "dq_flag")
        check_dq_flag(bits, header)
    if decompressed_data_format_present == 1:
        header.nnr_decompressed_data_format = data_format(bits)
    if input_parameters_present == 1:
        input_parameters(bits, header)
    if header.tensor_dimensions is None:
        raise bits.refused("dimensions-unknown", ", ".join(header.names))
    if header.is_decomposed:
        check_decomposition(bits, header)
    if header.is_block and header.is_decomposed and header.codebook is not None:
        header.codebook_dc = codebook(bits, "codebook_dc")
    if len(header.dimensions) > 1:
        scan_parameters(bits, active, header)
    bits.byte_alignment()
    return header


def topology_elements(bits: BitReader, active: ActiveParameters, multiple: int) -> list[str]:
    """Clause 6.9.1: Topology element references. Names, or indices of a reference list."""
    indexed = active.mps_topology_indexed_reference_flag == 1
    if multiple == 0 and not indexed:
        return [bits.st("topology_elem_id")]
    if multiple == 0:
        return [reference(bits, active, "topology_elem_id_index")]
    if not indexed:
        return topology_elements_ids_list(bits)
    count = bits.ue(7, "count_topology_elements_minus2") + 2
    names = [reference(bits, active, f"topology_elem_id_index_list[{j}]") for j in range(count)]
    bits.byte_alignment()
    return names


def reference(bits: BitReader, active: ActiveParameters, path: str) -> str:
    """Clause 7.8.2: Topology element references. A name of the last NNR_TPL_REFLIST unit."""
    index = bits.ue(7, path)
    if index >= len(active.reference_list):
        raise bits.refused("topology-index-range", f"{index} of {len(active.reference_list)}")
    return active.reference_list[index]


def apply_out_of_band(header: DataUnitHeader, out_of_band: OutOfBand) -> None:
    """Clause 7.8.9: Inference of absent elements. A value given for any name of the unit, or
    for the weight that G and H are the factors of, is used where the stream has none.
    """
    for name in [*header.names, header.names[0].removesuffix("_G")]:
        given = out_of_band.get(name, {})
        for element in OUT_OF_BAND_ELEMENTS:
            if element in given:
                setattr(header, element, given[element])


def node_identification(bits: BitReader, active: ActiveParameters, header: DataUnitHeader) -> None:
    """Clause 6.9.2: Node and parent identification."""
    node_id_present_flag = bits.u(1, "node_id_present_flag")
    if node_id_present_flag == 1:
        header.device_id = bits.ue(1, "device_id")
        header.parameter_id = bits.ue(5, "parameter_id")
        header.put_node_depth = bits.ue(4, "put_node_depth")
    if active.mps_parent_signalling_enabled_flag == 1:
        header.parent_node_id_present_flag = bits.u(1, "parent_node_id_present_flag")
    if header.parent_node_id_present_flag == 0:
        return
    header.parent_node_id_type = bits.u(2, "parent_node_id_type")
    if header.parent_node_id_type > ParentNodeIdType.ICNN_NDU_PL_SHA512:
        raise bits.refused("parent-node-id-type-reserved")
    header.temporal_context_modeling_flag = bits.u(1, "temporal_context_modeling_flag")
    if header.parent_node_id_type == ParentNodeIdType.ICNN_NDU_ID:
        header.parent_device_id = bits.ue(1, "parent_device_id")
        if node_id_present_flag == 0:
            header.parameter_id = bits.ue(5, "parameter_id")
            header.put_node_depth = bits.ue(4, "put_node_depth")
    elif header.parent_node_id_type == ParentNodeIdType.ICNN_NDU_PL_SHA256:
        header.parent_node_payload_hash = bits.u(256, "parent_node_payload_sha256")
    else:
        header.parent_node_payload_hash = bits.u(512, "parent_node_payload_sha512")


def codebook(bits: BitReader, path: str) -> Codebook:
    """Clause 6.10: Codebook. Strictly increasing, built from the zero offset to both sides."""
    codebook_egk = bits.u(4, f"{path}.codebook_egk")
    codebook_size = bits.ue(2, f"{path}.codebook_size")
    if codebook_size == 0:
        raise bits.refused("codebook-empty")
    centre_offset = bits.ie(2, f"{path}.codebook_centre_offset")
    zero_offset = centre_offset + (codebook_size >> 1)
    if not 0 <= zero_offset < codebook_size:
        raise bits.refused("codebook-zero-offset-range", f"{zero_offset} of {codebook_size}")
    left = [bits.ie(7, f"{path}.codebook_zero_value")]
    right = left[:]
    for j in range(zero_offset):
        delta = bits.ue(codebook_egk, f"{path}.codebook_delta_left[{j}]")
        left.append(left[-1] - 1 - delta)
    for j in range(codebook_size - 1 - zero_offset):
        delta = bits.ue(codebook_egk, f"{path}.codebook_delta_right[{j}]")
        right.append(right[-1] + 1 + delta)
    values = left[:0:-1] + right
    if values[0] < -MAX_CODEBOOK_VALUE - 1 or values[-1] > MAX_CODEBOOK_VALUE:
        raise bits.refused("codebook-value-overflow", f"{values[0]} .. {values[-1]}")
    return Codebook(values, zero_offset)


def check_dq_flag(bits: BitReader, header: DataUnitHeader) -> None:
    """Clause 7.8.1: Payload type. Dependent quantization is for uniform steps alone."""
    if header.dq_flag == 1 and header.codebook is not None:
        raise bits.refused("dq-with-codebook")
    if header.dq_flag == 1 and not header.is_quantized:
        raise bits.refused("dq-with-integer-payload")


def data_format(bits: BitReader) -> int:
    """Clause 7.8.4: Decompressed data format. What becomes of the tensor after decoding."""
    code = bits.u(7, "nnr_decompressed_data_format")
    if DecompressedDataFormat.TENSOR_FLOAT64 < code < PRIVATE_DATA_FORMATS:
        raise bits.refused("data-format-reserved", f"format {code}")
    return code


def input_parameters(bits: BitReader, header: DataUnitHeader) -> None:
    """Clause 6.9.3: Coding parameters. Those of input_parameters_present_flag."""
    tensor_dimensions_flag = bits.u(1, "tensor_dimensions_flag")
    cabac_unary_length_flag = bits.u(1, "cabac_unary_length_flag")
    header.compressed_parameter_types = bits.u(4, "compressed_parameter_types")
    if header.is_decomposed:
        header.decomposition_rank = bits.ue(3, "decomposition_rank")
        header.g_number_of_rows = bits.ue(3, "g_number_of_rows")
    if tensor_dimensions_flag == 1:
        header.tensor_dimensions = tensor_dimensions(bits)
    if cabac_unary_length_flag == 1:
        header.cabac_unary_length_minus1 = bits.u(8, "cabac_unary_length_minus1")


def tensor_dimensions(bits: BitReader) -> list[int]:
    """Clause 6.9.3: Coding parameters. The list of dimensions; empty for a single number."""
    count = bits.ue(1, "count_tensor_dimensions")
    if count > MAX_DIMENSIONS:
        raise bits.refused("limit-dimensions", f"{count} dimensions")
    dimensions = []
    for j in range(count):
        dimensions.append(bits.ue(7, f"tensor_dimensions[{j}]"))
        if dimensions[j] > MAX_DIMENSION:
            raise bits.refused("limit-dimension", f"{dimensions[j]}")
    return dimensions


def check_decomposition(bits: BitReader, header: DataUnitHeader) -> None:
    """Clause 7.8.6: Tensor dimensions and shapes. What the shapes of G and H presuppose."""
    rows, rank = header.g_number_of_rows, header.decomposition_rank
    if rows == 0 or rank == 0 or prod(header.dimensions) % rows != 0:
        raise bits.refused("decomposition-rows", f"{rows} rows, rank {rank}")


def scan_parameters(bits: BitReader, active: ActiveParameters, header: DataUnitHeader) -> None:
    """Clause 6.9.3: Coding parameters. Those of tensors with more than one dimension."""
    if active.edition_2:
        header.first_tensor_dimension_shift = bits.ue(1, "first_tensor_dimension_shift")
        if header.first_tensor_dimension_shift >= len(header.dimensions):
            raise bits.refused("dimension-shift-range")
    header.scan_order = bits.u(4, "scan_order")
    if header.scan_order > 4:
        raise bits.refused("scan-order-reserved", f"scan_order {header.scan_order}")
    if header.scan_order > 0:
        if 0 in header.dimensions:
            raise bits.refused("tensor-dimension-zero-columns", f"{header.dimensions}")
        header.entry_points = entry_point_list(bits, header)


def block_rows_minus1(header: DataUnitHeader, rows: int) -> int:
    """Clause 7.8.8: Scan order and entry points. Block rows of a tensor with so many rows; the
    first one needs no entry point.
    """
    edge = 4 << header.scan_order
    return (rows + edge - 1) // edge - 1


def entry_point_count(header: DataUnitHeader) -> int:
    """Clause 7.8.8: Scan order and entry points. Those of G come before those of H."""
    rows_of_g = block_rows_minus1(header, header.g_number_of_rows)
    rows_of_h = block_rows_minus1(header, header.decomposition_rank)
    if header.is_decomposed and header.is_block:
        return rows_of_g + rows_of_h
    if header.is_decomposed and header.names[0].endswith("_G"):
        return rows_of_g
    if header.is_decomposed and header.names[0].endswith("_H"):
        return rows_of_h
    return block_rows_minus1(header, header.dimensions[0])


def entry_point_list(bits: BitReader, header: DataUnitHeader) -> list[EntryPoint]:
    """Clause 6.11: Entry point list. The distances are coded as differences of neighbours."""
    entry_points: list[EntryPoint] = []
    for j in range(entry_point_count(header)):
        path = f"entry_points[{j}]"
        offset = bits.u(8, f"{path}.cabac_offset_list")
        state = bits.u(3, f"{path}.dq_state_list") if header.dq_flag == 1 else 0
        if j == 0:
            distance = bits.ue(11, f"{path}.bit_offset_delta1")
        else:
            distance = entry_points[-1].bits + bits.ie(7, f"{path}.bit_offset_delta2")
        entry_points.append(EntryPoint(offset, state, distance))
    return entry_points
