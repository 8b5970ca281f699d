"""Clause 15.4: shared weights and dynamic fixed point."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod
from typing import Any, Final

import numpy as np

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.hierarchical import hierarchical_syntax
from nnref.codec.entropy import PayloadEncoder
from nnref.codec.entropy.search import ShiftSearch
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.methods import GROUP
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Unit, four, parameters, start
from nnref.spec.tables.enums import HierarchicalMode, Method
from nnref.spec.tables.hierarchical import MAX_WIDTH
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT

DENSITY: Final = 2
_WIDE: Final = 1 << (MAX_WIDTH - 1)

Format = tuple[int, int]
"""Width and fraction length."""


def hierarchical(
    name: str,
    dimensions: Sequence[int],
    *,
    number: Format | None = None,
    centroids: Sequence[float] = (),
    zero: int = 0,
    output: Format | None = None,
    levels: Sequence[int] = (),
    rows_skipped: bool = False,
    **fields: Any,
) -> Unit:
    """A tensor of these centroids, integers if there is a `number`; without centroids one of
    fixed-point numbers. Levels that are not given are any that there can be.
    """
    header: dict[str, Any] = {
        "hier_mode": int(_mode(number, centroids)),
        "cabac_unary_length_minus1": fields.pop("unary", 11) - 1,
        "hier_output_flag": int(output is not None),
    }
    for of, of_these in (("", number), ("output_", output)):
        if of_these is not None:
            header[f"hier_{of}width_minus1"] = of_these[0] - 1
            header[f"hier_{of}fraction_length"] = of_these[1]
    if centroids:
        header["hier_centroid_count_minus1"] = len(centroids) - 1
        header["hier_zero_index"] = zero
    if centroids and number is None:
        header["hier_centroid"] = list(centroids)
    elif centroids:
        header["hier_centroid_unary_length_minus1"] = fields.pop("centroid_unary", 11) - 1
    usual: dict[str, Any] = {
        "method_signature": METHOD_SIGNATURE,
        "method_idc": int(Method.HIERARCHICAL),
        "topology_elem_id": name,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "hierarchical_header": header,
    }
    syntax = hierarchical_syntax(header, Member(name, "weight", tuple(dimensions)))
    encoder = PayloadEncoder()
    if syntax.centroids is not None and number is not None:
        below = -(1 << (number[0] - 1)) - 1
        apart = [b - a - 1 for a, b in pairwise([below, *map(int, centroids)])]
        distances = np.array(apart, np.int32)
        encoder.encode_tensor(distances, syntax.centroids, shift_search=ShiftSearch.OFF)
    low, size = -syntax.weights.codebook_zero_offset, syntax.weights.codebook_size
    numbers = Numbers(prod(dimensions) + size)
    coded = list(levels) or [numbers.below(size) + low for _ in range(syntax.weights.weights)]
    options: dict[str, Any] = {"shift_search": ShiftSearch.OFF, "row_skip": rows_skipped}
    encoder.encode_tensor(np.array(coded, np.int32), syntax.weights, **options)
    return Unit(METHOD_UNIT, usual | fields, payload=encoder.finish(), strict=False)


def _mode(number: Format | None, centroids: Sequence[float]) -> HierarchicalMode:
    if not centroids:
        return HierarchicalMode.FIXED_POINT
    if number is None:
        return HierarchicalMode.SHARED_FLOAT
    return HierarchicalMode.SHARED_FIXED_POINT


def cases() -> Iterator[Case]:
    """The family."""
    exact = "A number is integer * 2^-fraction_length; binary32 has every one as it is."
    signs = "Levels are indices less hier_zero_index, bounded on both sides."
    for name, title, purpose, unit in (
        (
            "example",
            "Shared fixed-point numbers, the example of the clause",
            signs,
            hierarchical(
                "m",
                [2, 3],
                number=(4, 3),
                centroids=(-4, 0, 3),
                zero=1,
                levels=[1, 0, 0, -1, 0, 1],
            ),
        ),
        (
            "shared",
            "Centroids in binary32",
            "They stand in the header, in any order; one of them may be -0.",
            hierarchical("m", [3, 5], centroids=(0.1, -2.5, -0.0, 1e-40), zero=2),
        ),
        (
            "fixed",
            "Fixed point without centroids",
            "Levels are bounded by the width: 7 and -8 need no bin to end their magnitude.",
            hierarchical("m", [2, 8], number=(4, -1), levels=range(-8, 8)),
        ),
        (
            "both",
            "Fixed-point centroids",
            "The first centroid counts from the smallest integer, the others from their neighbour.",
            hierarchical(
                "m", [4, 2, 3, 3], number=(10, 12), centroids=(-512, -7, 0, 1, 511), zero=2
            ),
        ),
        (
            "one",
            "One centroid",
            "With one centroid the weights have no bins, not even flags.",
            hierarchical("m", [3, 3], number=(6, 5), centroids=(-3,), output=(1, -1)),
        ),
        (
            "below",
            "All centroids below level 0",
            "Levels have one sign, which is not coded.",
            hierarchical(
                "m", [2, 9], number=(6, 1), centroids=(-32, -30, 4, 31), zero=3, output=(2, 0)
            ),
        ),
        (
            "above",
            "All centroids above level 0",
            "Levels have one sign, which is not coded.",
            hierarchical("m", [2, 9], centroids=(0.0, 1.0, 3.0), unary=1, output=(3, 1)),
        ),
        (
            "bit",
            "Integers of one bit",
            "Integers of one bit are -1 and 0, not 0 and 1.",
            hierarchical("m", [3, 7], number=(1, 0)),
        ),
        (
            "wide",
            "Integers of 24 bits, fraction length -104",
            exact,
            hierarchical(
                "m", [6], number=(24, -104), levels=[-_WIDE, _WIDE - 1, 1, 0, -1, 0x555555]
            ),
        ),
        (
            "small",
            "Fraction length 127",
            "Numbers below the least normal one of binary32 are not taken for 0.",
            hierarchical("m", [6], number=(24, 127), levels=[-_WIDE, _WIDE - 1, 1, 0, -1, 3]),
        ),
        (
            "wide-centroids",
            "Centroids of 24 bits",
            exact,
            hierarchical(
                "m",
                [3, 4],
                number=(24, 23),
                centroids=(-_WIDE, -_WIDE + 1, 0, _WIDE - 1),
                zero=2,
                centroid_unary=1,
            ),
        ),
        (
            "many",
            "As many shared numbers as there can be",
            "1024 centroids, unary lengths of 256.",
            hierarchical(
                "m",
                [4, 20],
                number=(11, 10),
                centroids=range(-512, 512),
                zero=512,
                unary=256,
                centroid_unary=256,
            ),
        ),
        (
            "rows",
            "Skipped rows",
            "A skipped row has level 0, which is a centroid like any other.",
            hierarchical(
                "m",
                [4, 3],
                number=(5, 2),
                centroids=(-1, 7),
                zero=1,
                levels=[0, 0, 0, -1, 0, -1, 0, 0, 0, 0, 0, -1],
                rows_skipped=True,
            ),
        ),
        (
            "output",
            "The format of a layer's outputs",
            "It follows the centroids and has no effect on the weights.",
            hierarchical(
                "m", [4, 4], number=(6, 4), centroids=(-9, 0, 9), zero=1, output=(8, -104)
            ),
        ),
        (
            "output-shared",
            "The format of a layer's outputs, behind binary32 centroids",
            "It follows the centroids and has no effect on the weights.",
            hierarchical("m", [4, 4], centroids=(0.0, 0.75), output=(24, 127)),
        ),
        (
            "empty",
            "Shared numbers for a tensor of no weights",
            "Its codeword has centroids, and no flags or weights.",
            hierarchical(
                "m",
                [0, 5],
                number=(8, 7),
                centroids=(-1, 0, 127),
                zero=2,
                output=(16, 8),
                unary=1,
            ),
        ),
        (
            "bfloat16",
            "Fixed point in bfloat16",
            "Numbers of more than eight bits are rounded to the data format.",
            hierarchical("m", [5, 5], number=(12, 4), nnr_decompressed_data_format=65),
        ),
    ):
        units = (start(), parameters(DENSITY), unit, four())
        yield case(GROUP, f"hierarchical-{name}", title, purpose, ("14.2.2", "15.4"), *units)
