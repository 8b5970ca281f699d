"""Clause 14.2.2: the unit of tensors that are coded by a method beyond the standard.

A method declares its header in a module of its own and is listed in `METHOD_HEADERS`.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, Final

from construct.core import this

from nnref.spec.syntax.deep_compression import DEEP_COMPRESSION_HEADER
from nnref.spec.syntax.derived import Elements
from nnref.spec.syntax.descriptors import ST, UE, Alignment, U
from nnref.spec.syntax.elements import DIMENSION_LIMIT, Element, Structure, variable
from nnref.spec.syntax.expressions import derived, stream
from nnref.spec.syntax.hierarchical import HIERARCHICAL_HEADER
from nnref.spec.syntax.lnq import LNQ_HEADER
from nnref.spec.syntax.low_rank_kernels import HEADER as LOW_RANK
from nnref.spec.syntax.low_rank_kernels import LOW_RANK_HEADER, kernel_rank_by_dimensions
from nnref.spec.syntax.templates import TEMPLATE_HEADER
from nnref.spec.syntax.video import VIDEO_HEADER
from nnref.spec.tables.enums import DecompressedDataFormat, LayerType, Method
from nnref.spec.tables.private_units import METHOD_SIGNATURE

METHOD: Final = "14.2.2"


def layer_type_of(dimensions: Sequence[int]) -> LayerType:
    """Clause 14.2.2: the layer whose weight has these dimensions (out, in, height, width)."""
    if len(dimensions) == 2:
        return LayerType.FULLY_CONNECTED
    if len(dimensions) != 4:
        return LayerType.OTHER
    is_spatial = prod(dimensions[2:]) > 1 and dimensions[1] > 1
    return LayerType.CONVOLUTION if is_spatial else LayerType.POINT_OR_DEPTH_WISE


@derived("LayerType")
def layer_type_by_dimensions(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 14.2.2: by the dimensions alone."""
    return int(layer_type_of(this["tensor_dimensions"]))


@derived("tensor_dimensions[0], 1 without dimensions")
def rows_by_dimensions(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 14.2.2: rows of the matrix view."""
    return int([*this["tensor_dimensions"], 1][0])


@derived("Product(tensor_dimensions[1..])")
def columns_by_dimensions(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 14.2.2: columns of the matrix view."""
    return prod(this["tensor_dimensions"][1:])


@derived("Product(tensor_dimensions)")
def weights_by_dimensions(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 14.2.2: weights of the tensor."""
    return prod(this["tensor_dimensions"])


METHOD_HEADERS: Final[dict[int, Structure]] = {
    int(Method.LNQ): LNQ_HEADER,
    int(Method.VIDEO): VIDEO_HEADER,
    int(Method.LOW_RANK_KERNELS): LOW_RANK_HEADER,
    int(Method.HIERARCHICAL): HIERARCHICAL_HEADER,
    int(Method.TEMPLATES): TEMPLATE_HEADER,
    int(Method.DEEP_COMPRESSION): DEEP_COMPRESSION_HEADER,
}
"""Clause 15: the header of every method that is known here; the element has its title."""

METHOD_DATA_UNIT: Final = Structure(
    "method_data_unit()",
    METHOD,
    Element("method_signature", U(32, default=METHOD_SIGNATURE), METHOD),
    Element(
        "method_idc",
        U(8, values=[range(idc, idc + 1) for idc in METHOD_HEADERS], rule="method-unknown"),
        METHOD,
    ),
    Element(
        "topology_elem_id",
        ST(),
        "7.8.2",
        when=stream.mps_topology_indexed_reference_flag == 0,
    ),
    Element(
        "topology_elem_id_index",
        UE(7),
        "7.8.2",
        when=stream.mps_topology_indexed_reference_flag == 1,
    ),
    Element("nnr_decompressed_data_format_present_flag", U(1, default=0), "7.8.4"),
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
    Element("count_tensor_dimensions", UE(1), "7.8.6"),
    Element(
        "tensor_dimensions",
        UE(7, values=range(1 << 31), rule="limit-dimension"),
        "7.8.6",
        count=this.count_tensor_dimensions,
        limit=DIMENSION_LIMIT,
    ),
    variable("layer_type", layer_type_by_dimensions, METHOD),
    variable("tensor_rows", rows_by_dimensions, METHOD),
    variable("tensor_columns", columns_by_dimensions, METHOD),
    variable("tensor_weights", weights_by_dimensions, METHOD),
    variable("greatest_kernel_rank", kernel_rank_by_dimensions, LOW_RANK),
    *(
        Element(header.title.removesuffix("()"), header, header.clause, when=this.method_idc == idc)
        for idc, header in METHOD_HEADERS.items()
    ),
    Element("byte_alignment()", Alignment(), "5.8"),
)


def is_method(fields: Any) -> bool:
    """Whether the elements are those of a method data unit."""
    return "method_idc" in fields
