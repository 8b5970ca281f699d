"""The streams of annexes B, C and D, described by their elements and levels.

Made for this document; none is the output of another program.
"""

from collections.abc import Sequence
from dataclasses import replace
from struct import pack
from typing import Any, Final

from nnref.spec.tables.enums import (
    CompressedParameterTypes,
    DecompressedDataFormat,
    Dialect,
    ParentNodeIdType,
    PayloadType,
    TopologyStorageFormat,
    UnitType,
)
from nnref.spec.tables.formats import DATA_FORMATS, PRIVATE_FORMAT_BASE, SCALAR_BIT

from .building import Description, UnitDescription
from .encoder import TensorChoices

Unit = UnitDescription
Choices = TensorChoices


def start(idc: int = 0) -> Unit:
    """A start unit."""
    return Unit(UnitType.NNR_STR, {"general_profile_idc": idc}, strict=False)


def parameters(density: int = 2, base: int = 0, **fields: Any) -> Unit:
    """A model parameter set with uniform quantization."""
    usual = {
        "topology_carriage_flag": 1,
        "mps_quantization_method_flags": 1,
        "mps_topology_indexed_reference_flag": 0,
        "mps_qp_density": density,
        "mps_quantization_parameter": base,
    }
    return Unit(UnitType.NNR_MPS, usual | fields, strict=False)


def tensor(name: str, dimensions: Sequence[int], *tensors: Choices, **fields: Any) -> Unit:
    """A compressed data unit; profile 0 and a single FLOAT tensor with U = 1 unless said."""
    usual = {
        "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_FLOAT,
        "nnr_multiple_topology_elements_present_flag": 0,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "input_parameters_present_flag": 1,
        "topology_elem_id": name,
        "codebook_present_flag": int("codebook" in fields),
        "dq_flag": 0,
        "tensor_dimensions_flag": 1,
        "cabac_unary_length_flag": 1,
        "compressed_parameter_types": 0,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "cabac_unary_length_minus1": 0,
    }
    if len(dimensions) > 1:
        usual["scan_order"] = 0
    merged = {k: v for k, v in (usual | fields).items() if v is not None}
    payload = merged.pop("payload", b"")
    return Unit(UnitType.NNR_NDU, merged, tensors, payload, strict=False)


def edition_2(name: str, dimensions: Sequence[int], *tensors: Choices, **fields: Any) -> Unit:
    """A compressed data unit of profile 1 without ids."""
    usual: dict[str, Any] = {"node_id_present_flag": 0}
    if len(dimensions) > 1:
        usual["first_tensor_dimension_shift"] = 0
    return tensor(name, dimensions, *tensors, **(usual | fields))


def update(name: str, depth: int, dimensions: Sequence[int], *tensors: Choices, **fields: Any) -> Unit:
    """A compressed data unit of an update stream."""
    usual = {
        "node_id_present_flag": 1,
        "device_id": 0,
        "parameter_id": 0,
        "put_node_depth": depth,
        "parent_node_id_present_flag": 1,
        "parent_node_id_type": ParentNodeIdType.ICNN_NDU_ID,
        "temporal_context_modeling_flag": int(depth > 1),
        "parent_device_id": 0,
    }
    return edition_2(name, dimensions, *tensors, **(usual | fields))


INTEGER: Final[dict[str, Any]] = {
    "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_INT,
    "codebook_present_flag": None,
}
RAW: Final[dict[str, Any]] = {
    "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_RAW_FLOAT,
    "codebook_present_flag": None,
    "dq_flag": None,
}


def block(names: Sequence[str], kinds: int, dimensions: Sequence[int], *tensors: Choices, **fields: Any) -> Unit:
    """A block; names in header order, tensors in the order of the codeword."""
    usual = {
        "nnr_compressed_data_unit_payload_type": PayloadType.NNR_PT_BLOCK,
        "nnr_multiple_topology_elements_present_flag": 1,
        "count_topology_elements_minus2": len(names) - 2,
        "topology_elem_id": None,
        "topology_elem_id_list": list(names),
        "compressed_parameter_types": kinds,
    }
    return tensor("", dimensions, *tensors, **(usual | fields))


LS, BI = CompressedParameterTypes.NNR_CPT_LS, CompressedParameterTypes.NNR_CPT_BI
DC = CompressedParameterTypes.NNR_CPT_DC

SPREAD: Final = [0, 1, 0, -1, 0, 2, 0, 0, 1, -1, 0, 0, 3, 0, -2, 0, 1, 0]
"""Eighteen levels."""

NINE_BY_TWO: Final = [1, 0, -2, 0, 0, 3, 1, 1, 0, 0, -1, 0, 2, 0, 0, 0, 4, -1]
SKIPPED: Final = [0, 1, 0, 0, -1, 0, 0, 0, 1] + [0] * 9 + [1, 0, 0, -2, 0, 0, 1, 0, -1]

