"""Clause 15.5: kernels as scaled and shifted templates."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.templates import template_syntax
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.codec.entropy.search import ShiftSearch
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.methods import GROUP, on_grid
from nnref.conformance.generator.families.parameter_sets import NO_DENSITY, layer
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Unit, four, parameters, start
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT

DENSITY: Final = 2
QP: Final = (-9, -6, -3, -20)
_LARGE: Final = (1 << 22) + 0x2AAAB
"""Nearly all bits of a binary32 significand: products with it are rounded."""


def templates(
    name: str,
    dimensions: Sequence[int],
    size: int,
    count: int,
    *,
    residual: int = 0,
    spread: int = 0,
    qp: Sequence[int] = QP,
    skip: bool = False,
    density: int = DENSITY,
    **fields: Any,
) -> Unit:
    """A tensor of templates; `spread` is added to the levels of templates and scales, `qp` has the
    differences of templates, scales, offsets and residual; `skip`: every other row of a part is 0.
    """
    header = {
        "template_size_minus1": size - 1,
        "template_count_minus1": count - 1,
        "dq_flag": fields.pop("dq_flag", 0),
        "cabac_unary_length_minus1": fields.pop("unary", 11) - 1,
        "template_index_unary_length_minus1": fields.pop("index_unary", 11) - 1,
        "template_residual_flag": residual,
    }
    usual: dict[str, Any] = {
        "method_signature": METHOD_SIGNATURE,
        "method_idc": int(Method.TEMPLATES),
        "topology_elem_id": name,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "template_header": header,
    }
    member = Member(name, "weight", tuple(dimensions))
    payload = template_codeword(header, member, spread=spread, qp=qp, skip=skip, density=density)
    return Unit(METHOD_UNIT, usual | fields, payload=payload, strict=False)


def template_codeword(
    header: dict[str, Any],
    member: Member,
    *,
    spread: int = 0,
    qp: Sequence[int] = QP,
    skip: bool = False,
    density: int = DENSITY,
) -> bytes:
    """The codeword of all parts."""
    syntax, encoder = template_syntax(header, member), PayloadEncoder()
    numbers = Numbers(member.rows + member.columns)

    def real(part: TensorSyntax, qp_delta: int, more: int) -> None:
        levels = [level + more for level in numbers.levels(part.weights)]
        if skip:
            levels = [n if place // part.columns % 2 else 0 for place, n in enumerate(levels)]
        levels = on_grid(levels) if part.dq_flag else levels
        encoder.iae(6 + density, qp_delta)
        off = ShiftSearch.OFF
        encoder.encode_tensor(np.array(levels, np.int32), part, shift_search=off, row_skip=skip)

    real(syntax.templates, qp[0], spread)
    count = header["template_count_minus1"] + 1
    indices = [abs(level) * 7 % count for level in numbers.levels(syntax.indices.weights)]
    encoder.encode_tensor(np.array(indices, np.int32), syntax.indices, shift_search=ShiftSearch.OFF)
    real(syntax.plane, qp[1], spread)
    real(syntax.plane, qp[2], 0)
    if syntax.residual is not None:
        real(syntax.residual, qp[3], 0)
    return encoder.finish()


def cases() -> Iterator[Case]:
    """The family."""
    order = "A weight is scale * template, then + offset, then + residual, each rounded."
    for name, title, purpose, unit in (
        (
            "plain",
            "Kernels of 3 x 3",
            order,
            templates("m", [2, 3, 3, 3], 9, 4),
        ),
        (
            "residual",
            "A residual, dependent quantization",
            "The DQ state starts afresh in every part.",
            templates("m", [2, 3, 3, 3], 9, 3, residual=1, dq_flag=1),
        ),
        (
            "one",
            "One template",
            "With one template the indices have no bins, not even flags.",
            templates("m", [3, 2, 2, 2], 4, 1, residual=1),
        ),
        (
            "rows",
            "Kernels as long as rows",
            "The planes have one column, so no row is skipped.",
            templates("m", [4, 6], 6, 2),
        ),
        (
            "many",
            "As many templates as kernels, unary lengths 1 and 256",
            "Indices are bounded by the number of templates, and have no signs.",
            templates("m", [5, 8, 1, 4], 4, 40, unary=256, index_unary=1),
        ),
        (
            "long",
            "Kernels of 20 weights, unary lengths 1 and 256 the other way round",
            order,
            templates("m", [4, 40], 20, 3, unary=1, index_unary=256, residual=1),
        ),
        (
            "single",
            "Templates of single numbers",
            "A kernel of one weight is a kernel.",
            templates("m", [7], 1, 3),
        ),
        (
            "rounded",
            "Products that are rounded",
            "A fused multiplication and addition rounds once, and gives other numbers.",
            templates("m", [4, 4, 2, 2], 4, 5, residual=1, spread=_LARGE),
        ),
        (
            "sums",
            "Sums that are rounded, in binary64",
            "Product, sum and sum with the residual are binary32 numbers, each of them.",
            templates(
                "m",
                [4, 4, 2, 2],
                4,
                5,
                residual=1,
                spread=_LARGE,
                qp=(-9, -6, 66, 62),
                nnr_decompressed_data_format_present_flag=1,
                nnr_decompressed_data_format=9,
            ),
        ),
        (
            "skipped",
            "Skipped rows in every part",
            "The rows of templates are templates, those of planes are rows of the tensor.",
            templates("m", [4, 6, 3], 3, 5, residual=1, skip=True),
        ),
        (
            "bfloat16",
            "Templates in bfloat16",
            "Only the weights are rounded to the data format, not the parts they are made of.",
            templates(
                "m",
                [2, 2, 2, 2],
                4,
                2,
                nnr_decompressed_data_format_present_flag=1,
                nnr_decompressed_data_format=65,
            ),
        ),
    ):
        clauses = ("14.2.2", "15.5")
        units = (start(), parameters(DENSITY), unit, four())
        yield case(GROUP, f"templates-{name}", title, purpose, clauses, *units)
    yield case(
        GROUP,
        "templates-density",
        "Templates behind a layer parameter set",
        "The density of the layer parameter set holds for methods, too.",
        ("15.5", "11"),
        start(),
        parameters(mps_quantization_method_flags=0, **NO_DENSITY),
        layer(1, 0, 0),
        templates("m", [2, 4], 4, 1, density=0),
    )
