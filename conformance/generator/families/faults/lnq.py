"""Clause 15.1: headers, codebooks and codewords of LNQ that are none."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from nnref.conformance.generator.edits import Maker, Raw, append, put, shorten, unterminated
from nnref.conformance.generator.families.lnq.codebooks import of_eight, of_four, units_with
from nnref.conformance.generator.families.lnq.layers import QP
from nnref.conformance.generator.families.lnq.published import FLAGS, mixed_choices
from nnref.conformance.generator.fault import FaultCase, broken
from nnref.conformance.generator.lnq_encoder import LnqChoices, told
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
            for levels in (0, 9, 15)
        ),
        ("height-large", "lnq-units-large", "lnq_lu_height", MOST + 1, "lnq-lu-size"),
        ("width-large", "lnq-units-large", "lnq_lu_width", MOST + 1, "lnq-lu-size"),
    ):
        yield broken(f"lnq-{name}", of, rule, guess, put(UNIT, f"{HEADER}.{element}", value))
    by_layer = put(UNIT, f"{HEADER}.lnq_lu_type", int(LuType.BY_LAYER))
    for name in ("vector", "point-wise", "depth-wise", "scalar"):
        yield broken(
            f"lnq-layer-{name}",
            f"lnq-units-{name}",
            "lnq-layer-type",
            "A layer without a shape of units of its own is cut somehow.",
            by_layer,
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


def headers() -> Iterator[FaultCase]:
    """Clauses 15.1.1 to 15.1.5: values of a header behind which all is as a decoder that takes
    them expects it.
    """
    wrap = "A sum beyond 32 bits wraps around."
    zeros = LnqChoices([0] * 35, QP, units=[0] * 21)
    for edge in ("height", "width"):
        yield broken(
            f"lnq-{edge}-0",
            "lnq-units-size",
            "lnq-lu-size",
            "A unit without rows or columns never ends, or counts as one of one.",
            told(UNIT, zeros, "lnq-edge-zero", f"lnq_lu_{edge}", _header(f"lnq_lu_{edge}", 0)),
        )
    constants = LnqChoices(
        mixed_choices(FLAGS).levels, QP, units=FLAGS, codebooks={"lnq_centre": [3] * sum(FLAGS)}
    )
    yield broken(
        "lnq-levels-1",
        "lnq-order-0-contexts-0",
        "lnq-levels-range",
        "Units of one value are constant: they have no symbols.",
        told(UNIT, constants, "lnq-levels-one", "lnq_levels", _header("lnq_levels", 1)),
    )
    for order in (2, 3):
        yield broken(
            f"lnq-reset-{order}",
            f"lnq-order-{order}-contexts-1",
            "lnq-context-mode",
            "Contexts start afresh between groups that are none.",
            told(
                UNIT,
                mixed_choices(FLAGS),
                "lnq-reset-anywhere",
                "lnq_context_mode",
                _header("lnq_context_mode", 2),
            ),
        )
    entry = "lnq_dictionary[0]"
    for name, element, value, accepts, symbol in (
        ("above", "lnq_right_gap_minus1[0]", MOST + 9, "lnq-entry-wrap", 0),
        ("below", "lnq_centre", -MOST - 2, "lnq-entry-wrap-below", 1),
    ):
        yield broken(
            f"lnq-entry-{name}",
            "lnq-dictionary-1",
            "lnq-centroid-overflow",
            wrap,
            told(
                UNIT,
                LnqChoices([symbol] * 15, QP, units=[1] * 3),
                accepts,
                f"{entry}.{element}",
                _header(f"{entry}.{element}", value),
            ),
        )
    indices = {"lnq_dictionary_idx": [4, 0, 0, 2, 3, 4, 5, 6, 7, 8]}
    nine = Raw("1001" + "10" * 9)
    """Nine levels, the middle, and the gaps, all 0 in codes of order 1."""
    yield broken(
        "lnq-entry-levels",
        "lnq-dictionary-variable-0",
        "lnq-levels-range",
        "A codebook has more levels than the layer.",
        told(
            UNIT,
            units_with([8, 4, 4, 1, 2, 8, 3, 5, 6, 7], indices),
            "lnq-entry-levels-range",
            "lnq_dictionary[1].lnq_codebook_levels",
            _header("lnq_dictionary[1].lnq_codebook_levels", nine),
        ),
    )
    for name, number, value in (("above", 0, MOST + 1), ("below", 1, -2 * MOST - 1)):
        path = f"lnq_classes[{number}].lnq_offset_delta[0]"
        yield broken(
            f"lnq-offset-{name}",
            "lnq-class-offset-ends",
            "lnq-offset-overflow",
            wrap,
            told(
                UNIT,
                LnqChoices([0] * 6, QP, units=[0, 1]),
                "lnq-offsets-wrap",
                path,
                _header(path, value),
            ),
        )


def _header(path: str, value: Any) -> Maker:
    return put(UNIT, f"{HEADER}.{path}", value)


def codewords() -> Iterator[FaultCase]:
    """Clauses 15.1.3 to 15.1.7: one value of the codeword is another one."""
    wrap = "A sum beyond 32 bits wraps around."
    two = {"lnq_centre": [0, -MOST - 2], "lnq_right_gap_minus1": [0, 0]}
    order = "Centroids are taken out of order."
    for name, parent, rule, purpose, choices, accepts in (
        (
            "centroid-above",
            "lnq-centroid-ends",
            "lnq-centroid-overflow",
            wrap,
            replace(
                units_with([2, 2], {"lnq_centre": [0, MOST], "lnq_right_gap_minus1": [0, 0]}),
                levels=[0] * 10,
            ),
            "lnq-centroid-wrap",
        ),
        (
            "centroid-below",
            "lnq-centroid-ends",
            "lnq-centroid-overflow",
            wrap,
            replace(units_with([2, 2], two), levels=[1] * 10),
            "lnq-centroid-wrap-below",
        ),
        (
            "code",
            "lnq-centroid-ends",
            "lnq-code-too-long",
            "A code grows without end.",
            units_with([2, 2], {"lnq_centre": [0, 1], "lnq_right_gap_minus1": [0, 1 << 34]}),
            None,
        ),
        (
            "predicted-above",
            "lnq-predicted-fixed",
            "lnq-centroid-overflow",
            wrap,
            of_four(MOST - 7, 0, 0),
            "lnq-centroid-wrap",
        ),
        (
            "order-left",
            "lnq-predicted-fixed",
            "lnq-centroid-order",
            order,
            of_four(0, -4, 0),
            "lnq-order-equal",
        ),
        (
            "order-right",
            "lnq-predicted-fixed",
            "lnq-centroid-order",
            order,
            of_four(0, 0, -4),
            "lnq-order-equal",
        ),
        (
            "order-back",
            "lnq-predicted-fixed",
            "lnq-centroid-order",
            order,
            of_four(0, 0, -9),
            "lnq-order-any",
        ),
        (
            "dictionary",
            "lnq-dictionary-3",
            "lnq-dictionary-range",
            "An entry behind the end of the dictionary is taken from memory.",
            units_with([2] * 3, {"lnq_dictionary_idx": [2, 3, 1]}),
            "lnq-index-range",
        ),
        (
            "symbol",
            "lnq-eight",
            "codebook-index-range",
            "A centroid beyond the codebook is taken from memory.",
            of_eight(-4),
            "level-index-range",
        ),
    ):
        edit = told(UNIT, choices, accepts, list(choices.codebooks)[-1])
        yield broken(f"lnq-{name}", parent, rule, purpose, edit)


def sums() -> Iterator[FaultCase]:
    """Clause 15.1.7: integers that are multiplied by the step."""
    wrap = "An integer beyond 32 bits wraps around."
    delta = f"{HEADER}.lnq_classes[0].lnq_offset_delta[0]"
    for name, offset in (("fraction-above", 16), ("fraction-below", 1), ("sum-above", MOST)):
        parent = f"lnq-value-{name}"
        yield broken(parent, parent, "lnq-value-overflow", wrap, put(UNIT, delta, offset))
    edit = told(
        UNIT, LnqChoices([-2, 0, 0], QP, units=[0]), "lnq-value-wrap-below", "abs_level_greater_x"
    )
    yield broken("lnq-value-sum-below", "lnq-value-sum-below", "lnq-value-overflow", wrap, edit)


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


def terminated() -> Iterator[FaultCase]:
    """Clause 9.3.4."""
    for name in ("layer", "class-map-4", "order-1-contexts-2"):
        yield broken(
            f"lnq-terminate-{name}",
            f"lnq-{name}",
            "payload-terminate-bin",
            "The terminate bin is not looked at.",
            unterminated(UNIT),
        )


def faults() -> Iterator[FaultCase]:
    """The family."""
    for family in (elements, tables, headers, codewords, sums, payloads, terminated):
        yield from family()
