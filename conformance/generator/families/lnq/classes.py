"""Clause 15.1.3: class mode."""

from collections.abc import Iterator, Sequence
from typing import Final

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families.lnq.layers import (
    QP,
    classed,
    lnq_case,
    shifts,
    sized,
)
from nnref.conformance.generator.lnq_encoder import LnqChoices
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Unit
from nnref.spec.syntax.lnq_compose import Offsets

CLAUSES: Final = ("15.1.3",)
MOST: Final = (1 << 31) - 1
NONE: Final[Offsets] = [[[], []]]
"""Offsets of a class that has none, without and with dependent quantization."""
NONE_DQ: Final[Offsets] = [[[], []], [[], []]]
_MAP: Final = (0, 1, 1, 2, 3, 0, 3, 3, 2, 2, 1, 0, 0, 3, 2, 1, 1, 3, 3, 0)
"""Classes of 5 rows of 4 units: every class beside and below every other kind of neighbour."""


def both(run: list[int]) -> Offsets:
    """The same offsets for both signs."""
    return [[run, run]]


def maps() -> Iterator[Case]:
    """Clause 15.1.3: how the class of a unit is told."""
    levels = Numbers(1).levels(20, 5, 6)
    for classes in (2, 3, 4):
        class_map = [min(number, classes - 1) for number in _MAP]
        yield lnq_case(
            f"class-map-{classes}",
            f"A map of {classes} classes",
            "The last class has no zero at its end, and contexts go by class and neighbours.",
            classed(
                "w",
                [5, 4],
                LnqChoices(levels, QP, units=class_map),
                [NONE] * classes,
                **sized(1, 1),
            ),
            clauses=CLAUSES,
        )
    yield lnq_case(
        "class-one",
        "One class",
        "There is no map, and the levels are coded as in tensor data.",
        classed("w", [3, 4], LnqChoices(levels[:12], QP, units=[0] * 4), [NONE], **sized(2, 3)),
        clauses=CLAUSES,
    )
    yield lnq_case(
        "class-unused",
        "A class that no unit has",
        "Its contexts have no shift parameters.",
        classed("w", [2, 6], LnqChoices(levels[:12], QP, units=[0, 2]), [NONE] * 3, **sized(2, 3)),
        clauses=CLAUSES,
    )
    yield lnq_case(
        "class-shift",
        "Parameter sets of the contexts of three classes",
        "They are sent class by class, behind the map.",
        classed(
            "w",
            [6, 8],
            LnqChoices(Numbers(2).levels(48, 5, 8), QP, shifts(3), units=[0, 1, 2, 2, 0, 1]),
            [NONE] * 3,
            **sized(2, 4),
        ),
        clauses=(*CLAUSES, "15.1.6"),
    )


def zero_classes() -> Iterator[Case]:
    """Clause 15.1.3: classes whose weights are not coded."""
    for dq_flag in (0, 1):
        none = NONE_DQ if dq_flag else NONE
        yield lnq_case(
            f"class-zero-{dq_flag}",
            "Units of zeros between units of levels" + ", dependent quantization" * dq_flag,
            "Neither the DQ state nor the neighbour goes over weights that are not coded.",
            classed(
                "w",
                [4, 6],
                LnqChoices(Numbers(3).levels(24, 4, 7), QP, units=[1, 0, 2, 0, 1, 1]),
                [none] * 2,
                zero_class=1,
                dq_flag=dq_flag,
                **sized(2, 2),
            ),
            clauses=CLAUSES,
            decisions=("D-45",),
        )
    yield lnq_case(
        "class-zeros",
        "A layer all of whose units are zero",
        "Behind the map nothing is coded.",
        classed("w", [3, 5], LnqChoices([], QP, units=[0, 0]), [NONE], zero_class=1, **sized(2, 9)),
        classed("v", [2, 2], LnqChoices([], QP), [], zero_class=1),
        clauses=CLAUSES,
    )


def offsets() -> Iterator[Case]:
    """Clause 15.1.3: where the levels of a class are."""
    steps = [0, 1, -1, 2, -2, 3, -3, 4, -4, 9, -9, 0]
    for fraction in range(5):
        yield lnq_case(
            f"class-fraction-{fraction}",
            f"Offsets in units of step / {1 << fraction}",
            "Larger levels have the offset of the largest that has one; 0 has none.",
            classed(
                "w",
                [3, 4],
                LnqChoices(steps, QP, units=[0]),
                [both([-1, 1, 2])],
                lnq_fraction_bits=fraction,
            ),
            clauses=(*CLAUSES, "15.1.7"),
            decisions=("D-41",),
        )
    runs: list[Offsets] = [
        both([1, -2, 3]),
        [[[2, -2, 5, 6, -7], [1, 0, 5, 9, -1]]],
        [[[3, 3, 3, 3, 3, 3, 3], [4, -4, 4, -4, 4, -4, 4]]],
        both([]),
    ]
    yield lnq_case(
        "class-offsets",
        "Offsets predicted from a class, from the other sign, from the magnitude below",
        "What a class before does not have is predicted from the own ones.",
        classed("w", [4, 12], LnqChoices(steps * 4, QP, units=[0, 1, 2, 3]), runs, **sized(1, 12)),
        clauses=CLAUSES,
    )
    quantizers: list[Offsets] = [
        [[[1, 2], [1, 2]], [[-3], [-3]]],
        [[[4], [4]], [[5, 6, -7], [5, 6, -7]]],
        NONE_DQ,
    ]
    yield lnq_case(
        "class-offsets-dq",
        "Offsets of two quantizers",
        "The parity of the state chooses; both signs have the same.",
        classed(
            "w",
            [6, 6],
            LnqChoices(Numbers(4).levels(36, 4, 6), QP, units=[0, 1, 2]),
            quantizers,
            dq_flag=1,
            lnq_lu_type=4,
            lnq_lu_height=2,
        ),
        clauses=CLAUSES,
    )
    yield lnq_case(
        "class-offset-ends",
        "Offsets of 32 bits",
        "The sum of level and offset fits 32 bits, and so do all numbers on the way.",
        classed(
            "w",
            [2, 3],
            LnqChoices([1, 0, -1, 1, -1, 0], QP, units=[0, 1]),
            [[[[MOST - 1], [MOST]]], [[[-MOST - 1], [-MOST - 1]]]],
            lnq_fraction_bits=0,
            **sized(1, 3),
        ),
        clauses=(*CLAUSES, "15.1.7"),
    )


def steps_of(levels: Sequence[int], offsets: Offsets, fraction: int) -> Unit:
    """A layer of one class."""
    return classed(
        "w",
        [len(levels)],
        LnqChoices(levels, QP, units=[0]),
        [offsets],
        lnq_fraction_bits=fraction,
    )


def ends() -> Iterator[Case]:
    """Clause 15.1.7: the largest integers that are multiplied by the step."""
    for name, fraction, level, offset in (
        ("fraction-above", 4, (1 << 27) - 1, 15),
        ("fraction-below", 4, -(1 << 27), 0),
        ("sum-above", 0, 1, MOST - 1),
        ("sum-below", 0, -1, MOST),
    ):
        yield lnq_case(
            f"value-{name}",
            f"An integer at the end of 32 bits: {name.replace('-', ', ')}",
            "It is one more than what wraps around.",
            steps_of([level, 0, 0], both([offset]), fraction),
            clauses=("15.1.7",),
        )


def cases() -> Iterator[Case]:
    """Class mode."""
    for part in (maps, zero_classes, offsets, ends):
        yield from part()
