"""Clause 7: the rules between elements, as data.

Ranges of single elements are declared with the elements. What ties several elements together
is declared here: a predicate over the structure's elements, checked as soon as `element` is
known, when reading and when writing.
"""

from dataclasses import dataclass
from typing import Any, Final

from construct.core import this

from nnref.spec.syntax.deep_derived import (
    deep_centroids_finite,
    deep_gap_code,
    deep_index_code,
)
from nnref.spec.syntax.derived import (
    block_members,
    codebook_fits,
    elements_referenced,
    rows_remainder,
    tensor_elements,
    topology_indices_listed,
)
from nnref.spec.syntax.expressions import stream, terms, text
from nnref.spec.syntax.hierarchical_derived import hier_centroids_finite
from nnref.spec.syntax.lnq_derived import lnq_centroids_fit, lnq_offsets_fit
from nnref.spec.syntax.video_derived import video_scales_finite
from nnref.spec.tables.enums import (
    LayerType,
    LnqContextMode,
    LnqGroupOrder,
    LuType,
    PayloadType,
)
from nnref.spec.tables.hierarchical import LEAST_FRACTION_LENGTH
from nnref.spec.tables.video import MOST_PADDING

BLOCK: Final = int(PayloadType.NNR_PT_BLOCK)
INT: Final = int(PayloadType.NNR_PT_INT)
FLOAT: Final = int(PayloadType.NNR_PT_FLOAT)
NDU: Final = "nnr_compressed_data_unit_header()"
METHOD: Final = "method_data_unit()"
LNQ: Final = "lnq_header()"
LOW_RANK: Final = "low_rank_header()"
HIERARCHICAL: Final = "hierarchical_header()"
TEMPLATES: Final = "template_header()"
DEEP: Final = "deep_compression_header()"
VIDEO: Final = "video_header()"


@dataclass(frozen=True, slots=True)
class Constraint:
    """`holds` is what rule `rule` demands of `structure` once `element` is known."""

    rule: str
    structure: str
    element: str
    holds: Any

    @property
    def text(self) -> str:
        """The predicate as it is printed."""
        return text(self.holds)

    def detail(self, context: Any) -> str:
        """The values that break it."""
        return ", ".join(f"{text(term)} = {term(context)}" for term in terms(self.holds))


_payload_type = this.nnr_compressed_data_unit_payload_type
_several = this.nnr_multiple_topology_elements_present_flag

