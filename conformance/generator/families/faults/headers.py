"""Clauses 7 and 13.2: reserved values, and values that do not go together."""

from collections.abc import Iterator

from nnref.conformance.generator.edits import (
    put,
    remove,
)
from nnref.conformance.generator.fault import FIRST, FaultCase, broken


def reserved() -> Iterator[FaultCase]:
    """Clause 13.2."""
    tolerated = "A reserved bit is refused, or has an effect."
    for name, parent, unit, element, value in (
        ("mps", FIRST, 1, "nnr_reserved_zero_7bits", 127),
        ("mps-1", "no-tensors", 1, "nnr_reserved_zero_1bit", 1),
        ("mps-2", "no-tensors", 1, "nnr_reserved_zero_2bits", 3),
        ("lps-7", "only-layer", 2, "nnr_reserved_zero_7bits", 64),
        ("lps-1", "only-layer", 2, "nnr_reserved_zero_1_bits", 1),
        ("lps-last", "only-layer", 2, "nnr_reserved_zero_1bit", 1),
    ):
        yield broken(
            f"reserved-{name}",
            parent,
            "reserved-bits-nonzero",
            tolerated,
            put(unit, element, value),
        )
    yield broken(
        "profile",
        FIRST,
        "profile-reserved",
        "A reserved profile is read like 1.",
        put(0, "general_profile_idc", 255),
    )
    yield broken(
        "topology-format",
        "topology-1",
        "topology-format-reserved",
        tolerated,
        put(2, "topology_storage_format", 99),
    )
    guess = "A reserved value is read like one that is known."
    for value in (4, 31):
        yield broken(
            f"payload-type-{value}",
            FIRST,
            "payload-type-reserved",
            guess,
            put(2, "nnr_compressed_data_unit_payload_type", value),
        )
    for value in (10, 63):
        yield broken(
            f"data-format-{value}",
            "format-8",
            "data-format-reserved",
            guess,
            put(2, "nnr_decompressed_data_format", value),
        )
    for value in (92, 127):
        yield broken(
            f"data-format-{value}",
            "format-8",
            "data-format-reserved",
            guess,
            put(2, "nnr_decompressed_data_format", value),
            literal=None,
        )
    for value in (5, 15):
        yield broken(
            f"scan-order-{value}", FIRST, "scan-order-reserved", guess, put(2, "scan_order", value)
        )
    yield broken(
        "parent-type",
        "update-1",
        "parent-node-id-type-reserved",
        guess,
        put(2, "parent_node_id_type", 3),
    )


def methods() -> Iterator[FaultCase]:
    """Clauses 14.2.2 and 15."""
    guess = "A reserved value is read like one that is known."
    yield broken("method", "lnq-layer", "method-unknown", guess, put(2, "method_idc", 255))
    yield broken(
        "lnq-no-density", "lnq-density", "qp-density-missing", "A density is made up.", remove(2)
    )
    yield broken(
        "kernel-no-density",
        "kernels-density",
        "qp-density-missing",
        "A density is made up.",
        remove(2),
    )
    for name, element, value, rule in (
        ("kernel-rank", "low_rank_header.kernel_rank_minus1", 8, "kernel-rank"),
        ("kernel-rank-most", "low_rank_header.kernel_rank_minus1", (1 << 31) - 1, "kernel-rank"),
        ("kernel-numbers", "tensor_dimensions[3]", 0, "kernel-rank"),
        ("kernel-dimensions", "count_tensor_dimensions", 3, "kernel-dimensions"),
    ):
        more = "A rank that no product has takes memory, or dimensions are read that are not there."
        yield broken(name, "kernels-plain", rule, more, put(2, element, value))
    again = "The second tensor of a name wins."
    for name, factor in (("g", "m_G"), ("h", "m_H")):
        title = f"kernel-name-{name}"
        edit = put(3, "topology_elem_id", factor)
        yield broken(title, "kernels-plain", "tensor-name-duplicate", again, edit)
    for value, literal in ((10, "rule"), (127, None)):
        yield broken(
            f"method-format-{value}",
            "lnq-format",
            "data-format-reserved",
            guess,
            put(2, "nnr_decompressed_data_format", value),
            literal=literal,
        )


