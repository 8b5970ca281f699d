"""The streams of annexes B and C, described by their elements and levels."""

from struct import pack
from typing import Final

from nnref.conformance.generator.building import Description
from nnref.conformance.generator.families.method_ledger import METHOD_LEDGER
from nnref.conformance.generator.shorthand import (
    BI,
    DC,
    INTEGER,
    LS,
    NINE_BY_TWO,
    RAW,
    SPREAD,
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
from nnref.spec.tables.enums import (
    DecompressedDataFormat,
    Dialect,
    TopologyCompressionFormat,
    UnitType,
)

LEDGER: Final = (
    Description(
        "ids-32",
        "Shift parameters for 32 remainder contexts",
        (start(), parameters(), four()),
        dialect=Dialect.NNCODEC_1,
    ),
    Description(
        "codebook-rounding",
        "A codebook entry of 25 bits",
        (
            start(),
            parameters(),
            tensor(
                "w",
                [2],
                Choices([0, -1], 1),
                codebook={
                    "codebook_egk": 0,
                    "codebook_size": 2,
                    "codebook_centre_offset": 0,
                    "codebook_zero_value": (1 << 24) + 1,
                    "codebook_delta_left": [0],
                    "codebook_delta_right": [],
                },
            ),
        ),
    ),
    Description(
        "offset-range",
        "A codeword that begins outside the range",
        (start(), parameters(), four()),
        flip=((24, 0x0C), (25, 0x80)),
    ),
    Description(
        "half-range",
        "A number beyond the output type",
        (
            start(),
            parameters(),
            tensor(
                "w",
                [2],
                Choices([100000, -100000]),
                nnr_decompressed_data_format=DecompressedDataFormat.TENSOR_FLOAT16,
            ),
        ),
    ),
    Description("profile-2", "A reserved profile", (start(2), parameters(), four())),
    Description(
        "reserved-bits",
        "Reserved and alignment bits that are not 0",
        (start(), parameters(), four()),
        flip=((8, 5), (11, 1)),
    ),
    Description(
        "topology-deflate",
        "A topology that is packed",
        (
            start(),
            parameters(),
            Unit(
                UnitType.NNR_TPL,
                {
                    "topology_storage_format": 0,
                    "topology_compression_format": TopologyCompressionFormat.NNR_DFL,
                    "topology_data": bytes.fromhex("7801010500faff6772617068063b0213"),
                },
            ),
            four(),
        ),
    ),
    Description(
        "topology-bytes",
        "Topology data that is no string",
        (
            start(),
            parameters(),
            Unit(
                UnitType.NNR_TPL,
                {
                    "topology_storage_format": 129,
                    "topology_compression_format": 0,
                    "topology_data": b"\xff\x00\xfe",
                },
            ),
            four(),
        ),
    ),
    Description(
        "trailing-byte",
        "A byte behind the codeword",
        (start(), parameters(), four(payload=b"\x00")),
    ),
    Description(
        "duplicate-name",
        "Two tensors of one name",
        (start(), parameters(), tensor("w", [1], Choices([1])), tensor("w", [1], Choices([2]))),
    ),
    Description(
        "stop-bit",
        "A bit behind the stop bit",
        (start(), parameters(), tensor("w", [1], Choices([1]))),
        flip=((-1, 1),),
    ),
    Description(
        "default-unary",
        "No unary length",
        (
            start(),
            parameters(),
            tensor(
                "w",
                [2],
                Choices([12, -10]),
                cabac_unary_length_flag=0,
                cabac_unary_length_minus1=None,
            ),
        ),
    ),
    Description(
        "dimension-shift",
        "A first dimension that was moved",
        (
            start(1),
            parameters(),
            edition_2("w", [2, 3], Choices([1, 2, 3, 4, 5, 6]), first_tensor_dimension_shift=1),
        ),
    ),
    Description(
        "integer-dq",
        "dq_flag with integers",
        (start(), parameters(), tensor("w", [2], Choices([1, 2]), **INTEGER)),
        flip=((18, 0x80),),
    ),
    Description(
        "empty-tensor", "No weights", (start(), parameters(), tensor("w", [0], Choices([])))
    ),
    Description(
        "no-dimensions",
        "A tensor of no dimensions",
        (start(), parameters(), tensor("w", [], Choices([7]))),
    ),
    Description(
        "entry-point-lie",
        "An entry point with another offset",
        (start(), parameters(), tensor("w", [9, 2], Choices(NINE_BY_TWO, -12), scan_order=1)),
        flip=((23, 1),),
    ),
    Description(
        "history-without-mask",
        "The history flag for a tensor not seen before",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            update("w", 1, [2, 2], Choices([1, 0, 0, -1], -8, history_flag=1)),
        ),
    ),
    Description(
        "tiny-step",
        "A step below the smallest binary32 number",
        (start(), parameters(base=-600), tensor("w", [3], Choices([4, 1, -4]))),
    ),
    Description(
        "scaled-factors",
        "Low rank and local scaling in one block",
        (
            start(),
            parameters(),
            block(
                ["w_G", "w_H", "w_scaling"],
                DC | LS,
                [2, 2],
                Choices([3, 5], -8),
                Choices([1, 2], -4),
                Choices([3, -1], -8),
                decomposition_rank=1,
                g_number_of_rows=2,
            ),
        ),
    ),
    Description(
        "constant-codebook",
        "A codebook of one entry",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            update(
                "w",
                1,
                [2, 2],
                Choices([0, 0, 0, 0], -8),
                codebook={
                    "codebook_egk": 0,
                    "codebook_size": 1,
                    "codebook_centre_offset": 0,
                    "codebook_zero_value": 3,
                    "codebook_delta_left": [],
                    "codebook_delta_right": [],
                },
            ),
        ),
    ),
    Description(
        "aggregate",
        "An aggregate unit",
        (start(), parameters(), Unit(UnitType.NNR_AGG, payload=b"\x00\x00")),
    ),
    Description(
        "several-names",
        "Two names for a tensor that is no block",
        (
            start(),
            parameters(),
            block(["w", "b"], BI, [2, 2], Choices([1, 2], 0), Choices([4, -2, 8, 0], -12)),
        ),
        flip=((15, 0x10),),
    ),
    Description(
        "unknown-unit",
        "A private unit before a tensor",
        (start(), parameters(), Unit(40, payload=b"private"), four()),
    ),
    Description(
        "flat-block-scan",
        "A block scan of a single row",
        (
            start(),
            parameters(),
            tensor("w", [1, 9], Choices([1, 0, -2, 0, 0, 3, 1, 1, 0], -12), scan_order=1),
        ),
    ),
    Description(
        "raw-not-last",
        "A raw tensor before another one",
        (
            start(),
            parameters(),
            tensor("r", [1], **RAW, payload=pack("<f", 1.5)),
            tensor("w", [1], Choices([1])),
        ),
    ),
    Description(
        "one-block-row",
        "A block scan with one block row",
        (start(), parameters(), tensor("w", [2, 9], Choices(SPREAD, -12), scan_order=1)),
    ),
    Description(
        "partial-counter",
        "A codeword in three parts",
        (start(), parameters(), four(cuts=(1, 4))),
    ),
    Description(
        "map-without-entries",
        "A performance map that counts 0",
        (
            start(),
            parameters(
                mps_decomposition_performance_map_flag=1,
                decomposition_performance_map={"dpm_count_thresholds": 1, "entries": []},
            ),
        ),
        flip=((11, 1),),
    ),
    Description(
        "factor-alone",
        "A factor outside a block",
        (
            start(),
            parameters(),
            tensor(
                "w_G",
                [3, 4],
                Choices([1, 0, -1, 2, 0, 1], -4),
                compressed_parameter_types=DC,
                decomposition_rank=2,
                g_number_of_rows=3,
            ),
        ),
    ),
    Description(
        "parent-device",
        "An update by another device than the parent's",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            update(
                "w",
                2,
                [3, 4],
                Choices([0, 0, 1, -1, 0, 0, 0, 0, 2, 0, 0, 0], -8),
                device_id=3,
                parent_device_id=0,
            ),
        ),
        after="update-1",
    ),
    Description(
        "base-of-history",
        "A base: no update, all of it",
        (start(1), parameters(), edition_2("w", [2, 2], Choices([3, 0, -2, 1], -8))),
    ),
    Description(
        "history-behind-a-base",
        "The history flag in the first update of a base",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            update(
                "w", 1, [2, 2], Choices([1, 0, 0, -1], -8, history_flag=1, shift_idx={0: 5, 2: 6})
            ),
        ),
        after="base-of-history",
    ),
    Description(
        "complete-tensor",
        "A unit without a parent in an update",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            edition_2("w", [2, 2], Choices([5, 0, 1, 0], -8), parent_node_id_present_flag=0),
        ),
        after="base-of-history",
    ),
    *METHOD_LEDGER,
)
"""Annexes B and C."""
