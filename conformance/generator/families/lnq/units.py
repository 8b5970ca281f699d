"""Clause 15.1.2: what LNQ units are, in both modes."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Final

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families.lnq.classes import NONE, both
from nnref.conformance.generator.families.lnq.layers import (
    QP,
    classed,
    drawn,
    lnq_case,
    matrix,
    published,
    sized,
)
from nnref.conformance.generator.lnq_encoder import LnqChoices
from nnref.conformance.generator.shorthand import Unit
from nnref.spec.process.lnq_header import lnq_grid
from nnref.spec.tables.enums import LuType

CLAUSES: Final = ("15.1.2",)
MOST: Final = (1 << 31) - 1
_KERNELS: Final = [3, 2, 2, 3]
"""Filters, channels, and the size of a kernel."""


def in_both_modes(
    dimensions: Sequence[int], size: tuple[int, int], elements: dict[str, Any]
) -> tuple[Unit, Unit]:
    """A layer in class mode and one in published mode, units of `size`."""
    height, width = lnq_grid(size, *matrix(dimensions))
    count = height * width
    class_map = [number * 2 % 3 % 2 for number in range(count)]
    flags = [1 - number for number in class_map]
    levels = drawn(sum(dimensions), dimensions, size, [0] * count)
    mixed = drawn(count, dimensions, size, [3 * flag for flag in flags])
    books = {
        "lnq_centre": [number % 3 - 1 for number in range(sum(flags))],
        "lnq_left_gap_minus1": [number % 4 for number in range(sum(flags))],
        "lnq_right_gap_minus1": [number % 5 for number in range(sum(flags))],
    }
    return (
        classed(
            "c", dimensions, LnqChoices(levels, QP, units=class_map), [NONE, both([1])], **elements
        ),
        published("p", dimensions, LnqChoices(mixed, QP, units=flags, codebooks=books), **elements),
    )


def shapes() -> Iterator[Case]:
    """Clause 15.1.2: every type."""
    edges = "Units at the right and lower edge are cut, in the map, in the order and in memory."
    for name, dimensions, size, elements in (
        ("by-layer-matrix", [9, 10], (8, 8), {"lnq_lu_type": LuType.BY_LAYER}),
        ("by-layer-convolution", _KERNELS, (1, 12), {"lnq_lu_type": LuType.BY_LAYER}),
        ("block", [11, 9], (8, 8), {"lnq_lu_type": LuType.BLOCK}),
        ("kernel", _KERNELS, (1, 6), {"lnq_lu_type": LuType.KERNEL}),
        ("kernel-of-1", [3, 4], (1, 1), {"lnq_lu_type": LuType.KERNEL}),
        ("filter", _KERNELS, (1, 12), {"lnq_lu_type": LuType.FILTER}),
        ("point-wise", [3, 2, 1, 1], (1, 2), {"lnq_lu_type": LuType.FILTER}),
        ("depth-wise", [3, 1, 2, 2], (1, 4), {"lnq_lu_type": LuType.FILTER}),
        ("rows", [5, 3], (2, 3), {"lnq_lu_type": LuType.ROWS, "lnq_lu_height": 2}),
        ("columns", [3, 5], (3, 2), {"lnq_lu_type": LuType.COLUMNS, "lnq_lu_width": 2}),
        ("tensor", [3, 5], (3, 5), {"lnq_lu_type": LuType.TENSOR}),
        ("size", [5, 7], (2, 3), sized(2, 3)),
        ("vector", [7], (3, 1), sized(3, 2)),
        ("scalar", [], (1, 1), {"lnq_lu_type": LuType.TENSOR}),
    ):
        yield lnq_case(
            f"units-{name}",
            f"Units of LNQ: {name.replace('-', ' ')}",
            edges,
            *in_both_modes(dimensions, size, {n: int(value) for n, value in elements.items()}),
            clauses=CLAUSES,
            decisions=_decisions(name),
        )


def _decisions(name: str) -> tuple[str, ...]:
    if name.startswith("by-layer"):
        return "D-42", "D-43", "D-46"
    return ("D-46",) if name in ("block", "rows", "columns", "size") else ()


def ends() -> Iterator[Case]:
    """Clause 15.1.2: units larger than the layer, layers without weights."""
    yield lnq_case(
        "units-large",
        "Units of 2^31 - 1 rows and columns",
        "The layer cuts them: there is one, as large as the layer.",
        *in_both_modes([2, 3], (MOST, MOST), sized(MOST, MOST)),
        clauses=CLAUSES,
        decisions=("D-46",),
    )
    for name, dimensions in (("rows", [0, 3]), ("columns", [2, 0, 4]), ("kernel", [2, 3, 0])):
        elements = {"lnq_lu_type": int(LuType.KERNEL if name == "kernel" else LuType.BLOCK)}
        assert prod(dimensions) == 0
        yield lnq_case(
            f"units-no-{name}",
            f"A layer without weights, for want of {name}",
            "There are no units, and so no flags, no classes and no shift parameters.",
            *in_both_modes(dimensions, (8, 8), elements),
            clauses=CLAUSES,
        )


def cases() -> Iterator[Case]:
    """All of them."""
    yield from shapes()
    yield from ends()