def values() -> Iterator[FaultCase]:
    """Clause 7: values and combinations."""
    zero = "A count that announces one less is taken minus one."
    for name, element in (
        ("sparsification", "spm_count_thresholds"),
        ("pruning", "ppm_count_pruning_ratios"),
        ("unification", "upm_count_thresholds"),
        ("decomposition", "dpm_count_thresholds"),
    ):
        path = f"{name}_performance_map.{element}"
        yield broken(
            f"map-{name}", f"{name}-0", "performance-map-count-zero", zero, put(1, path, 0)
        )
    for name in ("reshaped_tensor", "super_block", "block"):
        path = f"unification_performance_map.entries[0].count_{name}_dimension"
        yield broken(
            f"map-{name.replace('_', '-')}",
            "unification-1",
            "count-field-zero",
            zero,
            put(1, path, 0),
        )
    yield broken(
        "no-density", "only-layer", "qp-density-missing", "A density of 0 is made up.", remove(2)
    )
    yield broken(
        "blocks-of-nothing",
        "shape-no-columns-0",
        "tensor-dimension-zero-columns",
        "Block rows of a tensor without weights have entry points.",
        put(2, "scan_order", 1),
    )
    book = "A codebook is built before its elements are looked at."
    yield broken(
        "codebook-size",
        "constant-codebook",
        "codebook-empty",
        book,
        put(2, "codebook.codebook_size", 0),
    )
    for name, value in (("above", 4), ("below", -4)):
        yield broken(
            f"codebook-zero-{name}",
            "codebook",
            "codebook-zero-offset-range",
            book,
            put(2, "codebook.codebook_centre_offset", value),
        )
    for name, value in (("above", (1 << 31) - 1), ("below", -(1 << 31))):
        yield broken(
            f"codebook-value-{name}",
            "codebook",
            "codebook-value-overflow",
            book,
            put(2, "codebook.codebook_zero_value", value),
        )
    yield broken(
        "dq-codebook",
        "codebook",
        "dq-with-codebook",
        "A codebook and the trellis are both applied.",
        put(2, "dq_flag", 1),
    )
    yield broken(
        "dq-integers",
        "integers",
        "dq-with-integer-payload",
        "dq_flag is ignored for integers.",
        put(2, "dq_flag", 1),
    )
    yield broken(
        "no-dimensions",
        FIRST,
        "dimensions-unknown",
        "Dimensions that nobody gave are 1.",
        put(2, "input_parameters_present_flag", 0),
    )
    yield broken(
        "block-count",
        "block",
        "block-element-count",
        "Names are dealt out until there are none.",
        put(2, "compressed_parameter_types", 8),
    )
    yield broken(
        "block-single",
        FIRST,
        "block-single-element",
        "A block of one name is a weight.",
        put(2, "nnr_compressed_data_unit_payload_type", 3),
    )
    yield broken(
        "block-no-dimensions",
        "vector",
        "block-element-count",
        "A single number gets members beside it.",
        put(2, "count_tensor_dimensions", 0),
    )
    for name, element, value in (
        ("rows", "g_number_of_rows", 5),
        ("most-rows", "g_number_of_rows", (1 << 31) - 1),
        ("no-rows", "g_number_of_rows", 0),
        ("rank", "decomposition_rank", 0),
    ):
        yield broken(
            f"factor-{name}",
            "low-rank",
            "decomposition-rows",
            "Shapes of factors are divided out, with a rest.",
            put(2, element, value),
        )
    yield broken(
        "index",
        "references",
        "topology-index-range",
        "A name outside the list is taken from memory.",
        put(4, "topology_elem_id_index", 2),
    )
    yield broken(
        "split",
        "block",
        "tensor-split-undefined",
        "Several names of one tensor are guessed at.",
        put(2, "nnr_compressed_data_unit_payload_type", 1),
    )
    yield broken(
        "shift",
        "first-shift-1",
        "dimension-shift-range",
        "The shift is taken as an index.",
        put(2, "first_tensor_dimension_shift", 2),
    )
    yield broken(
        "format-payload",
        "format-8",
        "data-format-conflict",
        "Numbers are taken for bit patterns.",
        put(3, "nnr_decompressed_data_format", 79),
        literal=None,
    )
    yield broken(
        "format-scalar",
        "format-64",
        "data-format-conflict",
        "A format of no dimensions is used for a vector.",
        put(2, "nnr_decompressed_data_format", 96),
        literal=None,
    )


def faults() -> Iterator[FaultCase]:
    """The family."""
    for family in (
        reserved,
        methods,
        values,
    ):
        yield from family()
