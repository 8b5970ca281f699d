"""Clause 12: chains of updates, ids and hashes of parents, temporal contexts, history, sums."""

from collections.abc import Iterator
from hashlib import sha256, sha512
from typing import Any, Final

from nnref.conformance.generator.building import Description, build
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    BI,
    DC,
    INTEGER,
    LS,
    Choices,
    Unit,
    block,
    edition_2,
    parameters,
    start,
    tensor,
    update,
)
from nnref.spec.process import UpdateState, decode_stream
from nnref.spec.tables.enums import DecompressedDataFormat, ParentNodeIdType

GROUP: Final = "updates"


def head(pre_flag: int = 0) -> tuple[Unit, Unit]:
    """Start unit and parameter set of an update."""
    return start(1), parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=pre_flag)


def chain() -> Iterator[Case]:
    """Three updates of a matrix, with every tool that looks back."""
    purpose = (
        "sig_flag looks at the history mask first, then at the base level, then at the level "
        "before; only the last stored levels are the base, while the mask grows."
    )
    for dq_flag in (0, 1):
        for depth in range(4):
            levels = Numbers(depth + 10 * dq_flag).levels(160, 9, 7)
            yield case(
                GROUP,
                f"chain-{dq_flag}-{depth}",
                f"Update {depth} of a chain, dq_flag {dq_flag}",
                purpose,
                ("12.2", "12.3", "12.4", "9.4.2"),
                *head(),
                update(
                    "w",
                    depth,
                    [16, 10],
                    Choices(levels, -9, row_skip=depth % 2 == 1, history_flag=int(depth > 1)),
                    dq_flag=dq_flag,
                    scan_order=depth % 2,
                    temporal_context_modeling_flag=int(depth > 0),
                    cabac_unary_length_minus1=11,
                ),
                after=f"chain-{dq_flag}-{depth - 1}" if depth else None,
            )


def long_history() -> Iterator[Case]:
    """Temporal and history contexts with parameter sets, in every state."""
    purpose = (
        "Temporal and history contexts have shift parameters of their own, behind the plain ones."
    )
    for dq_flag in (0, 1):
        yield case(
            GROUP,
            f"history-base-{dq_flag}",
            f"A first update of 40 x 20, dq_flag {dq_flag}",
            "An update of depth 0 names a parent that nothing is stored of.",
            ("12.1", "12.2"),
            *head(),
            update(
                "w",
                0,
                [40, 20],
                Choices(Numbers(77 + dq_flag).levels(800, 8, 11), -9),
                dq_flag=dq_flag,
                cabac_unary_length_minus1=11,
            ),
        )
        for history in (0, 1):
            states = range(24) if dq_flag else range(3)
            bases = range(24, 40) if dq_flag else range(24, 26)
            masks = (range(40, 48) if dq_flag else range(40, 41)) if history else ()
            used = (*states, *bases, *masks, *range(48, 53), *range(53, 101))
            yield case(
                GROUP,
                f"history-{dq_flag}-{history}",
                f"Temporal contexts with parameter sets, dq_flag {dq_flag}, history {history}",
                purpose,
                ("12.3", "12.4", "9.7"),
                *head(),
                update(
                    "w",
                    1,
                    [40, 20],
                    Choices(
                        Numbers(50 + history).levels(800, 8, 13),
                        -9,
                        {index: 1 + index % 8 for index in used},
                        history_flag=history,
                    ),
                    dq_flag=dq_flag,
                    temporal_context_modeling_flag=1,
                    cabac_unary_length_minus1=11,
                ),
                after=f"history-base-{dq_flag}",
            )


def identification() -> Iterator[Case]:
    """Clause 6.9.2: ids and hashes."""
    base = case(
        GROUP,
        "identified",
        "Node ids at the edges of their codes",
        "Ids are Exp-Golomb codes of orders 1, 5 and 4.",
        ("6.9.2", "7.8.3"),
        start(1),
        parameters(),
        edition_2(
            "w",
            [2],
            Choices([3, -1], -8),
            node_id_present_flag=1,
            device_id=9,
            parameter_id=1000,
            put_node_depth=40,
        ),
        edition_2(
            "v",
            [2],
            Choices([1, 1], -8),
            node_id_present_flag=1,
            device_id=0,
            parameter_id=0,
            put_node_depth=0,
        ),
    )
    yield base
    payload = _payload(base)
    for kind, name, digest in (
        (ParentNodeIdType.ICNN_NDU_PL_SHA256, "sha256", sha256(payload).digest()),
        (ParentNodeIdType.ICNN_NDU_PL_SHA512, "sha512", sha512(payload).digest()),
    ):
        yield case(
            GROUP,
            f"parent-{name}",
            f"A parent named by its {name.upper()}",
            "The hash is over the parent's payload: the bytes behind the header of its data unit.",
            ("12.1", "7.8.3"),
            *head(),
            update(
                "w",
                41,
                [2],
                Choices([0, 1], -8),
                parent_node_id_type=kind,
                parent_device_id=None,
                temporal_context_modeling_flag=1,
                **{f"parent_node_payload_{name}": int.from_bytes(digest, "big")},
            ),
            after="identified",
        )
    yield case(
        GROUP,
        "parent-alone",
        "A parent without an id of the node itself",
        "parameter_id and put_node_depth then follow parent_device_id.",
        ("6.9.2", "7.8.9"),
        *head(),
        update(
            "w",
            41,
            [2],
            Choices([0, 1], -8),
            node_id_present_flag=0,
            device_id=None,
            parameter_id=1000,
            parent_device_id=9,
            temporal_context_modeling_flag=1,
        ),
        after="identified",
    )
    yield case(
        GROUP,
        "signalling-unused",
        "Parent signalling enabled, no parent named",
        "A unit without a parent has neither history flag nor temporal contexts.",
        ("6.14.1", "7.3.3"),
        *head(1),
        edition_2("w", [2, 2], Choices([1, 0, -1, 2]), parent_node_id_present_flag=0),
    )


