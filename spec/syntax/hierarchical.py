"""Clause 15.4: hierarchical compression: what stands in front of its codeword."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.descriptors import FLT, I, U
from nnref.spec.syntax.elements import Element, Structure
from nnref.spec.tables.enums import HierarchicalMode
from nnref.spec.tables.hierarchical import MAX_WIDTH

HEADER: Final = "15.4.1"
OUTPUTS: Final = "15.4.4"

_FLOAT: Final = int(HierarchicalMode.SHARED_FLOAT)
_ALONE: Final = int(HierarchicalMode.FIXED_POINT)
_BOTH: Final = int(HierarchicalMode.SHARED_FIXED_POINT)


def _width() -> U:
    return U(5, values=range(MAX_WIDTH), rule="hierarchical-width")


HIERARCHICAL_HEADER: Final = Structure(
    "hierarchical_header()",
    HEADER,
    Element("hier_mode", U(2, values=HierarchicalMode, rule="hierarchical-mode-reserved"), HEADER),
    Element("cabac_unary_length_minus1", U(8), "7.8.9"),
    Element("hier_width_minus1", _width(), HEADER, when=this.hier_mode != _FLOAT),
    Element("hier_fraction_length", I(8), HEADER, when=this.hier_mode != _FLOAT),
    Element("hier_centroid_count_minus1", U(10), HEADER, when=this.hier_mode != _ALONE),
    Element("hier_zero_index", U(10), HEADER, when=this.hier_mode != _ALONE),
    Element(
        "hier_centroid",
        FLT(),
        HEADER,
        when=this.hier_mode == _FLOAT,
        count=this.hier_centroid_count_minus1 + 1,
    ),
    Element("hier_centroid_unary_length_minus1", U(8), HEADER, when=this.hier_mode == _BOTH),
    Element("hier_output_flag", U(1), OUTPUTS),
    Element("hier_output_width_minus1", _width(), OUTPUTS, when=this.hier_output_flag == 1),
    Element("hier_output_fraction_length", I(8), OUTPUTS, when=this.hier_output_flag == 1),
)
