"""Clause 15.1: offsets and codebooks as they are thought of, to their elements."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

Offsets = Sequence[Sequence[Sequence[int]]]
"""Clause 15.1.3: of a class, by quantizer and sign (1: negative), both signs of one length."""


def lnq_class_elements(classes: Sequence[Offsets]) -> list[dict[str, Any]]:
    """Clause 15.1.3: `lnq_classes` for the reconstruction offsets of all classes that are coded.

    A class of one quantizer whose signs differ has offsets of their own for negative magnitudes.
    """
    before: list[Offsets | None] = [None, *classes]
    return [_class_elements(one, before[number]) for number, one in enumerate(classes)]


def _class_elements(one: Offsets, before: Offsets | None) -> dict[str, Any]:
    positive, negative = one[0]
    fields: dict[str, Any] = {"lnq_offset_count": [len(signs[0]) for signs in one]}
    separate = len(one) == 1 and tuple(positive) != tuple(negative)
    if len(one) == 1:
        fields["lnq_negative_offsets_flag"] = int(separate)
    return fields | {"lnq_offset_delta": list(_deltas(one, before, 1 + separate))}


def _deltas(one: Offsets, before: Offsets | None, signs: int) -> Iterator[int]:
    for quantizer, runs in enumerate(one):
        for sign in range(signs):
            for place, offset in enumerate(runs[sign]):
                if before is not None and place < len(before[quantizer][sign]):
                    predicted = before[quantizer][sign][place]
                elif sign == 1:
                    predicted = runs[0][place]
                else:
                    predicted = runs[0][place - 1] if place else 0
                yield offset - predicted


def lnq_codebook_elements(
    centroids: Sequence[int], *, variable_levels: int, zero_centroid: int
) -> dict[str, Any]:
    """Clause 15.1.5: the elements of lnq_codebook() for strictly increasing centroids."""
    fields: dict[str, Any] = {}
    middle = max(0, (len(centroids) - 1) // 2)
    gaps = [right - left - 1 for left, right in pairwise(centroids)]
    if variable_levels:
        fields["lnq_codebook_levels"] = len(centroids)
    if centroids and not zero_centroid:
        fields["lnq_centre"] = centroids[middle]
    left, right = gaps[:middle][::-1], gaps[middle:]
    return fields | {"lnq_left_gap_minus1": left, "lnq_right_gap_minus1": right}
