"""Clause 8.2.1: compressed data in parts."""

from collections.abc import Iterator
from hashlib import sha256
from struct import pack
from typing import Final

from nnref.conformance.generator.building import build
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    BI,
    INTEGER,
    RAW,
    Choices,
    Unit,
    block,
    edition_2,
    four,
    parameters,
    start,
    tensor,
    update,
)
from nnref.spec.process import UpdateState, decode_stream
from nnref.spec.tables.enums import ParentNodeIdType

GROUP: Final = "units"
_CLAUSES: Final = ("8.2.1", "7.1.2")
_DECISIONS: Final = ("D-22",)


def payloads() -> Iterator[Case]:
    """Every payload type, cut where it hurts."""
    scanned = Numbers(8).levels(20 * 9, 12, 6)
    kinds: tuple[tuple[str, str, Unit], ...] = (
        (
            "scan",
            "Entry points count bits inside the whole payload, whatever its parts.",
            tensor("w", [20, 9], Choices(scanned, -9), dq_flag=1, scan_order=1, cuts=(5, 30, 31)),
        ),
        (
            "raw",
            "A number can begin in one part and end in the next.",
            tensor("w", [3], **RAW, payload=pack("<3f", 1.5, -2, 0.25), cuts=(1, 6)),
        ),
        (
            "integers",
            "An arithmetic codeword knows nothing of parts.",
            tensor("w", [4], Choices([100, -3, 0, 70000]), **INTEGER, cuts=(2,)),
        ),
        (
            "block",
            "All names of a block stand in every part.",
            block(["w", "b"], BI, [2, 3], Choices([1, -4], 0), Choices(range(6), -8), cuts=(3, 4)),
        ),
    )
    for name, purpose, unit in kinds:
        yield case(
            GROUP,
            f"parts-{name}",
            f"Data in parts: {name}",
            purpose,
            _CLAUSES,
            start(),
            parameters(),
            unit,
            decisions=_DECISIONS,
        )


def counts() -> Iterator[Case]:
    """Parts without bytes, the most parts, one data after the other."""
    yield case(
        GROUP,
        "parts-empty",
        "Parts without a payload",
        "The first, the last and a middle part hold nothing; the data is complete with the last.",
        _CLAUSES,
        start(),
        parameters(),
        four(cuts=(0, 3, 3, 7)),
        decisions=_DECISIONS,
    )
    yield case(
        GROUP,
        "parts-256",
        "256 parts, the most there can be",
        "The counter falls from 255 to 0.",
        _CLAUSES,
        start(),
        parameters(),
        tensor("w", [300], Choices(Numbers(9).levels(300, 12, 9), -9), cuts=tuple(range(1, 256))),
        decisions=_DECISIONS,
    )
    yield case(
        GROUP,
        "parts-and-parts",
        "Data in parts behind data in parts",
        "The last part ends the data; what follows begins anew, with a counter or without.",
        _CLAUSES,
        start(),
        parameters(),
        tensor("a", [2], Choices([1, -1]), cuts=(1,)),
        tensor("b", [2], Choices([2, -2]), cuts=(1, 2)),
        tensor("c", [2], Choices([3, -3])),
        tensor("d", [2], Choices([4, -4]), cuts=(2,)),
        decisions=_DECISIONS,
    )


def parents() -> Iterator[Case]:
    """Clause 12.1: a parent in parts, named by its hash."""
    base = case(
        GROUP,
        "parts-parent",
        "A base in parts",
        "What an update refers to is the whole tensor.",
        _CLAUSES,
        start(1),
        parameters(),
        edition_2("w", [2], Choices([3, -1], -8), cuts=(2,)),
        decisions=_DECISIONS,
    )
    yield base
    stream = build(base.description, UpdateState())
    payload = decode_stream(stream).units[-1].payload
    yield case(
        GROUP,
        "parts-hash",
        "A parent in parts, named by its hash",
        "The hash is over the payloads of all parts, one behind the other.",
        ("8.2.1", "12.1"),
        start(1),
        parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
        update(
            "w",
            1,
            [2],
            Choices([0, 1], -8),
            parent_node_id_type=ParentNodeIdType.ICNN_NDU_PL_SHA256,
            parent_device_id=None,
            parent_node_payload_sha256=int.from_bytes(sha256(payload).digest(), "big"),
        ),
        decisions=_DECISIONS,
        after="parts-parent",
    )


def cases() -> Iterator[Case]:
    """Every case of the family."""
    yield from payloads()
    yield from counts()
    yield from parents()
