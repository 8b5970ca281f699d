"""Clause 15.1: values that follow from the elements of an LNQ header."""

from itertools import accumulate

from nnref.spec.syntax.derived import INT32_MAX, INT32_MIN, Elements
from nnref.spec.syntax.expressions import derived

Offsets = list[list[list[int]]]
"""Clause 15.1.3: of one class: by quantizer, by sign (1: negative), by magnitude less 1."""


@derived("lnq_num_classes_minus1 + 1 - lnq_zero_class_flag")
def lnq_coded_classes(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 15.1.3: the classes that have offsets."""
    return int(this["lnq_num_classes_minus1"] + 1 - this["lnq_zero_class_flag"])


@derived("Sum(lnq_offset_count) * (1 + lnq_negative_offsets_flag)")
def lnq_delta_count(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 15.1.3: entries of lnq_offset_delta."""
    return sum(this["lnq_offset_count"]) * (1 + int(this["lnq_negative_offsets_flag"]))


@derived("Offset")
def lnq_offset_values(this: Elements, stream: Elements) -> list[Offsets]:  # noqa: ARG001
    """Clause 15.1.3: the reconstruction offsets of all classes that have some."""
    classes: list[Offsets] = []
    for one in this["lnq_classes"] or ():
        classes.append(_offsets(one, classes[-1] if classes else None))
    return classes


def _offsets(one: Elements, before: Offsets | None) -> Offsets:
    deltas = iter(one["lnq_offset_delta"])
    offsets: Offsets = []
    for quantizer, count in enumerate(one["lnq_offset_count"]):
        signs: list[list[int]] = []
        for sign in range(1 + one["lnq_negative_offsets_flag"]):
            run: list[int] = []
            for place in range(count):
                if before is not None and place < len(before[quantizer][sign]):
                    predicted = before[quantizer][sign][place]
                elif sign == 1:
                    predicted = signs[0][place]
                else:
                    predicted = run[-1] if run else 0
                run.append(predicted + next(deltas))
            signs.append(run)
        offsets.append(signs if len(signs) == 2 else signs * 2)
    return offsets


@derived("all offsets in -2^31..2^31 - 1")
def lnq_offsets_fit(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.1.3."""
    runs = (run for one in this["lnq_offsets"] for signs in one for run in signs)
    return all(INT32_MIN <= offset <= INT32_MAX for run in runs for offset in run)


@derived("(lnq_codebook_levels - 1) >> 1, 0 without levels")
def lnq_gaps_below(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 15.1.5: centroids below the centre."""
    return max(0, int(this["lnq_codebook_levels"]) - 1 >> 1)


@derived("lnq_codebook_levels >> 1")
def lnq_gaps_above(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 15.1.5: centroids above the centre."""
    return int(this["lnq_codebook_levels"]) >> 1


@derived("Centroid")
def lnq_centroid_values(this: Elements, stream: Elements) -> list[int]:  # noqa: ARG001
    """Clause 15.1.5: the centroids of a codebook, strictly increasing; of no levels none."""
    if this["lnq_codebook_levels"] == 0:
        return []
    centre = this["lnq_centre"]
    left = accumulate((-1 - gap for gap in this["lnq_left_gap_minus1"]), initial=centre)
    right = accumulate((1 + gap for gap in this["lnq_right_gap_minus1"]), initial=centre)
    return [*reversed(list(left)), *list(right)[1:]]


@derived("all centroids in -2^31..2^31 - 1")
def lnq_centroids_fit(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.1.5: the outermost bound all."""
    centroids = this["lnq_centroids"]
    return not centroids or (centroids[0] >= INT32_MIN and centroids[-1] <= INT32_MAX)