EXAMPLES: Final = (
    Description(
        "first",
        "A tensor of four weights",
        (start(), parameters(), tensor("w", [2, 2], Choices([4, -2, 8, 0], qp_delta=-12))),
    ),
    Description(
        "integers",
        "Integers, remainders and an output type",
        (
            start(),
            parameters(mps_quantization_method_flags=0, mps_qp_density=None, mps_quantization_parameter=None),
            tensor(
                "steps",
                [4],
                Choices([0, 1, -1, 300]),
                **INTEGER,
                nnr_decompressed_data_format=DecompressedDataFormat.TENSOR_INT16,
            ),
        ),
    ),
    Description(
        "raw",
        "Raw numbers",
        (
            start(),
            parameters(),
            tensor("r", [2, 2], **RAW, payload=pack("<4f", 1.5, -2.0, 0.1, -0.0), cabac_unary_length_flag=0, cabac_unary_length_minus1=None),
        ),
    ),
    Description(
        "dependent",
        "Dependent quantization",
        (
            start(),
            parameters(),
            tensor(
                "w",
                [3, 3],
                Choices([1, -2, 3, 0, 0, 0, -1, 0, 2], qp_delta=-8),
                dq_flag=1,
                cabac_unary_length_minus1=1,
            ),
        ),
    ),
    Description(
        "shift-parameters",
        "Parameter sets chosen per context",
        (
            start(),
            parameters(),
            tensor(
                "w",
                [12],
                Choices([-1, -1, -2, -1, -1, -1, -3, -1, -1, -2, -1, -1], -20, {0: 2, 1: 5, 49: 5, 54: 1}),
            ),
        ),
    ),
    Description(
        "block-scan",
        "A block scan with two block rows",
        (start(), parameters(), tensor("w", [9, 2], Choices(NINE_BY_TWO, -12), scan_order=1)),
    ),
    Description(
        "row-skip",
        "Skipped rows in a block scan with dependent quantization",
        (
            start(1),
            parameters(),
            edition_2("w", [3, 9], Choices(SKIPPED, -8, row_skip=True), dq_flag=1, scan_order=1),
        ),
    ),
    Description(
        "codebook",
        "A codebook that bounds the bins",
        (
            start(1),
            parameters(),
            edition_2(
                "w",
                [2, 3],
                Choices([2, 0, 1, 3, 1, -1], -42),
                codebook={
                    "codebook_egk": 8,
                    "codebook_size": 5,
                    "codebook_centre_offset": -1,
                    "codebook_zero_value": -341,
                    "codebook_delta_left": [682],
                    "codebook_delta_right": [340, 682, 681],
                },
                cabac_unary_length_minus1=3,
            ),
        ),
    ),
    Description(
        "block",
        "A block of weight, scaling and bias",
        (
            start(),
            parameters(),
            block(
                ["c", "c_scaling", "d"],
                LS | BI,
                [2, 2],
                Choices([1, 2], 0),
                Choices([2, -4], -12),
                Choices([4, -2, 8, 0], -12),
            ),
        ),
    ),
    Description(
        "low-rank",
        "A weight as the product of two factors",
        (
            start(),
            parameters(),
            block(
                ["w_G", "w_H"],
                DC,
                [3, 2, 2],
                Choices([1, 0, -1, 2, 0, 1], -4),
                Choices([1, 2, 0, -1, 0, 1, 1, 3], -8),
                decomposition_rank=2,
                g_number_of_rows=3,
            ),
        ),
    ),
    Description(
        "update-1",
        "The first update of a tensor",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            update("w", 1, [3, 4], Choices([1, 0, 0, -2, 0, 0, 0, 0, 3, 0, 1, 0], -8)),
        ),
    ),
    Description(
        "update-2",
        "Temporal contexts and the history flag",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0),
            update("w", 2, [3, 4], Choices([1, 0, 0, -1, 0, 1, 0, 0, 2, 0, 0, 0], -8, history_flag=1)),
        ),
        after="update-1",
    ),
    Description(
        "layer-parameters",
        "A layer parameter set replaces density and base",
        (
            start(),
            parameters(density=2, base=-4),
            tensor("a", [2], Choices([1, -1], 0)),
            Unit(
                UnitType.NNR_LPS,
                {"lps_quantization_method_flags": 1, "lps_qp_density": 3, "lps_quantization_parameter": -16},
            ),
            tensor("b", [2], Choices([1, -1], 0)),
            Unit(UnitType.NNR_LPS, {"lps_quantization_method_flags": 0}),
            tensor("c", [2], Choices([1, -1], 0)),
        ),
    ),
    Description(
        "performance-maps",
        "Performance maps, a metric and a base model id",
        (
            start(1),
            parameters(
                mps_sparsification_flag=1,
                mps_unification_flag=1,
                base_model_id_present_flag=1,
                validation_set_performance_present_flag=1,
                base_model_id="m",
                performance_metric_type="top-1",
                sparsification_performance_map={
                    "spm_count_thresholds": 2,
                    "entries": [
                        {
                            "sparsification_threshold": 0.5,
                            "non_zero_ratio": 0.25,
                            "spm_nn_accuracy": 0.75,
                            "spm_count_classes": 2,
                            "spm_class_bitmask": 3,
                            "spm_nn_class_accuracy": [0.5, 0.625],
                        }
                    ],
                },
                unification_performance_map={
                    "upm_count_thresholds": 2,
                    "entries": [
                        {
                            "count_reshaped_tensor_dimension": 3,
                            "reshaped_tensor_dimensions": [4, 5],
                            "count_super_block_dimension": 2,
                            "super_block_dimensions": [8],
                            "count_block_dimension": 1,
                            "block_dimensions": [],
                            "unification_threshold": 0.125,
                            "upm_nn_accuracy": 0.5,
                            "upm_count_classes": 1,
                            "upm_class_bitmask": 2,
                            "upm_nn_class_accuracy": [0.25],
                        }
                    ],
                },
                validation_set_performance=0.875,
            ),
        ),
    ),
    Description(
        "references",
        "Names by index, and units that a decoder skips",
        (
            start(),
            parameters(mps_topology_indexed_reference_flag=1),
            Unit(
                UnitType.NNR_TPL,
                {
                    "topology_storage_format": TopologyStorageFormat.NNR_TPL_REFLIST,
                    "topology_compression_format": 0,
                    "count_topology_elements_minus2": 0,
                    "topology_elem_id_list": ["conv", "fc"],
                },
            ),
            Unit(40, {"nnr_unit_size_flag": 1}, payload=b"private"),
            tensor(
                "",
                [2],
                Choices([5, -5], 0),
                topology_elem_id=None,
                topology_elem_id_index=1,
                partial_data_counter_present_flag=1,
                partial_data_counter=0,
            ),
        ),
    ),
    Description(
        "scalar",
        "A private data format: one bfloat16 number without dimensions",
        (
            start(),
            parameters(),
            tensor(
                "t",
                [1],
                Choices([3], -8),
                nnr_decompressed_data_format=PRIVATE_FORMAT_BASE
                + SCALAR_BIT
                + next(n for n, f in DATA_FORMATS.items() if f.dtype == "bfloat16" and f.carriage == "value"),
            ),
        ),
    ),
    Description(
        "hash-parent",
        "A parent named by a hash, and dimensions agreed on outside the stream",
        (
            start(1),
            parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=1),
            update(
                "w",
                1,
                [2, 2],
                Choices([1, 0, 0, -1], -8),
                node_id_present_flag=0,
                device_id=None,
                parameter_id=None,
                put_node_depth=None,
                parent_node_id_type=ParentNodeIdType.ICNN_NDU_PL_SHA256,
                parent_device_id=None,
                parent_node_payload_sha256=int("0123456789abcdef" * 4, 16),
                temporal_context_modeling_flag=0,
                tensor_dimensions_flag=0,
                cabac_unary_length_flag=0,
                count_tensor_dimensions=None,
                tensor_dimensions=None,
                cabac_unary_length_minus1=None,
            ),
        ),
        out_of_band={"w": {"tensor_dimensions": [2, 2], "cabac_unary_length_minus1": 0}},
    ),
    Description(
        "dialect-1",
        "The other dialect",
        (start(), parameters(), tensor("w", [2, 3], Choices([1, 0, -1, 0, 2, 0], -12), scan_order=1)),
        dialect=Dialect.NNCODEC_1,
    ),
)
"""Annex D."""


