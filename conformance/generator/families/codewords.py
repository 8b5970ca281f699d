"""Clauses 9.2 to 9.5 and 9.7: contexts and their states, unary lengths, remainders, sets."""

from collections.abc import Iterator
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    INTEGER,
    Choices,
    edition_2,
    parameters,
    start,
    tensor,
)
from nnref.spec.tables import cabac
from nnref.spec.tables.enums import DecompressedDataFormat

GROUP: Final = "codewords"
RUNS: Final = ((40, 16, 0), (40, 0, 1), (90, 15, 2), (90, 1, 14), (60, 8, 8))
"""Weights, zeros and growth of levels."""
SURPRISES: Final = 16000
"""Weights among which rare bins are scattered."""
SMALL: Final[dict[str, Any]] = {
    **INTEGER,
    "nnr_decompressed_data_format": DecompressedDataFormat.TENSOR_INT8,
}


def sets() -> Iterator[Case]:
    """Every parameter set, in contexts that see much and little."""
    for number in range(1, 9):
        levels = Numbers(number).levels(90, 7, 8)
        contexts = (*range(3), *range(48, 51), *range(53, 59))
        yield case(
            GROUP,
            f"set-{number}",
            f"All contexts in parameter set {number}",
            "A set has two rates and two start values; shift_idx_minus_1 counts from set 1.",
            ("9.2.2", "9.7", "6.14.2"),
            start(),
            parameters(),
            tensor(
                "w",
                [90],
                Choices(levels, -20, dict.fromkeys(contexts, number)),
                cabac_unary_length_minus1=2,
            ),
        )


def states() -> Iterator[Case]:
    """Long runs and sudden turns: all states, both estimators, every cell of the ranges."""
    for number in range(9):
        numbers = Numbers(100 + number)
        levels: list[int] = []
        for length, zeros, growth in (
            (40, 16, 0),
            (40, 0, 1),
            (90, 15, 2),
            (90, 1, 14),
            (60, 8, 8),
        ):
            levels += numbers.levels(length, zeros, growth)
        chosen = dict.fromkeys((0, 1, 2, 48, 49, 50, *range(53, 63)), number) if number else {}
        yield case(
            GROUP,
            f"states-{number}",
            f"Long runs and turns in parameter set {number}",
            "A context that has seen one bin for long is driven to its last state and back: "
            "clipping, or one wrong entry of a table, shows here.",
            ("9.2.1", "9.2.3", "9.3.2"),
            start(),
            parameters(),
            tensor("w", [320], Choices(levels, -9, chosen), cabac_unary_length_minus1=4),
        )
    yield case(
        GROUP,
        "extreme-runs",
        "Four hundred zeros, then four hundred ones, and back",
        "Both estimators saturate at either end, and have to turn.",
        ("9.2.3",),
        start(),
        parameters(),
        tensor("w", [1200], Choices([0] * 400 + [1] * 400 + [0] * 400, -9)),
        tensor("v", [1200], Choices([-1] * 400 + [0] * 400 + [-1] * 400, -9, {0: 1, 1: 1, 2: 4})),
        tensor(
            "u", [900], Choices([2, 0, 0] * 100 + [0] * 300 + [1, -1, 1] * 100, -9, {0: 8, 2: 7})
        ),
    )


def surprises() -> Iterator[Case]:
    """Clause 9.3.2: the less probable bin in every state, at every range."""
    for name, number, seed in (
        ("plain", 0, 0),
        ("quick", 1, 1),
        ("slow", 3, 3),
        ("other", 5, 16),
    ):
        numbers = Numbers(seed)
        levels: list[int] = []
        while len(levels) < SURPRISES:
            levels += [0] * (4 + numbers.below(8 << numbers.below(7)))
            levels += [1 - 2 * numbers.below(2)] * (1 + numbers.below(6))
        ones = [1] * 900 + [0] + [1] * 300 + [0, 1] * 4
        yield case(
            GROUP,
            f"surprises-{name}",
            f"Rare bins after long runs, parameter set {number}",
            "The less probable bin of a context that is nearly sure takes up to eight shifts; each "
            "cell of the table of ranges is used.",
            ("9.3.2", "9.2.3"),
            start(),
            parameters(),
            tensor("w", [len(levels)], Choices(levels, 0, {0: number} if number else {}), **SMALL),
            tensor("o", [len(ones)], Choices(ones, 0, {2: number} if number else {}), **SMALL),
        )


