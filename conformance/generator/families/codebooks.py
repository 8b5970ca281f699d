"""Clauses 6.10, 7.8.7, 9.5.3 and 10.4: codebooks."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    DC,
    Choices,
    block,
    edition_2,
    parameters,
    start,
    tensor,
)
from nnref.spec.syntax import codebook_elements

GROUP: Final = "codebooks"
PURPOSE: Final = (
    "Level 0 stands for the entry at CbZeroOffset; in profile 1 the ends of the codebook bound the "
    "bins, in profile 0 they do not."
)


def within(book: Sequence[int], zero: int, count: int, seed: int) -> list[int]:
    """Levels that are indices of a codebook, its ends among them."""
    numbers = Numbers(seed)
    drawn = [numbers.below(len(book)) - zero for _ in range(count - 2)]
    return [-zero, len(book) - 1 - zero, *drawn]


def coded(
    profile: int, dimensions: list[int], book: Sequence[int], zero: int, egk: int, **fields: Any
) -> Any:
    """A tensor with a codebook."""
    made = edition_2 if profile else tensor
    count = 1
    for dimension in dimensions:
        count *= dimension
    return made(
        "w",
        dimensions,
        Choices(within(book, zero, count, egk), -5),
        codebook=codebook_elements(book, zero, egk),
        **fields,
    )


def orders() -> Iterator[Case]:
    """Every codebook_egk."""
    for egk in range(16):
        book = [-(4 << egk) - 9, -(2 << egk) - 6, -4, -3, 0, 1, (4 << egk) + 3]
        yield case(
            GROUP,
            f"egk-{egk}",
            f"codebook_egk {egk}",
            "The order of the codes of the distances is itself in the stream; a distance counts "
            "one less than the difference of the entries.",
            ("6.10", "7.8.7", "5.3"),
            start(egk % 2),
            parameters(),
            coded(egk % 2, [12], book, 3, egk),
        )


def ends() -> Iterator[Case]:
    """Zero at both ends and in the middle, sizes from 1 to 40."""
    for size in (1, 2, 3, 4, 9, 40):
        book = [7 * j - 20 for j in range(size)]
        for zero in sorted({0, size // 2, size - 1}):
            for profile in (0, 1):
                yield case(
                    GROUP,
                    f"ends-{size}-{zero}-{profile}",
                    f"{size} entries, the one for level 0 at {zero}, profile {profile}",
                    PURPOSE,
                    ("9.5.3", "7.8.7"),
                    start(profile),
                    parameters(),
                    coded(profile, [2, 8], book, zero, 2, cabac_unary_length_minus1=2),
                    decisions=("D-26",) if profile == 0 else (),
                )


def shapes() -> Iterator[Case]:
    """Codebooks with block rows, row skipping, long and short unary lengths."""
    book = [-9, -4, -1, 0, 2, 3, 8, 30]
    for unary in (1, 4, 8, 200):
        yield case(
            GROUP,
            f"unary-{unary}",
            f"Eight entries and unary length {unary}",
            "Flags and prefix bins that cannot be 1 are not coded, and contexts that cannot be "
            "used have no shift parameter.",
            ("9.5.3", "9.7"),
            start(1),
            parameters(),
            coded(1, [3, 9], book, 3, 1, cabac_unary_length_minus1=unary - 1),
        )
    yield case(
        GROUP,
        "blocks-and-skips",
        "A codebook with block rows and skipped rows",
        "A skipped row is level 0: the entry at CbZeroOffset, which need not be 0.",
        ("9.6.5", "9.5.3", "9.6.3"),
        start(1),
        parameters(),
        edition_2(
            "w",
            [17, 9],
            Choices([0] * 9 + within(book, 2, 135, 3) + [0] * 9, -5, row_skip=True),
            codebook=codebook_elements(book, 2, 0),
            scan_order=1,
        ),
    )
    extremes = [-(1 << 31), -1, 0, 1, (1 << 31) - 1]
    yield case(
        GROUP,
        "extreme-entries",
        "Entries at the edges of 32 bits",
        "Entries are 32-bit integers; the exact product with the step is rounded once.",
        ("10.4", "7.8.7"),
        start(),
        parameters(7),
        coded(0, [5], extremes, 2, 15),
        decisions=("D-04",),
    )


def of_factors() -> Iterator[Case]:
    """Clause 7.8.7: one codebook for G, one for H."""
    for profile in (0, 1):
        extra: dict[str, Any] = (
            {"node_id_present_flag": 0, "first_tensor_dimension_shift": 0} if profile else {}
        )
        yield case(
            GROUP,
            f"factors-{profile}",
            f"Codebooks of both factors, profile {profile}",
            "The first codebook is that of G, codebook_dc that of H, with another order and zero.",
            ("7.8.7", "6.9.3"),
            start(profile),
            parameters(),
            block(
                ["w_G", "w_H"],
                DC,
                [3, 4],
                Choices([0, 1, -1, 2, 0, 1], -4),
                Choices([1, 0, 2, 1, 0, 0, 1, 2], -4),
                codebook=codebook_elements([-4, 0, 3, 9], 1, 1),
                codebook_dc=codebook_elements([5, 6, 100], 0, 5),
                decomposition_rank=2,
                g_number_of_rows=3,
                **extra,
            ),
        )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (orders, ends, shapes, of_factors):
        yield from family()