def four(**fields: Any) -> Unit:
    """The tensor of `first`."""
    return tensor("w", [2, 2], Choices([4, -2, 8, 0], -12), **fields)


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
    Description("profile-2", "A reserved profile", (start(2), parameters(), four())),
    Description(
        "reserved-bits",
        "Reserved and alignment bits that are not 0",
        (start(), parameters(), four()),
        flip=((8, 5), (11, 1)),
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
                    "topology_storage_format": 128,
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
            tensor("w", [2], Choices([12, -10]), cabac_unary_length_flag=0, cabac_unary_length_minus1=None),
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
    Description("empty-tensor", "No weights", (start(), parameters(), tensor("w", [0], Choices([])))),
    Description(
        "no-dimensions", "A tensor of no dimensions", (start(), parameters(), tensor("w", [], Choices([7])))
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
        "aggregate", "An aggregate unit", (start(), parameters(), Unit(UnitType.NNR_AGG, payload=b"\x00\x00"))
    ),
    Description(
        "unknown-unit",
        "A private unit before a tensor",
        (start(), parameters(), Unit(40, payload=b"private"), four()),
    ),
    Description(
        "flat-block-scan",
        "A block scan of a single row",
        (start(), parameters(), tensor("w", [1, 9], Choices([1, 0, -2, 0, 0, 3, 1, 1, 0], -12), scan_order=1)),
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
        "A partial data counter in a compressed data unit",
        (start(), parameters(), four(partial_data_counter_present_flag=1, partial_data_counter=2)),
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
)
"""Annexes B and C."""

ALL: Final = (*(replace(example, worked=True) for example in EXAMPLES), *LEDGER)
