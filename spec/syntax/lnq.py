"""Clause 15.1: local non-linear quantization: what stands in front of its codeword."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.compressed_data import CODEBOOK
from nnref.spec.syntax.descriptors import IE, UE, U
from nnref.spec.syntax.elements import Element, Structure, given, variable
from nnref.spec.syntax.lnq_derived import (
    lnq_centroid_values,
    lnq_coded_classes,
    lnq_delta_count,
    lnq_gaps_above,
    lnq_gaps_below,
    lnq_offset_values,
)
from nnref.spec.tables.enums import (
    LnqCentroidMode,
    LnqContextMode,
    LnqGroupOrder,
    LnqMode,
    LuType,
)
from nnref.spec.tables.lnq import MAX_LEVELS

HEADER: Final = "15.1.1"
UNITS: Final = "15.1.2"
CLASSES: Final = "15.1.3"
PUBLISHED: Final = "15.1.4"
CODEBOOKS: Final = "15.1.5"
RESERVED: Final = "lnq-mode-reserved"

_lnq = this.lnq_layer_flag == 1
_sized = this.lnq_lu_type == int(LuType.SIZE)
_published = this.lnq_mode == int(LnqMode.PUBLISHED)
_dictionary = this.lnq_centroid_mode == int(LnqCentroidMode.DICTIONARY)
_gap = UE(this._.lnq_centroid_egk)
_levels = U(4, values=range(2, MAX_LEVELS + 1), rule="lnq-levels-range")

LNQ_CLASS: Final = Structure(
    "lnq_class()",
    CLASSES,
    Element("lnq_offset_count", U(3), CLASSES, count=this._.dq_flag + 1),
    Element("lnq_negative_offsets_flag", U(1), CLASSES, when=this._.dq_flag == 0, absent=0),
    Element("lnq_offset_delta", IE(0), CLASSES, count=lnq_delta_count),
)

LNQ_CODEBOOK: Final = Structure(
    "lnq_codebook()",
    CODEBOOKS,
    Element(
        "lnq_codebook_levels",
        U(4),
        CODEBOOKS,
        when=this._.lnq_variable_levels_flag == 1,
        absent=this._.lnq_levels,
    ),
    variable("lnq_left_gaps", lnq_gaps_below, CODEBOOKS),
    variable("lnq_right_gaps", lnq_gaps_above, CODEBOOKS),
    Element(
        "lnq_centre",
        IE(this._.lnq_centroid_egk),
        CODEBOOKS,
        when=(this.lnq_codebook_levels > 0) & (this._.lnq_zero_centroid_flag == 0),
        absent=0,
    ),
    Element(
        "lnq_left_gap_minus1", UE(this._.lnq_centroid_egk), CODEBOOKS, count=this.lnq_left_gaps
    ),
    Element(
        "lnq_right_gap_minus1", UE(this._.lnq_centroid_egk), CODEBOOKS, count=this.lnq_right_gaps
    ),
    variable("lnq_centroids", lnq_centroid_values, CODEBOOKS),
)

_CLASS_MODE: Final = given(
    _lnq & (this.lnq_mode == int(LnqMode.CLASSES)),
    Element("lnq_num_classes_minus1", U(2), CLASSES),
    Element("lnq_zero_class_flag", U(1), CLASSES),
    Element("lnq_classes", LNQ_CLASS, CLASSES, count=lnq_coded_classes),
)

_PUBLISHED_MODE: Final = given(
    _lnq & _published,
    Element(
        "lnq_levels", U(4, values=range(2, MAX_LEVELS + 1), rule="lnq-levels-range"), CODEBOOKS
    ),
    Element("lnq_variable_levels_flag", U(1), CODEBOOKS),
    Element("lnq_zero_centroid_flag", U(1), CODEBOOKS),
    Element("lnq_group_order", U(2, values=LnqGroupOrder), PUBLISHED),
    Element("lnq_context_mode", U(2, values=LnqContextMode, rule=RESERVED), PUBLISHED),
    Element("lnq_centroid_mode", U(2, values=LnqCentroidMode, rule=RESERVED), CODEBOOKS),
    Element("lnq_merge_enabled_flag", U(1), CODEBOOKS),
    Element("lnq_centroid_egk", U(4), CODEBOOKS),
    Element("lnq_dictionary_size_minus1", U(6), CODEBOOKS, when=_dictionary),
    Element(
        "lnq_dictionary",
        LNQ_CODEBOOK,
        CODEBOOKS,
        when=_dictionary,
        count=this.lnq_dictionary_size_minus1 + 1,
    ),
    Element("codebook_present_flag", U(1), "7.8.7", when=this.dq_flag == 0, absent=0),
    Element("codebook", CODEBOOK, "7.8.7", when=this.codebook_present_flag == 1),
)

LNQ_HEADER: Final = Structure(
    "lnq_header()",
    HEADER,
    Element("lnq_layer_flag", U(1), HEADER),
    Element("dq_flag", U(1), "7.8.1"),
    Element("cabac_unary_length_minus1", U(8), "7.8.9"),
    *given(
        _lnq,
        Element("lnq_mode", U(2, values=LnqMode, rule=RESERVED), HEADER),
        Element("lnq_fraction_bits", U(3, values=range(5), rule=RESERVED), HEADER),
        Element("lnq_lu_type", U(3, values=LuType), UNITS),
        Element(
            "lnq_lu_height",
            UE(2, values=range(1, 1 << 31), rule="lnq-lu-size"),
            UNITS,
            when=(this.lnq_lu_type == int(LuType.ROWS)) | _sized,
        ),
        Element(
            "lnq_lu_width",
            UE(2, values=range(1, 1 << 31), rule="lnq-lu-size"),
            UNITS,
            when=(this.lnq_lu_type == int(LuType.COLUMNS)) | _sized,
        ),
    ),
    *_CLASS_MODE,
    variable("lnq_offsets", lnq_offset_values, CLASSES),
    *_PUBLISHED_MODE,
)
