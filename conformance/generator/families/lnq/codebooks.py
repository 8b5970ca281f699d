"""Clause 15.1.5: the codebooks of LNQ units, every way in which they are sent."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families.lnq.layers import (
    QP,
    drawn,
    lnq_case,
    published,
    sized,
)
from nnref.conformance.generator.lnq_encoder import LnqChoices
from nnref.conformance.generator.shorthand import Unit
from nnref.spec.tables.enums import LnqCentroidMode, LuType
from nnref.spec.tables.lnq import MAX_LEVELS

CLAUSES: Final = ("15.1.5",)
NO_CODEBOOK: Final = -1
MOST: Final = (1 << 31) - 1


def units_with(
    centroids: Sequence[int],
    codebooks: Mapping[str, Sequence[int]],
    *,
    across: int = 1,
    width: int = 5,
) -> LnqChoices:
    """Units of one row, `across` beside each other, with so many centroids; those with
    NO_CODEBOOK have levels.
    """
    dimensions = [len(centroids) // across, width * across]
    counts = [max(count, 0) for count in centroids]
    return LnqChoices(
        drawn(len(centroids), dimensions, (1, width), counts),
        QP,
        units=[int(count != NO_CODEBOOK) for count in centroids],
        codebooks=codebooks,
    )


def layer_of_units(
    name: str,
    centroids: Sequence[int],
    codebooks: Mapping[str, Sequence[int]],
    *,
    across: int = 1,
    width: int = 5,
    **elements: Any,
) -> Unit:
    """A layer of such units."""
    choices = units_with(centroids, codebooks, across=across, width=width)
    dimensions = [len(centroids) // across, width * across]
    return published(name, dimensions, choices, **(sized(1, width) | elements))


def direct() -> Iterator[Case]:
    """Clause 15.1.5: codebooks by their values."""
    yield lnq_case(
        "levels",
        "Two to eight centroids",
        "Of an even number, the lower of the two in the middle is symbol 0.",
        *(
            layer_of_units(
                f"w{levels}",
                [levels] * 2,
                {
                    "lnq_centre": [-levels, 0],
                    "lnq_left_gap_minus1": list(range(2 * ((levels - 1) // 2))),
                    "lnq_right_gap_minus1": list(range(1, 1 + 2 * (levels // 2))),
                },
                lnq_levels=levels,
            )
            for levels in range(2, MAX_LEVELS + 1)
        ),
        clauses=CLAUSES,
        decisions=("D-40",),
    )
    yield lnq_case(
        "centroid-codes",
        "Centroids in Exp-Golomb codes of every order",
        "A code of order k has k bits more than ones in front.",
        *(
            layer_of_units(
                f"w{egk}",
                [3, 3],
                {
                    "lnq_centre": [(1 << egk) - 1, -(1 << egk)],
                    "lnq_left_gap_minus1": [0, 2 << egk],
                    "lnq_right_gap_minus1": [(1 << egk) - 1, 1 << egk],
                },
                width=2,
                lnq_centroid_egk=egk,
            )
            for egk in range(16)
        ),
        clauses=CLAUSES,
    )
    yield lnq_case(
        "centroid-ends",
        "Centroids of 32 bits",
        "The least and the largest number are numbers, and the distance between them has 32 bits.",
        layer_of_units(
            "w",
            [2, 2],
            {"lnq_centre": [-MOST - 1, MOST - 1], "lnq_right_gap_minus1": [2 * MOST, 0]},
            lnq_levels=2,
        ),
        clauses=CLAUSES,
    )
    yield lnq_case(
        "eight",
        "The least symbol of eight centroids",
        "Its remainder is bounded: a prefix bin of 1 has no zero behind it.",
        published("w", [1], of_eight(-3), lnq_levels=8, cabac_unary_length_minus1=0),
        clauses=("15.1.4", "9.5.3"),
    )


def of_eight(symbol: int) -> LnqChoices:
    """A unit of one weight with eight centroids."""
    coded = {
        "lnq_centre": [0],
        "lnq_left_gap_minus1": [0, 1, 0],
        "lnq_right_gap_minus1": [2, 0, 0, 1],
    }
    return LnqChoices([symbol], QP, units=[1], codebooks=coded)


def of_four(centre: int, left: int, right: int) -> LnqChoices:
    """Codebooks of four centroids, of the last of which these are the differences; its symbols
    are all 0.
    """
    coded = {
        "lnq_centre_delta": [-2, 7, centre],
        "lnq_left_gap_delta": [0, 3, left],
        "lnq_right_gap_delta": [1, 0, 2, 0, right, 5],
    }
    choices = units_with([4, NO_CODEBOOK, 4, 4], coded, across=2)
    last = [0 if place % 10 >= 5 and place >= 10 else n for place, n in enumerate(choices.levels)]
    return replace(choices, levels=last)


def by_index(size: int, indices: Sequence[int], across: int) -> Unit:
    """Units with a dictionary of so many codebooks of two centroids."""
    return layer_of_units(
        "w",
        [2] * len(indices),
        {"lnq_dictionary_idx": indices} if size > 1 else {},
        across=across,
        width=1 if across > 1 else 5,
        lnq_levels=2,
        lnq_centroid_mode=LnqCentroidMode.DICTIONARY.value,
        dictionary=[(j - 9, j - 8 + j % 5) for j in range(size)],
    )


def variable() -> Iterator[Case]:
    """Clause 15.1.5: units that say how many centroids they have."""
    counts = [8, 0, 1, 2, 7, 3, 1, 6, 4, 0, 5, 8]
    middles, below, above = _sizes(counts)
    zeros = "A unit of one centroid is constant, one of none is 0; neither has symbols."
    yield lnq_case(
        "variable-direct",
        "Codebooks of none to eight centroids, by their values",
        zeros,
        layer_of_units(
            "w",
            counts,
            {
                "lnq_lu_levels": counts,
                "lnq_centre": [number - 4 for number in range(middles)],
                "lnq_left_gap_minus1": [number % 3 for number in range(below)],
                "lnq_right_gap_minus1": [number % 4 for number in range(above)],
            },
            across=3,
            width=3,
            lnq_levels=8,
            lnq_variable_levels_flag=1,
        ),
        clauses=CLAUSES,
        decisions=("D-40",),
    )
    yield lnq_case(
        "variable-few",
        "Codebooks of none to two centroids, of which two are the most",
        "The most has no zero at the end of its ones.",
        layer_of_units(
            "w",
            [2, 0, 1, 2],
            {
                "lnq_lu_levels": [2, 0, 1, 2],
                "lnq_centre": [3, -3, 0],
                "lnq_right_gap_minus1": [1, 0],
            },
            lnq_levels=2,
            lnq_variable_levels_flag=1,
        ),
        clauses=CLAUSES,
    )
    for name, count, centre in (("constants", 1, [5, -5, 0]), ("zeros", 0, [])):
        yield lnq_case(
            f"all-{name}",
            f"A layer of {name}",
            zeros,
            layer_of_units(
                "w",
                [count] * 3,
                {"lnq_lu_levels": [count] * 3, "lnq_centre": centre},
                lnq_variable_levels_flag=1,
            ),
            clauses=CLAUSES,
        )


def _sizes(counts: Sequence[int]) -> tuple[int, int, int]:
    """How many middles, centroids below and centroids above so many codebooks have together."""
    return (
        sum(count > 0 for count in counts),
        sum(max(count - 1, 0) // 2 for count in counts),
        sum(count // 2 for count in counts),
    )


def predicted() -> Iterator[Case]:
    """Clause 15.1.5: codebooks as differences."""
    yield lnq_case(
        "predicted",
        "Codebooks predicted from those before, of different sizes",
        "A gap that the codebook before does not have is predicted from the last that had it.",
        layer_of_units(
            "w",
            [3, 5, 2, 8, 0, 1, 7],
            {
                "lnq_lu_levels": [3, 5, 2, 8, 0, 1, 7],
                "lnq_centre_delta": [5, -3, 0, -8, 20, 0],
                "lnq_left_gap_delta": [2, -1, 4, -1, 0, 2, 0, 0, 1],
                "lnq_right_gap_delta": [0, 1, 0, 3, -4, 0, 6, 0, 0, 1, 0],
            },
            lnq_levels=8,
            lnq_variable_levels_flag=1,
            lnq_centroid_mode=LnqCentroidMode.PREDICTED.value,
        ),
        clauses=CLAUSES,
    )
    yield lnq_case(
        "predicted-fixed",
        "Codebooks of four centroids predicted from the one before",
        "The first is predicted from 0 and gaps of 1.",
        published(
            "w",
            [2, 10],
            of_four(-1, -2, -2),
            lnq_lu_type=LuType.SIZE.value,
            lnq_lu_height=1,
            lnq_lu_width=5,
            lnq_levels=4,
            lnq_centroid_mode=LnqCentroidMode.PREDICTED.value,
        ),
        clauses=CLAUSES,
    )
    for mode, kind in ((LnqCentroidMode.DIRECT, "minus1"), (LnqCentroidMode.PREDICTED, "delta")):
        yield lnq_case(
            f"zero-centroid-{mode.value}",
            f"A middle that is 0 and not sent, {mode.name}",
            "Nothing is read for it.",
            layer_of_units(
                "w",
                [3, 3],
                {f"lnq_left_gap_{kind}": [2, 1], f"lnq_right_gap_{kind}": [0, 3]},
                lnq_zero_centroid_flag=1,
                lnq_centroid_mode=mode.value,
            ),
            clauses=CLAUSES,
            decisions=("D-41",),
        )


def dictionaries() -> Iterator[Case]:
    """Clause 15.1.5: codebooks of the header."""
    for size, across in ((1, 1), (2, 1), (3, 1), (64, 8)):
        indices = [(7 * j + 2) % size for j in range(max(size, 3))]
        yield lnq_case(
            f"dictionary-{size}",
            f"Indices of a dictionary of {size}",
            "An index has as many bins as the last one has, none if there is but one.",
            by_index(size, indices, across),
            clauses=CLAUSES,
        )
    books: list[Sequence[int]] = [(-2, 0, 1, 6), (), (9,), (-5, 5), (-70, -40, 0, 3, 8, 30, 31, 32)]
    books += [range(-count, 2 * count, 3) for count in (3, 5, 6, 7)]
    for zero_centroid in (0, 1):
        own = [_around_zero(book) if zero_centroid else book for book in books]
        indices = [4, 0, 1, 2, 3, 4, 5, 6, 7, 8]
        yield lnq_case(
            f"dictionary-variable-{zero_centroid}",
            "Dictionary entries of none to eight centroids" + ", the middle 0" * zero_centroid,
            "An entry without centroids has no middle, one with a single centroid no gaps.",
            layer_of_units(
                "w",
                [len(books[index]) for index in indices],
                {"lnq_dictionary_idx": indices},
                lnq_levels=8,
                lnq_variable_levels_flag=1,
                lnq_zero_centroid_flag=zero_centroid,
                lnq_centroid_mode=LnqCentroidMode.DICTIONARY.value,
                dictionary=own,
            ),
            clauses=CLAUSES,
        )


def _around_zero(book: Sequence[int]) -> list[int]:
    """The same gaps around a middle of 0."""
    return [value - book[(len(book) - 1) // 2] for value in book]


def merged() -> Iterator[Case]:
    """Clause 15.1.5: codebooks that units take over from their neighbours."""
    full: dict[str, Sequence[int]] = {
        "lnq_merge_flag": [1, 0, 1, 1, 0, 1, 0, 1],
        "lnq_merge_idx": [1, 1, 0, 0],
    }
    holes: dict[str, Sequence[int]] = {"lnq_merge_flag": [0, 1, 1, 0], "lnq_merge_idx": [1]}
    own: dict[LnqCentroidMode, dict[str, Sequence[int]]] = {
        LnqCentroidMode.DIRECT: {
            "lnq_centre": [4, -3, 0, 1],
            "lnq_left_gap_minus1": [0, 2, 1, 3],
            "lnq_right_gap_minus1": [1, 0, 3, 2],
        },
        LnqCentroidMode.PREDICTED: {
            "lnq_centre_delta": [4, -3, 1, 0],
            "lnq_left_gap_delta": [2, 0, -1, 1],
            "lnq_right_gap_delta": [0, 3, 1, -2],
        },
        LnqCentroidMode.DICTIONARY: {"lnq_dictionary_idx": [2, 0, 1, 2]},
    }
    for mode, coded in own.items():
        options: dict[str, Any] = {
            "across": 3,
            "width": 3,
            "lnq_merge_enabled_flag": 1,
            "lnq_centroid_mode": mode.value,
        }
        if mode == LnqCentroidMode.DICTIONARY:
            options["dictionary"] = [(-3, 0, 1), (2, 4, 9), (-9, -8, -1)]
        three = {name: values[:3] for name, values in coded.items()}
        counts = [3, NO_CODEBOOK, 3, 3, 3, NO_CODEBOOK, NO_CODEBOOK, 3, NO_CODEBOOK]
        yield lnq_case(
            f"merge-{mode.value}",
            f"Codebooks of units to the left, above and last in order, {mode.name}",
            "A unit that is two of them is one candidate; one without a codebook is none; with a "
            "single candidate there is no index.",
            layer_of_units("w", [3] * 9, full | coded, **options),
            layer_of_units("v", counts, holes | three, **options),
            clauses=CLAUSES,
        )
    yield lnq_case(
        "merge-empty",
        "Codebooks without centroids that are taken over",
        "They are candidates; the prediction does not know of them.",
        layer_of_units(
            "w",
            [3, 0, 0, 2],
            {
                "lnq_lu_levels": [3, 0, 2],
                "lnq_merge_flag": [0, 1, 0],
                "lnq_centre_delta": [2, 1],
                "lnq_left_gap_delta": [1],
                "lnq_right_gap_delta": [3, -1],
            },
            lnq_variable_levels_flag=1,
            lnq_merge_enabled_flag=1,
            lnq_centroid_mode=LnqCentroidMode.PREDICTED.value,
        ),
        clauses=CLAUSES,
    )


def cases() -> Iterator[Case]:
    """Codebooks."""
    for part in (direct, variable, predicted, dictionaries, merged):
        yield from part()
