"""Clauses 6.1, 6.2, 6.7, 6.8, 13 and 14.2: the frame of units, and units without tensors."""

from collections.abc import Iterator
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.shorthand import Choices, Unit, four, parameters, start, tensor
from nnref.conformance.suite import MUST_SKIP
from nnref.spec.tables.enums import TopologyStorageFormat, UnitType
from nnref.spec.tables.private_units import INDEX_SIGNATURE, INDEX_UNIT

GROUP: Final = "units"


def topology(form: int, compression: int = 0, data: bytes = b"", **fields: Any) -> Unit:
    """A topology unit."""
    own: dict[str, Any] = {
        "topology_storage_format": form,
        "topology_compression_format": compression,
    }
    if form != TopologyStorageFormat.NNR_TPL_PRUN:
        own["topology_data"] = data
    return Unit(UnitType.NNR_TPL, own | fields, strict=False)


def names(*listed: str) -> Unit:
    """A reference list."""
    return Unit(
        UnitType.NNR_TPL,
        {
            "topology_storage_format": TopologyStorageFormat.NNR_TPL_REFLIST,
            "topology_compression_format": 0,
            "count_topology_elements_minus2": len(listed) - 2,
            "topology_elem_id_list": list(listed),
        },
    )


def topologies() -> Iterator[Case]:
    """Every storage format with data that is no string."""
    for form in (*range(6), 7, 127, 128, 255):
        reserved = 7 <= form <= 127
        pruned = form == TopologyStorageFormat.NNR_TPL_PRUN
        unit = topology(form, form, b"" if form == 0 else b"a\0b")
        if pruned:
            unit = Unit(UnitType.NNR_TPL, unit.fields, payload=b"\0\1\2")
        yield case(
            GROUP,
            f"topology-{form}",
            f"Topology of storage format {form}",
            "Topology data is opaque bytes up to the end of the unit, whatever the formats say.",
            ("6.7", "7.6"),
            start(),
            parameters(),
            unit,
            four(),
            decisions=("D-09",),
            kind=MUST_SKIP if reserved else "valid",
        )


def quantizations() -> Iterator[Case]:
    """The opaque quantization unit."""
    for name, form, data in (("empty", 0, b""), ("bytes", 255, b"q\0\0q")):
        yield case(
            GROUP,
            f"quantization-{name}",
            f"Quantization unit: {name}",
            "The unit has no part in decoding; its data may hold zero bytes.",
            ("6.8", "7.7"),
            start(),
            parameters(),
            Unit(
                UnitType.NNR_QNT,
                {
                    "quantization_storage_format": form,
                    "quantization_compression_format": form,
                    "quantization_data": data,
                },
            ),
            four(),
        )


def unknown() -> Iterator[Case]:
    """Units of reserved and private types, in any place."""
    for kind in (7, 31, 32, 61, 62, 63):
        yield case(
            GROUP,
            f"unknown-{kind}",
            f"Units of type {kind}",
            "Units of unknown types are passed over by their size, even an empty one, even before "
            "the model parameter set.",
            ("13.1",),
            start(),
            Unit(kind),
            parameters(),
            Unit(kind, payload=b"\0\4\2\0"),
            four(),
            Unit(kind, payload=b"end"),
            kind=MUST_SKIP,
        )
    yield case(
        GROUP,
        "unsigned-index",
        "A private unit of the index unit's type without its signature",
        "Others may use the same private type: without the signature it is an unknown unit.",
        ("14.2", "13.1"),
        start(),
        parameters(),
        four(),
        Unit(INDEX_UNIT, payload=b"nnr!whatever"),
        kind=MUST_SKIP,
    )


