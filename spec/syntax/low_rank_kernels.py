"""Clause 15.3: low-rank kernels: what stands in front of their codeword."""

from typing import Final

from nnref.spec.syntax.derived import Elements
from nnref.spec.syntax.descriptors import UE, U
from nnref.spec.syntax.elements import Element, Structure
from nnref.spec.syntax.expressions import derived

HEADER: Final = "15.3.1"

LOW_RANK_HEADER: Final = Structure(
    "low_rank_header()",
    HEADER,
    Element("kernel_rank_minus1", UE(4), HEADER),
    Element("dq_flag", U(1), "7.8.1"),
    Element("cabac_unary_length_minus1", U(8), "7.8.9"),
)


@derived("Min(input channels * height, output channels * width)")
def kernel_rank_by_dimensions(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 15.3.1: of a product of factors; 0 for what has other than four dimensions."""
    if len(this["tensor_dimensions"]) != 4:
        return 0
    outputs, inputs, height, width = this["tensor_dimensions"]
    return int(min(inputs * height, outputs * width))
