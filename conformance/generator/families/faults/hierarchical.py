"""Clause 15.4: hierarchical headers and codewords that are not."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.edits import Edited, Parent, append, flip, flip_end, put, shorten
from nnref.conformance.generator.fault import FaultCase, broken
from nnref.spec.tables.hierarchical import LEAST_FRACTION_LENGTH

_UNIT: Final = 2
_HEADER: Final = "hierarchical_header"


def _larger_centroid(parent: Parent) -> Edited:
    """The last centroid of 8 bits, 127, becomes 128."""
    return flip(parent.span(_UNIT)[1] - 3, 0x0324)(parent)


def faults() -> Iterator[FaultCase]:
    """The family."""
    wide = "Integers that binary32 does not have are rounded."
    endless = "Numbers become infinite."
    for name, parent, rule, purpose, element, value in (
        (
            "mode",
            "fixed",
            "hierarchical-mode-reserved",
            "A reserved mode is read like one that is known.",
            "hier_mode",
            3,
        ),
        ("width", "fixed", "hierarchical-width", wide, "hier_width_minus1", 24),
        ("output-width", "output", "hierarchical-width", wide, "hier_output_width_minus1", 31),
        (
            "fraction",
            "wide",
            "hierarchical-fraction-length",
            endless,
            "hier_fraction_length",
            -128,
        ),
        (
            "fraction-least",
            "wide",
            "hierarchical-fraction-length",
            endless,
            "hier_fraction_length",
            LEAST_FRACTION_LENGTH - 1,
        ),
        (
            "output-fraction",
            "output",
            "hierarchical-fraction-length",
            endless,
            "hier_output_fraction_length",
            -128,
        ),
        (
            "zero",
            "empty",
            "hierarchical-zero-index",
            "An index that no weight has is not looked at.",
            "hier_zero_index",
            3,
        ),
        (
            "zero-shared",
            "shared",
            "hierarchical-zero-index",
            "A weight is read from behind the centroids.",
            "hier_zero_index",
            1023,
        ),
        (
            "infinite",
            "shared",
            "hierarchical-centroid-finite",
            "An infinite weight is handed out.",
            "hier_centroid[1]",
            float("inf"),
        ),
        (
            "nan",
            "shared",
            "hierarchical-centroid-finite",
            "A weight that is no number is handed out.",
            "hier_centroid[3]",
            float("nan"),
        ),
        (
            "range-many",
            "wide-centroids",
            "hierarchical-centroid-range",
            "A centroid has more bits than the header says.",
            "hier_centroid_count_minus1",
            15,
        ),
    ):
        edit = put(_UNIT, f"{_HEADER}.{element}", value)
        yield broken(f"hierarchical-{name}", f"hierarchical-{parent}", rule, purpose, edit)
    yield broken(
        "hierarchical-range",
        "hierarchical-empty",
        "hierarchical-centroid-range",
        "A centroid that no weight has is not looked at.",
        _larger_centroid,
    )
    for name, rule, purpose, edit in (
        (
            "short",
            "payload-truncated",
            "A codeword without its end is taken for one.",
            shorten(_UNIT, 1),
        ),
        ("behind", "payload-trailing-bytes", "Bytes behind it are ignored.", append(_UNIT, b"\0")),
        (
            "terminate",
            "payload-terminate-bin",
            "A codeword that ends otherwise is taken for one.",
            flip_end(_UNIT, 0xFF),
        ),
    ):
        yield broken(f"hierarchical-{name}", "hierarchical-both", rule, purpose, edit)
