"""Clause 15.5: linear representation of kernels: what stands in front of its codeword."""

from typing import Final

from nnref.spec.syntax.descriptors import UE, U
from nnref.spec.syntax.elements import Element, Structure

HEADER: Final = "15.5.1"

TEMPLATE_HEADER: Final = Structure(
    "template_header()",
    HEADER,
    Element("template_size_minus1", UE(4), HEADER),
    Element("template_count_minus1", UE(4), HEADER),
    Element("dq_flag", U(1), "7.8.1"),
    Element("cabac_unary_length_minus1", U(8), "7.8.9"),
    Element("template_index_unary_length_minus1", U(8), HEADER),
    Element("template_residual_flag", U(1), HEADER),
)
