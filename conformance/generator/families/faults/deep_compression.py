"""Clause 15.6: headers and payloads of deep compression that are not."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.edits import (
    Edited,
    Parent,
    Raw,
    append,
    flip,
    flip_end,
    put,
    recode,
    shorten,
)
from nnref.conformance.generator.fault import FaultCase, broken

_UNIT: Final = 2
_HEADER: Final = "deep_compression_header"


def _first_bit(parent: Parent) -> Edited:
    """The first bit of a payload of three bytes."""
    return flip(parent.span(_UNIT)[1] - 3, 0x80)(parent)


def _nine_bits(parent: Parent) -> Edited:
    """deep_gap_bits 9, and lengths of 0 for 256 further gaps."""
    bits = parent.element(_UNIT, f"{_HEADER}.deep_gap_bits")
    last = parent.element(_UNIT, f"{_HEADER}.deep_gap_length[255]")
    longer = put(_UNIT, last.path, Raw(f"{last.value:04b}" + "0000" * 256))(parent)
    number = int.from_bytes(longer.data, "big") + (1 << (8 * len(longer.data) - bits.bit - 4))
    data = number.to_bytes(len(longer.data), "big")
    return Edited(data, "set", _UNIT, bits.path, "8", "9")


def faults() -> Iterator[FaultCase]:
    """The family."""
    for name, parent, rule, purpose, edit in (
        (
            "gap-bits",
            "deep-gaps-8",
            "deep-gap-bits",
            "Memory is taken for a code of 2^15 gaps.",
            put(_UNIT, f"{_HEADER}.deep_gap_bits", 15),
        ),
        (
            "centroid",
            "deep-example",
            "deep-centroid-finite",
            "An infinite weight is handed out.",
            put(_UNIT, f"{_HEADER}.deep_centroid[0]", float("inf")),
        ),
        (
            "centroid-nan",
            "deep-example",
            "deep-centroid-finite",
            "A weight that is no number is handed out.",
            put(_UNIT, f"{_HEADER}.deep_centroid[0]", float("nan")),
        ),
        (
            "code-less",
            "deep-example",
            "deep-code-lengths",
            "A decoder waits for a word that never comes.",
            put(_UNIT, f"{_HEADER}.deep_index_length[1]", 2),
        ),
        (
            "code-more",
            "deep-example",
            "deep-code-lengths",
            "Words of one code begin with each other.",
            put(_UNIT, f"{_HEADER}.deep_gap_length[3]", 2),
        ),
        (
            "code-none",
            "deep-zeros",
            "deep-code-lengths",
            "A code without words gives symbols for no bits.",
            put(_UNIT, f"{_HEADER}.deep_index_length[0]", 0),
        ),
        (
            "code-over",
            "deep-example",
            "deep-code-lengths",
            "Words that a code has beyond the last are never read.",
            recode(
                _UNIT,
                b"\xef\xc0",
                "deep_gap_length",
                put(_UNIT, f"{_HEADER}.deep_gap_length[1]", 1),
            ),
        ),
        (
            "code-long",
            "deep-single",
            "deep-code-lengths",
            "A single word may be of any length.",
            recode(
                _UNIT, bytes(5), "deep_gap_length", put(_UNIT, f"{_HEADER}.deep_gap_length[2]", 2)
            ),
        ),
        (
            "gap-bits-9",
            "deep-gaps-8",
            "deep-gap-bits",
            "A code of 512 gaps is a code, too.",
            _nine_bits,
        ),
        (
            "word",
            "deep-single",
            "deep-code-word",
            "Any bit is taken for the only word.",
            _first_bit,
        ),
        (
            "word-last",
            "deep-pair",
            "deep-code-word",
            "Bits that are no word are passed over.",
            recode(_UNIT, b"\x80\x00", "deep_index_length"),
        ),
        (
            "bound",
            "deep-example",
            "deep-payload-bound",
            "Memory is taken for weights that the payload cannot reach.",
            put(_UNIT, "tensor_dimensions[0]", 1000),
        ),
        (
            "position",
            "deep-reach",
            "deep-entry-position",
            "A weight is written behind the tensor.",
            put(_UNIT, "tensor_dimensions[1]", 2),
        ),
        (
            "short",
            "deep-example",
            "unit-element-truncated",
            "Bits behind the end of the payload are taken for zeros.",
            shorten(_UNIT, 1),
        ),
        (
            "behind",
            "deep-example",
            "deep-payload-end",
            "Bytes behind the last entry are ignored.",
            append(_UNIT, b"\0"),
        ),
        (
            "padding",
            "deep-example",
            "deep-payload-end",
            "Bits behind the last entry are ignored.",
            flip_end(_UNIT, 0x01),
        ),
    ):
        yield broken(f"deep-{name}", parent, rule, purpose, edit)