def unary_lengths() -> Iterator[Case]:
    """Clause 9.5.2: greater-than flags from 1 to 256."""
    for length in (1, 2, 3, 10, 12, 255, 256):
        levels = [0, 1, -1, length, -length, length + 1, -length - 1, length + 2, 1 - length, 40]
        for profile in (0, 1):
            made = edition_2 if profile else tensor
            yield case(
                GROUP,
                f"unary-{length}-{profile}",
                f"Unary length {length}, profile {profile}",
                "A magnitude of U needs U flags, one of U + 1 a remainder of 0; contexts of the "
                "remainder lie behind those of all flags.",
                ("9.5.2", "9.4.1", "9.5.4"),
                start(profile),
                parameters(),
                made("w", [10], Choices(levels, -9), cabac_unary_length_minus1=length - 1),
            )


def remainders() -> Iterator[Case]:
    """Clause 9.5.4: every length of the prefix."""
    levels: list[int] = []
    for j in range(30):
        levels += [(1 << (j + 1)), -(1 << (j + 2)) + 1 if j < 29 else -(1 << 30)]
    yield case(
        GROUP,
        "remainders",
        "Remainders with every length of the prefix",
        "The prefix has contexts, one for each bin; the suffix has as many bypass bins as the "
        "prefix has ones.",
        ("9.5.4", "9.3.3"),
        start(),
        parameters(),
        tensor("w", [60], Choices(levels), **INTEGER),
    )
    yield case(
        GROUP,
        "remainders-chosen",
        "Remainders whose contexts have parameter sets",
        "All contexts of the prefix have a shift parameter, also those that no weight needs.",
        ("9.5.4", "9.7"),
        start(),
        parameters(),
        tensor(
            "w",
            [30],
            Choices([100, -3000, 5] * 10, -9, {57 + j: 1 + j % 8 for j in range(31)}),
        ),
    )


def trellis_sets() -> Iterator[Case]:
    """Shift parameters of all contexts with dependent quantization."""
    chosen = {index: 1 + index % 8 for index in range(cabac.SIG_PLAIN, cabac.SIG_TEMPORAL)}
    yield case(
        GROUP,
        "trellis-sets",
        "A parameter set for sig_flag in every state",
        "With dependent quantization 24 contexts of sig_flag have shift parameters, else three.",
        ("9.7", "10.3"),
        start(),
        parameters(),
        tensor("w", [400], Choices(Numbers(5).levels(400, 9, 6), -20, chosen), dq_flag=1),
    )


def several() -> Iterator[Case]:
    """What a codeword does not carry on."""
    yield case(
        GROUP,
        "fresh-contexts",
        "The same levels in two tensors",
        "Every unit has a codeword of its own: registers and contexts start afresh.",
        ("9.3.1", "9.4.1"),
        start(),
        parameters(),
        tensor("a", [40], Choices(Numbers(9).levels(40), -9, {0: 3})),
        tensor("b", [40], Choices(Numbers(9).levels(40), -9)),
    )
    for bits in range(8):
        yield case(
            GROUP,
            f"stop-bit-{bits}",
            f"A codeword that ends with {bits + 3} weights",
            "The stop bit may be any bit of the last byte; the codeword is exactly so long.",
            ("9.3.5", "9.3.4"),
            start(),
            parameters(),
            tensor("w", [bits + 3], Choices([1, -2, 5, 0, 1, -1, 3, 9, -4, 2][: bits + 3], bits)),
        )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (sets, states, surprises, unary_lengths, remainders, trellis_sets, several):
        yield from family()
