"""Clause 15.1: local non-linear quantization: what stands in front of its codeword."""

from typing import Final

from nnref.spec.syntax.descriptors import U
from nnref.spec.syntax.elements import Element, Structure

LNQ: Final = "15.1"

LNQ_HEADER: Final = Structure(
    "lnq_header()",
    LNQ,
    Element("lnq_layer_flag", U(1, values=range(1), rule="lnq-mode-reserved"), LNQ),
    Element("dq_flag", U(1), "7.8.1"),
    Element("cabac_unary_length_minus1", U(8), "7.8.9"),
)
