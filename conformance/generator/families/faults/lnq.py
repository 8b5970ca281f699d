"""Clause 15.1: headers, codebooks and codewords of LNQ that are none."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.edits import append, put, replace_by, shorten
from nnref.conformance.generator.families.faults.codewords import made
from nnref.conformance.generator.families.lnq.classes import both, steps_of
from nnref.conformance.generator.families.lnq.codebooks import eight, ends, of_three, predicted_four
from nnref.conformance.generator.families.lnq.layers import DENSITY
from nnref.conformance.generator.fault import FaultCase, broken
from nnref.conformance.generator.shorthand import Unit, parameters, start
from nnref.spec.tables.enums import LuType

UNIT: Final = 2
HEADER: Final = "lnq_header"
MOST: Final = (1 << 31) - 1


def elements() -> Iterator[FaultCase]:
    """Clauses 15.1.1 to 15.1.5: one element of the header has another value."""
    guess = "A reserved value is read like one that is known."
    parent = "lnq-order-0-contexts-0"
    for name, of, element, value, rule in (
        ("mode", parent, "lnq_mode", 2, "lnq-mode-reserved"),
        ("fraction-5", parent, "lnq_fraction_bits", 5, "lnq-mode-reserved"),
        ("fraction-7", parent, "lnq_fraction_bits", 7, "lnq-mode-reserved"),
        ("context-reserved", parent, "lnq_context_mode", 3, "lnq-mode-reserved"),
        ("centroid-reserved", parent, "lnq_centroid_mode", 3, "lnq-mode-reserved"),
        *(
            (f"levels-{levels}", parent, "lnq_levels", levels, "lnq-levels-range")
            for levels in (0, 1, 9, 15)
        ),
        ("reset-2", "lnq-order-2-contexts-0", "lnq_context_mode", 2, "lnq-context-mode"),
        ("reset-3", "lnq-order-3-contexts-0", "lnq_context_mode", 2, "lnq-context-mode"),
    ):
        yield broken(f"lnq-{name}", of, rule, guess, put(UNIT, f"{HEADER}.{element}", value))
    by_layer = put(UNIT, f"{HEADER}.lnq_lu_type", int(LuType.BY_LAYER))
    for name in ("vector", "point-wise", "scalar"):
        yield broken(
            f"lnq-layer-{name}",
            f"lnq-units-{name}",
            "lnq-layer-type",
            "A layer without a shape of units of its own is cut somehow.",
            by_layer,
        )
    endless = "A unit without rows or columns never ends, or divides by 0."
    for edge in ("height", "width"):
        yield broken(
            f"lnq-{edge}-0",
            "lnq-units-size",
            "lnq-lu-size",
            endless,
            put(UNIT, f"{HEADER}.lnq_lu_{edge}", 0),
        )
        yield broken(
            f"lnq-{edge}-large",
            "lnq-units-large",
            "lnq-lu-size",
            "A size beyond 31 bits wraps around.",
            put(UNIT, f"{HEADER}.lnq_lu_{edge}", MOST + 1),
        )
    yield broken(
        "lnq-bomb",
        "lnq-class-zeros",
        "limit-tensor-elements",
        "Memory is taken for weights that no bit is spent on.",
        put(UNIT, "tensor_dimensions[1]", MOST),
    )


def tables() -> Iterator[FaultCase]:
    """Clauses 15.1.3 and 15.1.5: offsets and dictionaries of the header."""
    for value in range(9, 16):
        yield broken(
            f"lnq-codebook-{value}",
            "lnq-dictionary-variable-0",
            "lnq-levels-range",
            "A codebook has more levels than the layer.",
            put(UNIT, f"{HEADER}.lnq_dictionary[0].lnq_codebook_levels", value),
        )
    wrap = "A sum beyond 32 bits wraps around."
    entry = f"{HEADER}.lnq_dictionary[0]"
    yield broken(
        "lnq-entry-above",
        "lnq-dictionary-1",
        "lnq-centroid-overflow",
        wrap,
        put(UNIT, f"{entry}.lnq_right_gap_minus1[0]", MOST + 9),
    )
    yield broken(
        "lnq-entry-below",
        "lnq-dictionary-1",
        "lnq-centroid-overflow",
        wrap,
        put(UNIT, f"{entry}.lnq_centre", -MOST - 2),
    )
    for name, number, value in (("above", 0, MOST + 1), ("below", 1, -2 * MOST - 1)):
        yield broken(
            f"lnq-offset-{name}",
            "lnq-class-offset-ends",
            "lnq-offset-overflow",
            wrap,
            put(UNIT, f"{HEADER}.lnq_classes[{number}].lnq_offset_delta[0]", value),
        )


def codewords() -> Iterator[FaultCase]:
    """Clauses 15.1.3 to 15.1.7: one value of the codeword is another one."""
    wrap = "A sum beyond 32 bits wraps around."
    for name, centre, gap in (
        ("above", -MOST - 1, 2 * MOST + 1),
        ("below", -MOST - 2, 2 * MOST),
    ):
        coded = {"lnq_centre": [centre, MOST - 1], "lnq_right_gap_minus1": [gap, 0]}
        yield _told(
            f"centroid-{name}", "lnq-centroid-ends", "lnq-centroid-overflow", wrap, ends(coded)
        )
    yield _told(
        "code",
        "lnq-centroid-ends",
        "lnq-code-too-long",
        "A code grows without end.",
        ends({"lnq_centre": [1 << 40, 0], "lnq_right_gap_minus1": [0, 0]}),
        "lnq_centre",
    )
    fixed = "lnq-predicted-fixed"
    for name, centre, left, right, rule in (
        ("predicted-above", MOST - 1, 0, 1, "lnq-centroid-overflow"),
        ("predicted-below", -MOST - 1, 0, 1, "lnq-centroid-overflow"),
        ("order-left", -2, -1, 1, "lnq-centroid-order"),
        ("order-right", -2, 0, -1, "lnq-centroid-order"),
        ("order-back", -2, 0, -5, "lnq-centroid-order"),
    ):
        purpose = wrap if rule.endswith("overflow") else "Centroids are taken out of order."
        yield _told(name, fixed, rule, purpose, predicted_four(centre, left, right))
    yield _told(
        "dictionary",
        "lnq-dictionary-3",
        "lnq-dictionary-range",
        "An entry behind the end of the dictionary is taken from memory.",
        of_three([2, 3, 1]),
        "lnq_dictionary_idx",
    )
    yield _told(
        "symbol",
        "lnq-eight",
        "codebook-index-range",
        "A centroid beyond the codebook is taken from memory.",
        eight(5),
        "symbols",
    )


def sums() -> Iterator[FaultCase]:
    """Clause 15.1.7: integers that are multiplied by the step."""
    wrap = "An integer beyond 32 bits wraps around."
    delta = f"{HEADER}.lnq_classes[0].lnq_offset_delta[0]"
    for name, offset in (("fraction-above", 16), ("fraction-below", 1), ("sum-above", MOST)):
        parent = f"lnq-value-{name}"
        yield broken(parent, parent, "lnq-value-overflow", wrap, put(UNIT, delta, offset))
    yield _told(
        "value-sum-below",
        "lnq-value-sum-below",
        "lnq-value-overflow",
        wrap,
        steps_of([-2, 0, 0], both([MOST]), 0),
        "levels",
    )


def payloads() -> Iterator[FaultCase]:
    """Clause 9: codewords that are too short or too long."""
    for name in ("class-map-4", "order-1-contexts-2", "merge-1"):
        for count in (1, 3):
            yield broken(
                f"lnq-less-{count}-{name}",
                f"lnq-{name}",
                "payload-truncated",
                "Bits behind the end of the payload are taken for zeros.",
                shorten(UNIT if name != "merge-1" else UNIT + 1, count),
            )
        yield broken(
            f"lnq-more-{name}",
            f"lnq-{name}",
            "payload-trailing-bytes",
            "Bytes behind the codeword are ignored.",
            append(UNIT, b"\0"),
        )


def _told(
    name: str, parent: str, rule: str, purpose: str, layer: Unit, element: str = "codebook"
) -> FaultCase:
    """The layer of a parent with another value in its codeword."""
    data = made((start(), parameters(DENSITY), layer))
    return broken(f"lnq-{name}", parent, rule, purpose, replace_by(data, UNIT, element))


def faults() -> Iterator[FaultCase]:
    """The family."""
    for family in (elements, tables, codewords, sums, payloads):
        yield from family()
