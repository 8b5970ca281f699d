"""Clauses 6.14 and 9: the elements inside an arithmetic codeword, which no header declares."""

from dataclasses import dataclass
from typing import Final

_MATRIX: Final = (
    "general_profile_idc == 1, more than one row and column, not a codebook of one entry"
)


@dataclass(frozen=True, slots=True)
class CodedElement:
    """One element of tensor data; texts are empty when there is nothing to say."""

    name: str
    descriptor: str
    """`uae(3)`, `iae(6 + qp_density)` of bypass bins, `ae(v)` of context bins."""
    condition: str
    count: str
    values: str
    structure_clause: str
    """Clause of the table it stands in."""
    clause: str
    """Clause of its semantics."""
    coding: tuple[str, ...]
    """Clauses of its bins: binarization, context, place in the process."""

    @property
    def units(self) -> tuple[str, ...]:
        """The units whose codewords can have it."""
        own = "method data unit"
        return (own,) if self.clause.startswith("15.") else ("NNR_NDU", own)


_BOOKS: Final = "15.1.5"
_U_ONE: Final = "uae(1)"
_CONTEXT: Final = "ae(v)"

CODED_ELEMENTS: Final = (
    CodedElement(
        "qp_delta",
        "iae(6 + qp_density)",
        "nnr_compressed_data_unit_payload_type is NNR_PT_FLOAT or NNR_PT_BLOCK",
        "",
        "",
        "9.1",
        "7.3.2",
        ("5.9", "10.1"),
    ),
    CodedElement(
        "hist_dep_sig_prob_enabled_flag",
        _U_ONE,
        f"{_MATRIX}, parent_node_id_present_flag == 1",
        "",
        "0..1",
        "6.14.1",
        "7.10",
        ("5.9", "12.4"),
    ),
    CodedElement(
        "row_skip_enabled_flag", _U_ONE, _MATRIX, "", "0..1", "6.14.1", "7.10", ("5.9", "9.6.5")
    ),
    CodedElement(
        "row_skip_list",
        _CONTEXT,
        "row_skip_enabled_flag == 1",
        "rows",
        "0..1",
        "6.14.1",
        "7.10",
        ("9.4.1", "9.6.5"),
    ),
    CodedElement(
        "shift_idx_minus_1_present_flag",
        _CONTEXT,
        "",
        "contexts of clause 9.7",
        "0..1",
        "6.14.2",
        "7.10",
        ("9.4.1", "9.7"),
    ),
    CodedElement(
        "shift_idx_minus_1",
        "uae(3)",
        "shift_idx_minus_1_present_flag == 1",
        "",
        "0..7",
        "6.14.2",
        "7.10",
        ("5.9", "9.2.2", "9.7"),
    ),
    CodedElement(
        "sig_flag",
        _CONTEXT,
        "not a codebook of one entry, the row is not skipped",
        "weights",
        "0..1",
        "6.14.3",
        "7.10",
        ("9.4.2", "9.5.1", "9.6"),
    ),
    CodedElement(
        "sign_flag",
        _CONTEXT,
        "sig_flag == 1, the codebook leaves both signs",
        "",
        "0..1",
        "6.14.3",
        "7.10",
        ("9.4.2", "9.5.1", "9.5.3"),
    ),
    CodedElement(
        "abs_level_greater_x",
        _CONTEXT,
        "sig_flag == 1, every x before it was 1, the codebook has larger magnitudes",
        "up to cabac_unary_length_minus1 + 1",
        "0..1",
        "6.14.3",
        "7.10",
        ("9.4.2", "9.5.2", "9.5.3"),
    ),
    CodedElement(
        "abs_remainder_prefix",
        _CONTEXT,
        "every abs_level_greater_x is 1, the codebook has larger magnitudes",
        "up to 31",
        "0..1",
        "6.14.3",
        "9.5.4",
        ("9.4.2", "9.5.3", "9.5.4"),
    ),
    CodedElement(
        "abs_remainder_suffix",
        "uae(j)",
        "abs_remainder_prefix has j ones",
        "",
        "",
        "6.14.3",
        "9.5.4",
        ("5.9", "9.5.4"),
    ),
    CodedElement(
        "lnq_class",
        _CONTEXT,
        "lnq_num_classes_minus1 > 0",
        "units, each up to lnq_num_classes_minus1 bins",
        "0..3",
        "15.1.3",
        "15.1.3",
        ("15.1.6",),
    ),
    CodedElement(
        "lnq_flag",
        _CONTEXT,
        "published mode",
        "units",
        "0..1",
        "15.1.4",
        "15.1.4",
        ("15.1.6",),
    ),
    CodedElement(
        "lnq_merge_flag",
        _CONTEXT,
        "lnq_merge_enabled_flag == 1, there are candidates",
        "",
        "0..1",
        _BOOKS,
        _BOOKS,
        ("15.1.6",),
    ),
    CodedElement(
        "lnq_merge_idx",
        _U_ONE,
        "lnq_merge_flag == 1, there are several candidates",
        "up to candidates - 1",
        "0..2",
        _BOOKS,
        _BOOKS,
        (),
    ),
    CodedElement(
        "lnq_dictionary_idx",
        _CONTEXT,
        "lnq_centroid_mode == 2, not merged",
        "bins of lnq_dictionary_size_minus1",
        "0..lnq_dictionary_size_minus1",
        _BOOKS,
        _BOOKS,
        ("15.1.6",),
    ),
    CodedElement(
        "lnq_lu_levels",
        _CONTEXT,
        "lnq_variable_levels_flag == 1, not merged, no dictionary",
        "up to lnq_levels",
        "0..lnq_levels",
        _BOOKS,
        _BOOKS,
        ("15.1.6",),
    ),
    CodedElement(
        "lnq_centre",
        "ieg(lnq_centroid_egk)",
        "lnq_centroid_mode == 0, lnq_zero_centroid_flag == 0, there are levels",
        "",
        "",
        _BOOKS,
        _BOOKS,
        ("5.9",),
    ),
    CodedElement(
        "lnq_left_gap_minus1",
        "ueg(lnq_centroid_egk)",
        "lnq_centroid_mode == 0",
        "centroids below the middle",
        "",
        _BOOKS,
        _BOOKS,
        ("5.9",),
    ),
    CodedElement(
        "lnq_right_gap_minus1",
        "ueg(lnq_centroid_egk)",
        "lnq_centroid_mode == 0",
        "centroids above the middle",
        "",
        _BOOKS,
        _BOOKS,
        ("5.9",),
    ),
    CodedElement(
        "lnq_centre_delta",
        "ieg(lnq_centroid_egk)",
        "lnq_centroid_mode == 1, lnq_zero_centroid_flag == 0, there are levels",
        "",
        "",
        _BOOKS,
        _BOOKS,
        ("5.9",),
    ),
    CodedElement(
        "lnq_left_gap_delta",
        "ieg(lnq_centroid_egk)",
        "lnq_centroid_mode == 1",
        "centroids below the middle",
        "",
        _BOOKS,
        _BOOKS,
        ("5.9",),
    ),
    CodedElement(
        "lnq_right_gap_delta",
        "ieg(lnq_centroid_egk)",
        "lnq_centroid_mode == 1",
        "centroids above the middle",
        "",
        _BOOKS,
        _BOOKS,
        ("5.9",),
    ),
    CodedElement(
        "terminate_bin",
        _CONTEXT,
        "behind the last tensor of the codeword",
        "",
        "1",
        "6.12",
        "9.3.4",
        ("9.3.4", "9.3.5"),
    ),
)
"""In the order of the codeword."""

CODED: Final = {element.name: element for element in CODED_ELEMENTS}