CONSTRAINTS: Final[tuple[Constraint, ...]] = (
    Constraint(
        "qp-density-missing",
        NDU,
        "nnr_compressed_data_unit_payload_type",
        ((_payload_type != FLOAT) & (_payload_type != BLOCK)) | (stream.qp_density != None),  # noqa: E711
    ),
    Constraint(
        "block-single-element",
        NDU,
        "nnr_multiple_topology_elements_present_flag",
        (_payload_type != BLOCK) | (_several == 1),
    ),
    Constraint(
        "tensor-split-undefined",
        NDU,
        "input_parameters_present_flag",
        (_payload_type == BLOCK) | (_several == 0) | (this.input_parameters_present_flag == 1),
    ),
    Constraint("topology-index-range", NDU, "topology_elem_id_index_list", topology_indices_listed),
    Constraint("topology-index-range", NDU, "topology_elem_id_index", topology_indices_listed),
    Constraint(
        "dq-with-codebook", NDU, "dq_flag", (this.codebook_present_flag == 0) | (this.dq_flag == 0)
    ),
    Constraint(
        "dq-with-integer-payload", NDU, "dq_flag", (_payload_type != INT) | (this.dq_flag == 0)
    ),
    Constraint(
        "block-element-count",
        NDU,
        "compressed_parameter_types",
        (_payload_type != BLOCK)
        | (this.input_parameters_present_flag == 0)
        | (elements_referenced == block_members),
    ),
    Constraint(
        "limit-tensor-elements",
        NDU,
        "tensor_dimensions",
        tensor_elements <= stream.max_tensor_elements,
    ),
    Constraint("topology-index-range", METHOD, "topology_elem_id_index", topology_indices_listed),
    Constraint(
        "limit-tensor-elements",
        METHOD,
        "tensor_dimensions",
        tensor_elements <= stream.max_tensor_elements,
    ),
    Constraint("qp-density-missing", LNQ, "lnq_layer_flag", stream.qp_density != None),  # noqa: E711
    Constraint(
        "qp-density-missing",
        TEMPLATES,
        "template_size_minus1",
        stream.qp_density != None,  # noqa: E711
    ),
    Constraint(
        "decomposition-rows",
        NDU,
        "tensor_dimensions",
        rows_remainder == 0,
    ),
    Constraint(
        "dimension-shift-range",
        NDU,
        "first_tensor_dimension_shift",
        (this.first_tensor_dimension_shift == 0)
        | (this.first_tensor_dimension_shift < this.count_tensor_dimensions),
    ),
    Constraint(
        "tensor-dimension-zero-columns",
        NDU,
        "scan_order",
        (this.scan_order == 0) | (tensor_elements > 0),
    ),
    Constraint(
        "codebook-zero-offset-range",
        "codebook()",
        "codebook_zero_offset",
        (this.codebook_zero_offset >= 0) & (this.codebook_zero_offset < this.codebook_size),
    ),
    Constraint("codebook-value-overflow", "codebook()", "codebook", codebook_fits),
    Constraint(
        "lnq-layer-type",
        LNQ,
        "lnq_lu_type",
        (this.lnq_lu_type != int(LuType.BY_LAYER))
        | (this._.layer_type == int(LayerType.FULLY_CONNECTED))
        | (this._.layer_type == int(LayerType.CONVOLUTION)),
    ),
    Constraint("lnq-offset-overflow", LNQ, "lnq_offsets", lnq_offsets_fit),
    Constraint(
        "lnq-context-mode",
        LNQ,
        "lnq_context_mode",
        (this.lnq_context_mode != int(LnqContextMode.RESET))
        | (this.lnq_group_order <= int(LnqGroupOrder.GROUPS_RASTER)),
    ),
    Constraint(
        "lnq-levels-range",
        "lnq_codebook()",
        "lnq_codebook_levels",
        this.lnq_codebook_levels <= this._.lnq_levels,
    ),
    Constraint("lnq-centroid-overflow", "lnq_codebook()", "lnq_centroids", lnq_centroids_fit),
    Constraint(
        "video-picture-size",
        VIDEO,
        "video_height",
        this.video_width * this.video_height <= this._.tensor_weights + MOST_PADDING,
    ),
    Constraint(
        "video-tile",
        VIDEO,
        "video_height",
        (this.video_tile_width_minus1 < this.video_width)
        & (this.video_tile_height_minus1 < this.video_height),
    ),
    Constraint(
        "video-chroma-size",
        VIDEO,
        "video_height",
        (this.video_chroma_flag == 0)
        | ((this.video_width % 2 == 0) & (this.video_height % 2 == 0)),
    ),
    Constraint("video-scale", VIDEO, "video_scale", video_scales_finite),
    Constraint(
        "qp-density-missing",
        LOW_RANK,
        "kernel_rank_minus1",
        stream.qp_density != None,  # noqa: E711
    ),
    Constraint(
        "kernel-dimensions",
        LOW_RANK,
        "kernel_rank_minus1",
        this._.count_tensor_dimensions == 4,
    ),
    Constraint(
        "kernel-rank",
        LOW_RANK,
        "kernel_rank_minus1",
        this.kernel_rank_minus1 < this._.greatest_kernel_rank,
    ),
    Constraint(
        "hierarchical-fraction-length",
        HIERARCHICAL,
        "hier_fraction_length",
        this.hier_fraction_length >= LEAST_FRACTION_LENGTH,
    ),
    Constraint(
        "hierarchical-zero-index",
        HIERARCHICAL,
        "hier_zero_index",
        this.hier_zero_index <= this.hier_centroid_count_minus1,
    ),
    Constraint(
        "hierarchical-centroid-finite", HIERARCHICAL, "hier_centroid", hier_centroids_finite
    ),
    Constraint(
        "hierarchical-fraction-length",
        HIERARCHICAL,
        "hier_output_fraction_length",
        this.hier_output_fraction_length >= LEAST_FRACTION_LENGTH,
    ),
    Constraint(
        "template-size",
        TEMPLATES,
        "template_size_minus1",
        this._.tensor_columns % (this.template_size_minus1 + 1) == 0,
    ),
    Constraint(
        "template-count",
        TEMPLATES,
        "template_count_minus1",
        (this.template_count_minus1 + 1) * (this.template_size_minus1 + 1) <= this._.tensor_weights,
    ),
    Constraint("deep-centroid-finite", DEEP, "deep_centroid", deep_centroids_finite),
    Constraint("deep-code-lengths", DEEP, "deep_index_length", deep_index_code),
    Constraint("deep-code-lengths", DEEP, "deep_gap_length", deep_gap_code),
)
"""Every cross-element rule of the high-level syntax."""


def constraints_on(structure: str, element: str) -> tuple[Constraint, ...]:
    """The constraints to check once `element` of `structure` is known."""
    return tuple(c for c in CONSTRAINTS if (c.structure, c.element) == (structure, element))
