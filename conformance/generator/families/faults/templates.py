"""Clause 15.5: headers and codewords of templates that are none."""

from collections.abc import Iterator
from typing import Any, Final

from nnref.codec.decoder.members import Member
from nnref.conformance.generator.edits import put, recode, remove, unterminated
from nnref.conformance.generator.families.templates import template_codeword
from nnref.conformance.generator.fault import FaultCase, broken

_UNIT: Final = 2
_HEADER: Final = "template_header"
_ROWS: Final = "templates-rows"
"""Four rows of six weights, two templates of a row each."""


def faults() -> Iterator[FaultCase]:
    """The family."""
    yield broken(
        "template-no-density",
        "templates-density",
        "qp-density-missing",
        "A density is made up.",
        remove(2),
    )
    more = "A kernel that is not there is made up, or read behind the end."
    for rule, element, size, count in (
        ("template-size", "template_size_minus1", 4, 2),
        ("template-count", "template_count_minus1", 6, 5),
    ):
        header: dict[str, Any] = {
            "template_size_minus1": size - 1,
            "template_count_minus1": count - 1,
            "dq_flag": 0,
            "cabac_unary_length_minus1": 10,
            "template_index_unary_length_minus1": 10,
            "template_residual_flag": 0,
        }
        payload = template_codeword(header, Member("m", "weight", (4, 6)))
        edit = put(_UNIT, f"{_HEADER}.{element}", header[element])
        yield broken(rule, _ROWS, rule, more, recode(_UNIT, payload, element, edit))
    yield broken(
        "template-terminate",
        "templates-plain",
        "payload-terminate-bin",
        "The terminate bin is not looked at.",
        unterminated(_UNIT),
    )
