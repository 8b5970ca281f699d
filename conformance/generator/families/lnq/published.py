"""Clause 15.1.4: published mode: flags, symbols, and the order of both groups."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families.lnq.layers import (
    QP,
    drawn,
    lnq_case,
    published,
    shifts,
    sized,
)
from nnref.conformance.generator.lnq_encoder import LnqChoices
from nnref.conformance.generator.shorthand import Unit
from nnref.spec.syntax import codebook_elements
from nnref.spec.tables.enums import LnqContextMode, LnqGroupOrder

CLAUSES: Final = ("15.1.4",)
DIMENSIONS: Final = [5, 7]
SIZE: Final = (2, 3)
FLAGS: Final = (0, 1, 0, 1, 1, 0, 0, 1, 0)
"""A grid of 3 by 3: of the units to the left and above none, one, both are LNQ units; two others
stand beside each other.
"""


def mixed_choices(
    flags: Sequence[int] = FLAGS,
    *,
    seed: int = 1,
    shift_idx: Mapping[int, int] | None = None,
    levels: Sequence[int] | None = None,
) -> LnqChoices:
    """Five rows of seven weights in units of 2 x 3; three centroids each, sent directly."""
    books = sum(flags)
    return LnqChoices(
        levels or drawn(seed, DIMENSIONS, SIZE, [3 * flag for flag in flags]),
        QP,
        shift_idx or {},
        units=flags,
        codebooks={
            "lnq_centre": [(-1, 0, 2)[number % 3] for number in range(books)],
            "lnq_left_gap_minus1": list(range(books)),
            "lnq_right_gap_minus1": [number * 3 % 4 for number in range(books)],
        },
    )


def mixed_layer(choices: LnqChoices, **elements: Any) -> Unit:
    """A layer of these choices."""
    return published("w", DIMENSIONS, choices, **(sized(*SIZE) | elements))


def orders() -> Iterator[Case]:
    """Clause 15.1.4: every order with every kind of contexts."""
    for order, mode in product(LnqGroupOrder, LnqContextMode):
        if mode == LnqContextMode.RESET and order > LnqGroupOrder.GROUPS_RASTER:
            continue
        yield lnq_case(
            f"order-{order.value}-contexts-{mode.value}",
            f"Groups in the order {order.name}, contexts {mode.name}",
            "Which weight comes next, and what its neighbour is: the one of its own kind.",
            mixed_layer(mixed_choices(), lnq_group_order=order.value, lnq_context_mode=mode.value),
            clauses=(*CLAUSES, "15.1.6"),
            decisions=("D-44", "D-47"),
        )
    for order in LnqGroupOrder:
        yield lnq_case(
            f"order-{order.value}-dq",
            f"Groups in the order {order.name}, dependent quantization",
            "The DQ state goes over levels alone.",
            mixed_layer(mixed_choices(seed=order.value), lnq_group_order=order.value, dq_flag=1),
            clauses=CLAUSES,
            decisions=("D-45",),
        )


def contexts() -> Iterator[Case]:
    """Clause 15.1.6: parameter sets."""
    for mode in LnqContextMode:
        found = shifts(2 if mode == LnqContextMode.OWN else 1)
        yield lnq_case(
            f"shift-{mode.value}",
            f"Parameter sets of contexts, {mode.name}",
            "A set that starts afresh keeps the parameter sets of its contexts.",
            mixed_layer(mixed_choices(shift_idx=found), lnq_context_mode=mode.value),
            clauses=("15.1.6",),
        )


def flags() -> Iterator[Case]:
    """Clause 15.1.4: layers all of whose units are of one kind."""
    for name, value, kind in (("all", 1, "symbols"), ("none", 0, "levels")):
        for mode in (LnqContextMode.OWN, LnqContextMode.SHARED):
            yield lnq_case(
                f"flags-{name}-{mode.value}",
                f"All units have {kind}, contexts {mode.name}",
                "A set of contexts that nothing uses has no shift parameters.",
                mixed_layer(mixed_choices((value,) * 9), lnq_context_mode=mode.value),
                clauses=(*CLAUSES, "15.1.6"),
            )


def layer_codebooks() -> Iterator[Case]:
    """Clause 7.8.7 beside 15.1.4: levels that are indices of a codebook of the layer."""
    symbols = drawn(3, DIMENSIONS, SIZE, [3 * flag for flag in FLAGS])
    bounded = [max(-1, min(level, 2)) for level in symbols]
    for mode in LnqContextMode:
        yield lnq_case(
            f"codebook-{mode.value}",
            f"A codebook of the layer, contexts {mode.name}",
            "Levels are bounded by the codebook of the layer, symbols by that of their unit.",
            mixed_layer(
                mixed_choices(levels=bounded),
                codebook=codebook_elements([-7, -2, 3, 8], 1, 1),
                lnq_context_mode=mode.value,
            ),
            clauses=(*CLAUSES, "7.8.7"),
            decisions=("D-45",),
        )
    yield lnq_case(
        "codebook-single",
        "A codebook of the layer with one entry",
        "Levels are not coded at all.",
        mixed_layer(mixed_choices(), codebook=codebook_elements([5], 0, 1)),
        clauses=(*CLAUSES, "7.8.7"),
    )


def fractions() -> Iterator[Case]:
    """Clause 15.1.7: levels and centroids in fractions of the step."""
    for fraction in (0, 4):
        yield lnq_case(
            f"fraction-{fraction}",
            f"Centroids in units of step / {1 << fraction}",
            "Levels are multiples of the step, centroids of the fraction.",
            mixed_layer(mixed_choices(), lnq_fraction_bits=fraction),
            clauses=("15.1.7",),
            decisions=("D-41",),
        )
    yield lnq_case(
        "edition-2",
        "LNQ in profile 1",
        "It is the same in every profile.",
        mixed_layer(mixed_choices()),
        profile=1,
        clauses=CLAUSES,
    )


def cases() -> Iterator[Case]:
    """Published mode, but for its codebooks."""
    for part in (orders, contexts, flags, layer_codebooks, fractions):
        yield from part()
