"""Clauses 5, 7.1 and 8.2: units that lie, are missing or cut; descriptors that end nowhere."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.edits import (
    Raw,
    append,
    copy,
    flip,
    flip_end,
    insert,
    put,
    remove,
    shorten,
    swap,
    truncate,
)
from nnref.conformance.generator.fault import FIRST, FaultCase, broken

FIRST_BYTES: Final = 31
UNIT_ENDS: Final = (4, 12)
"""Lengths at which `first` is cut between two units, and valid."""


def units() -> Iterator[FaultCase]:
    """Clauses 7.1 and 8.2."""
    size = "nnr_unit_size"
    trust = "A size is trusted before it is compared with the bytes that are there."
    order = "Units are taken as they come, whatever came before."
    yield broken("empty", FIRST, "stream-empty", "Nothing is taken for no tensors.", truncate(0))
    for unit, name in enumerate(("start", "parameters", "tensor")):
        for value in (0, 1, 2):
            yield broken(
                f"size-{value}-{name}", FIRST, "unit-size-too-small", trust, put(unit, size, value)
            )
        yield broken(f"size-large-{name}", FIRST, "unit-truncated", trust, put(unit, size, 32767))
    yield broken("size-one-less", FIRST, "unit-element-truncated", trust, put(1, size, 7))
    yield broken("size-one-more", FIRST, "unit-size-mismatch", trust, put(1, size, 9))
    yield broken("long-size", "long-sizes", "unit-truncated", trust, put(3, size, (1 << 31) - 1))
    yield broken("cut-long-size", "long-sizes", "unit-truncated", trust, truncate(3))
    yield broken("byte-behind", FIRST, "unit-size-mismatch", trust, append(1, b"\0"))
    yield broken("no-start", FIRST, "start-unit-missing", order, remove(0))
    yield broken("two-starts", FIRST, "start-unit-repeated", order, copy(0))
    yield broken("no-parameters", FIRST, "mps-missing", order, remove(1))
    yield broken("two-parameters", FIRST, "mps-repeated", order, copy(1))
    yield broken("swapped-units", FIRST, "mps-missing", order, swap(1))
    yield broken("same-name", FIRST, "tensor-name-duplicate", "The second tensor wins.", copy(2))
    yield broken(
        "aggregate",
        "unknown-unit",
        "aggregate-undefined",
        "An aggregate unit is skipped like an unknown one, and its tensors are lost.",
        put(2, "nnr_unit_type", 6),
    )
    yield broken(
        "part-missing",
        "partial-counter",
        "partial-data-parts",
        "Parts are joined without a look at their counters.",
        remove(3),
    )
    yield broken(
        "part-between",
        "partial-counter",
        "partial-data-parts",
        "Parts are joined over other units.",
        insert(3, bytes.fromhex("0003a2")),
    )
    yield broken(
        "parts-at-end",
        "partial-counter",
        "partial-data-parts",
        "A stream that ends between parts loses a tensor without a word.",
        remove(4),
    )


def truncations() -> Iterator[FaultCase]:
    """Every length of the first example but those between two units."""
    for length in range(1, FIRST_BYTES):
        if length not in UNIT_ENDS:
            yield broken(
                f"cut-{length:02}",
                FIRST,
                "unit-truncated",
                "What is left of a stream that was cut is taken for a stream.",
                truncate(length),
            )


def parts() -> Iterator[FaultCase]:
    """Clause 8.2.1: split data."""
    joined = "Parts are joined without a look at their headers."
    yield broken(
        "part-header", "partial-counter", "partial-data-parts", joined, put(3, "dq_flag", 1)
    )
    yield broken(
        "part-payload",
        "partial-counter",
        "payload-trailing-bytes",
        "Bytes behind the codeword of all parts are ignored.",
        append(4, b"\0"),
    )
    yield broken(
        "part-offset",
        "partial-counter",
        "payload-offset-range",
        "Decoding goes on with an offset outside the range.",
        flip_end(2, 0x0C),
    )
    yield broken(
        "part-stop-bit",
        "partial-counter",
        "payload-stop-bit",
        "Bits behind the stop bit end a decoder.",
        flip(-1, 0x01),
    )
    yield broken(
        "part-terminate",
        "partial-counter",
        "payload-truncated",
        "The codeword ends in a part that is not the last.",
        shorten(4, 1),
    )


def descriptors() -> Iterator[FaultCase]:
    """Clause 5."""
    count = "count_tensor_dimensions"
    yield broken(
        "exp-golomb",
        FIRST,
        "exp-golomb-too-long",
        "A run of zeros makes a number of astronomic size.",
        put(2, count, Raw("0" * 40 + "1" + "0" * 50)),
    )
    yield broken(
        "string-end",
        "second-list",
        "string-unterminated",
        "A string is read on behind its unit.",
        flip_end(2, 0x61),
    )
    yield broken(
        "string-bytes",
        FIRST,
        "string-not-utf8",
        "A name is any bytes.",
        flip(16, 0x88, "topology_elem_id"),
    )
    opaque = "Bits and bytes without a meaning end a decoder."
    yield broken("topology-end", "topology-1", "byte-string-unterminated", opaque, flip_end(2, 1))
    yield broken("alignment-one", FIRST, "alignment-bit-not-one", opaque, flip(11, 0x80))
    yield broken("alignment-zeros", FIRST, "alignment-bits-not-zero", opaque, flip(11, 0x01))


def faults() -> Iterator[FaultCase]:
    """The family."""
    for family in (
        units,
        truncations,
        parts,
        descriptors,
    ):
        yield from family()