def frames() -> Iterator[Case]:
    """Size forms, counters, flags of the unit header."""
    yield case(
        GROUP,
        "long-sizes",
        "The long form of the size for every unit",
        "The long form may be used for units of any size, and its two more bytes count.",
        ("6.1", "7.1.1"),
        *(
            Unit(u.type, {**u.fields, "nnr_unit_size_flag": 1}, u.tensors, u.payload, u.strict)
            for u in (start(), parameters(), Unit(40, payload=b"x"), four())
        ),
    )
    yield case(
        GROUP,
        "dependent-unit",
        "independently_decodable_flag 0",
        "The flag announces a dependency and has no part in decoding.",
        ("7.1.2",),
        start(),
        parameters(independently_decodable_flag=0),
        four(independently_decodable_flag=0),
    )
    yield case(
        GROUP,
        "counters",
        "Partial data counters in every unit",
        "The counter stands between unit header and what follows; strings stay on byte boundaries.",
        ("6.2", "7.1.2"),
        *(
            Unit(
                u.type,
                {
                    **u.fields,
                    "partial_data_counter_present_flag": 1,
                    "partial_data_counter": 0,
                },
                u.tensors,
                u.payload,
                u.strict,
            )
            for u in (start(), parameters(), topology(1, 0, b"t"), four())
        ),
        Unit(
            40, {"partial_data_counter_present_flag": 1, "partial_data_counter": 255}, payload=b"x"
        ),
        decisions=("D-22",),
        kind=MUST_SKIP,
    )
    yield case(
        GROUP,
        "largest-short-size",
        "A unit of 32767 bytes, the largest short size",
        "Sizes above 15 bits take the long form: 32767 is the last that does not.",
        ("7.1.1",),
        start(),
        parameters(),
        Unit(40, payload=bytes(32767 - 3)),
        four(),
        kind=MUST_SKIP,
    )


def index(units: list[tuple[int, int, int]], listed: list[str], **fields: Any) -> Unit:
    """An index unit of (type, size, names) entries."""
    entries = [
        {"indexed_unit_type": kind, "indexed_unit_size": size}
        | ({"count_indexed_names": count} if kind == UnitType.NNR_NDU else {})
        for kind, size, count in units
    ]
    own = {
        "index_signature": INDEX_SIGNATURE,
        "count_indexed_units": len(units),
        "indexed_units": entries,
        "indexed_names": listed,
    }
    return Unit(INDEX_UNIT, own | fields)


def indexes() -> Iterator[Case]:
    """Clause 14.2.1."""
    yield case(
        GROUP,
        "index",
        "An index behind the units",
        "A decoder that does not know the unit skips it; one that does finds every unit and name.",
        ("14.2.1", "13.1"),
        start(),
        parameters(),
        tensor("w", [1], Choices([1])),
        tensor("größe", [1], Choices([2])),
        index([(0, 4, 0), (1, 8, 0), (5, 15, 1), (5, 21, 1)], ["w", "größe"], index_unit_size=36),
        kind=MUST_SKIP,
    )
    yield case(
        GROUP,
        "index-lies",
        "An index that says nothing right",
        "Decoding does not depend on the index: units that are not there and names that no unit "
        "has change nothing.",
        ("14.2.1",),
        start(),
        parameters(),
        four(),
        index(
            [(0, 0, 0), (63, 600, 0), (5, 9, 2), (5, 1, 0)],
            ["", "é"],
            index_unit_size=0,
            index_end_signature=0,
        ),
        kind=MUST_SKIP,
    )
    yield case(
        GROUP,
        "index-empty",
        "An index of no units",
        "Decoding does not depend on the index.",
        ("14.2.1",),
        start(),
        parameters(),
        four(),
        index([], [], index_unit_size=17),
        kind=MUST_SKIP,
    )
    yield case(
        GROUP,
        "index-of-many",
        "An index of 600 units",
        "An Exp-Golomb code of order 9 grows a zero from 512 on.",
        ("14.2.1", "5.3"),
        start(),
        parameters(),
        four(),
        index([(7, 3, 0)] * 600, [], index_unit_size=0),
        kind=MUST_SKIP,
    )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (topologies, quantizations, unknown, frames, indexes):
        yield from family()
