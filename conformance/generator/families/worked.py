"""The worked examples of annex D, described by their elements and levels.

Made for this document; none is the output of another program.
"""

from struct import pack
from typing import Final

from nnref.conformance.generator.building import Description
from nnref.conformance.generator.shorthand import (
    BI,
    DC,
    INTEGER,
    LS,
    NINE_BY_TWO,
    RAW,
    SKIPPED,
    Choices,
    Unit,
    block,
    edition_2,
    parameters,
    start,
    tensor,
    update,
)
from nnref.spec.tables.enums import (
    DecompressedDataFormat,
    Dialect,
    ParentNodeIdType,
    TopologyStorageFormat,
    UnitType,
)
from nnref.spec.tables.formats import DATA_FORMATS, PRIVATE_FORMAT_BASE, SCALAR_BIT

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
            parameters(
                mps_quantization_method_flags=0,
                mps_qp_density=None,
                mps_quantization_parameter=None,
            ),
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
            tensor(
                "r",
                [2, 2],
                **RAW,
                payload=pack("<4f", 1.5, -2.0, 0.1, -0.0),
                cabac_unary_length_flag=0,
                cabac_unary_length_minus1=None,
            ),
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
                Choices(
                    [-1, -1, -2, -1, -1, -1, -3, -1, -1, -2, -1, -1],
                    -20,
                    {0: 2, 1: 5, 49: 5, 54: 1},
                ),
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
            update(
                "w", 2, [3, 4], Choices([1, 0, 0, -1, 0, 1, 0, 0, 2, 0, 0, 0], -8, history_flag=1)
            ),
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
                {
                    "lps_quantization_method_flags": 1,
                    "lps_qp_density": 3,
                    "lps_quantization_parameter": -16,
                },
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
                + next(
                    n
                    for n, f in DATA_FORMATS.items()
                    if f.dtype == "bfloat16" and f.carriage == "value"
                ),
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
        (
            start(),
            parameters(),
            tensor("w", [2, 3], Choices([1, 0, -1, 0, 2, 0], -12), scan_order=1),
        ),
        dialect=Dialect.NNCODEC_1,
    ),
)
"""Annex D."""