def _payload(described: Case) -> bytes:
    data = build(described.description, UpdateState())
    unit = decode_stream(data).units[2]
    assert unit.payload_first_byte is not None
    return data[unit.payload_first_byte : unit.first_byte + unit.size]


def of_blocks() -> Iterator[Case]:
    """Every member has a base of its own."""
    names = ["w_G", "w_H", "w.ls", "w.bias"]
    for depth in (0, 1):
        numbers = Numbers(depth)
        extra: dict[str, Any] = {
            "node_id_present_flag": 0,
            "first_tensor_dimension_shift": 0,
            "parent_node_id_present_flag": depth,
        }
        if depth:
            extra |= {
                "parent_node_id_type": 0,
                "temporal_context_modeling_flag": 1,
                "parent_device_id": 0,
                "parameter_id": 0,
                "put_node_depth": 1,
            }
        yield case(
            GROUP,
            f"block-{depth}",
            f"Update {depth} of a block with low-rank factors",
            "Temporal contexts of a block look at the stored levels of each member by its name.",
            ("12.2", "12.3", "7.8.5"),
            *head(),
            block(
                names,
                DC | LS | BI,
                [3, 4],
                *(Choices(numbers.levels(count, 5, 8), -9) for count in (3, 3, 6, 8)),
                decomposition_rank=2,
                g_number_of_rows=3,
                **extra,
            ),
            after=f"block-{depth - 1}" if depth else None,
        )


def sums() -> Iterator[Case]:
    """Clause 12.6: the same chain in both uses, with tensors left out and of several types."""
    half = {"nnr_decompressed_data_format": DecompressedDataFormat.TENSOR_FLOAT16}
    small = {"nnr_decompressed_data_format": DecompressedDataFormat.TENSOR_INT8}
    base = (
        start(1),
        parameters(),
        edition_2("f", [3], Choices([4, -8, 1], -8)),
        edition_2("h", [3], Choices([2047, 2049, -4095]), **half),
        edition_2("i", [2], Choices([120, -120]), **INTEGER, **small),
        edition_2("kept", [1], Choices([7])),
    )
    yield case(
        GROUP,
        "sum-base",
        "A base of floats, halves and integers",
        "The base of the sums that follow.",
        ("12.6",),
        *base,
    )
    yield from _small_sums(base)
    for number in (1, 2):
        units = (
            *head(1),
            edition_2("f", [3], Choices([1, 1, number], -9), parent_node_id_present_flag=0),
            edition_2("h", [3], Choices([1, number, -1]), parent_node_id_present_flag=0, **half),
            *(
                [
                    edition_2(
                        "i",
                        [2],
                        Choices([9, -9]),
                        parent_node_id_present_flag=0,
                        **INTEGER,
                        **small,
                    ),
                    edition_2("new", [1], Choices([5]), parent_node_id_present_flag=0),
                ]
                if number == 1
                else []
            ),
        )
        for semantics in ("cumulative", "non-cumulative"):
            before = "sum-base" if number == 1 else f"sum-1-{semantics}"
            yield case(
                GROUP,
                f"sum-{number}-{semantics}",
                f"Update {number}, added up in the {semantics} use",
                "Floats are added in binary32 and rounded to the old type, integers wrap around; "
                "what an update leaves out stays, or is the base's again.",
                ("12.6", "12.5"),
                *units,
                after=before,
                semantics=semantics,
            )


def _small_sums(base: tuple[Unit, ...]) -> Iterator[Case]:
    """Sums of one tensor, and of a base that is named by its hash."""
    yield case(
        GROUP,
        "sum-small",
        "An update of one tensor, added up",
        "Shapes have to be those of the base.",
        ("12.6",),
        *head(1),
        edition_2("f", [3], Choices([1, 1, 1], -9), parent_node_id_present_flag=0),
        after="sum-base",
        semantics="cumulative",
    )
    digest = sha256(build(Description("", "", base), UpdateState())).hexdigest()
    yield case(
        GROUP,
        "base-model",
        "An update that names its base by a hash",
        "The first half of the hash over the streams before stands in base_model_id.",
        ("12.7",),
        start(1),
        parameters(
            mps_parent_signalling_enabled_flag=1,
            nnr_pre_flag=1,
            base_model_id_present_flag=1,
            base_model_id=f"sha256:{digest[:32]}",
        ),
        edition_2("f", [3], Choices([1, 1, 1], -9), parent_node_id_present_flag=0),
        after="sum-base",
        semantics="cumulative",
    )


def plain_profile() -> Iterator[Case]:
    """Profile 0 has no ids."""
    yield case(
        GROUP,
        "edition-1-again",
        "A stream of profile 0 behind another one",
        "Profile 0 knows no parents: what was decoded before has no part in it.",
        ("8.1", "12.2"),
        start(),
        parameters(),
        tensor("w", [2], Choices([1, 2])),
        after="identified",
    )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (chain, long_history, identification, of_blocks, sums, plain_profile):
        yield from family()
