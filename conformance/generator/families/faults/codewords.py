"""Clauses 9 and 10.5: payloads that are too short or too long, and levels that are none."""

from collections.abc import Iterator

from nnref.conformance.generator.building import Description, build
from nnref.conformance.generator.edits import (
    append,
    flip,
    put,
    replace_by,
    shorten,
)
from nnref.conformance.generator.fault import FIRST, FaultCase, broken
from nnref.conformance.generator.shorthand import (
    INTEGER,
    Choices,
    Unit,
    parameters,
    start,
    tensor,
)
from nnref.spec.process import UpdateState
from nnref.spec.syntax import codebook_elements


def payloads() -> Iterator[FaultCase]:
    """Clause 9."""
    end = "Bits behind the end of the payload are taken for zeros."
    yield broken("payload-1", FIRST, "payload-too-short", end, shorten(2, 6))
    yield broken("payload-0", FIRST, "payload-too-short", end, shorten(2, 7))
    for count in (1, 2, 4):
        yield broken(
            f"payload-less-{count}", "scan-2-17x15-dq1", "payload-truncated", end, shorten(2, count)
        )
    yield broken(
        "payload-behind",
        FIRST,
        "payload-trailing-bytes",
        "Bytes behind the codeword are ignored.",
        append(2, b"\0"),
    )
    yield broken(
        "offset",
        FIRST,
        "payload-offset-range",
        "Decoding goes on with an offset outside the range.",
        flip(24, 0x0C80),
    )
    yield broken(
        "terminate",
        FIRST,
        "payload-terminate-bin",
        "The terminate bin is not looked at.",
        put(2, "tensor_dimensions[0]", 1),
    )
    yield broken(
        "stop-bit",
        FIRST,
        "payload-stop-bit",
        "Bits behind the stop bit end a decoder.",
        flip(-1, 0x01),
    )
    for name, edit in (("more", append(2, b"\0")), ("less", shorten(2, 1))):
        yield broken(
            f"raw-{name}",
            "raw",
            "payload-size-raw",
            "Raw numbers are read until bytes run out.",
            edit,
        )
    yield broken(
        "entry-offset",
        "block-scan",
        "entry-point-mismatch",
        "Entry points are not compared: one thread and several give different tensors.",
        put(2, "entry_points[0].cabac_offset_list", 1),
    )
    yield broken(
        "entry-bits",
        "block-scan",
        "entry-point-mismatch",
        "Entry points are not compared.",
        put(2, "entry_points[0].bit_offset_delta1", 1),
    )
    yield broken(
        "entry-state",
        "scan-1-9x7-dq1",
        "entry-point-mismatch",
        "Entry points are not compared.",
        put(2, "entry_points[0].dq_state_list", 6),
    )
    yield from overflows()


def overflows() -> Iterator[FaultCase]:
    """Codewords that no level stands for."""
    head = (start(), parameters())
    wrap = "A level wraps around."
    for name, rule, level in (
        ("prefix", "remainder-prefix-too-long", 1 << 40),
        ("level-above", "level-overflow", 1 << 31),
        ("level-below", "level-overflow", -(1 << 31) - 1),
    ):
        units = (*head, tensor("w", [1], Choices([level]), cabac_unary_length_minus1=10, **INTEGER))
        yield broken(name, "one-integer", rule, wrap, replace_by(made(units), 2, "levels"))
    units = (start(), parameters(), tensor("w", [1], Choices([1 << 30]), dq_flag=1))
    yield broken(
        "quantized", "one-quantized", "level-overflow", wrap, replace_by(made(units), 2, "levels")
    )
    book = codebook_elements([-1, 0, 2], 1, 0)
    for name, level in (("above", 2), ("below", -2)):
        units = (*head, tensor("w", [2], Choices([1, level]), codebook=book))
        yield broken(
            f"codebook-{name}",
            "one-codebook",
            "codebook-index-range",
            "An index outside the codebook is taken from memory.",
            replace_by(made(units), 2, "levels"),
        )


def made(units: tuple[Unit, ...], after: UpdateState | None = None) -> bytes:
    """A stream that the literal decoder refuses in its last codeword."""
    return build(Description("", "", units, refused=True), after or UpdateState())


def faults() -> Iterator[FaultCase]:
    """The family."""
    for family in (payloads,):
        yield from family()
