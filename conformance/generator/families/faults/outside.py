"""Clauses 8.3, 10.6 and 12: bases, sums, and what a few bytes can declare."""

from collections.abc import Iterator

from nnref.conformance.generator.building import Description, build
from nnref.conformance.generator.edits import (
    insert,
    put,
    replace_by,
)
from nnref.conformance.generator.families.blocks import scaled_factors
from nnref.conformance.generator.fault import FIRST, FaultCase, broken
from nnref.conformance.generator.shorthand import (
    Choices,
    edition_2,
    parameters,
    start,
)
from nnref.spec.process import UpdateState


def updates() -> Iterator[FaultCase]:
    """Clauses 10.6 and 12."""
    trust = "What is not stored is taken for zeros."
    yield broken("base-name", "update-2", "base-missing", trust, put(2, "topology_elem_id", "v"))
    yield broken("base-shape", "update-2", "base-missing", trust, put(2, "tensor_dimensions[1]", 5))
    wrong = "An update of another base is applied."
    yield broken("parent-depth", "update-2", "parent-mismatch", wrong, put(2, "put_node_depth", 3))
    yield broken(
        "parent-parameter", "update-2", "parent-mismatch", wrong, put(2, "parameter_id", 1)
    )
    yield broken(
        "parent-device", "parent-alone", "parent-mismatch", wrong, put(2, "parent_device_id", 8)
    )
    for name in ("sha256", "sha512"):
        yield broken(
            f"parent-{name}",
            f"parent-{name}",
            "parent-mismatch",
            wrong,
            put(2, f"parent_node_payload_{name}", 1),
        )
    state = UpdateState()
    units = (
        start(1),
        parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=1),
        edition_2("f", [2], Choices([1, 1], -9), parent_node_id_present_flag=0),
    )
    yield broken(
        "sum-shape",
        "sum-small",
        "update-mismatch",
        "Tensors of other shapes are added.",
        replace_by(build(Description("", "", units), state), 2, "tensor_dimensions"),
        literal=None,
    )
    factors = (start(), parameters(), scaled_factors([4, 2]))
    yield broken(
        "scaling-rows",
        "scaled-rows",
        "local-scaling-rows",
        "Factors are repeated, or left over.",
        replace_by(build(Description("", "", factors), state), 2, "tensor_dimensions"),
        literal=None,
    )
    yield broken(
        "composed-name",
        "composed-beside",
        "tensor-name-duplicate",
        "The composed weight and a tensor have one name, and one of them is lost.",
        put(3, "topology_elem_id", "w"),
        literal=None,
    )
    yield broken(
        "base-model",
        "base-model",
        "base-model-mismatch",
        wrong,
        put(1, "base_model_id", "sha256:" + "0" * 32),
        literal=None,
    )


def limits() -> Iterator[FaultCase]:
    """Clause 8.3: what a few bytes can declare."""
    memory = "Memory is taken for what a header declares, before the payload is looked at."
    most = (1 << 31) - 1
    yield broken(
        "bomb", FIRST, "limit-tensor-elements", memory, put(2, "tensor_dimensions[1]", most)
    )
    yield broken(
        "bomb-40",
        "shape-many-no-columns-0",
        "limit-tensor-elements",
        memory,
        put(2, "tensor_dimensions[1]", 512),
    )
    yield broken(
        "bomb-payload",
        FIRST,
        "payload-bound",
        memory,
        put(2, "tensor_dimensions[1]", 60000),
        literal="payload-truncated",
    )
    yield broken(
        "bomb-constant",
        "constant-codebook",
        "limit-total-bytes",
        memory,
        put(2, "tensor_dimensions[1]", 1 << 20),
        limits={"max_total_bytes": 1 << 16},
        literal="limit-tensor-elements",
    )
    yield broken(
        "dimension", FIRST, "limit-dimension", memory, put(2, "tensor_dimensions[0]", most + 1)
    )
    yield broken(
        "dimensions", FIRST, "limit-dimensions", memory, put(2, "count_tensor_dimensions", 33)
    )
    yield broken(
        "dimensions-million",
        FIRST,
        "limit-dimensions",
        memory,
        put(2, "count_tensor_dimensions", 1 << 20),
    )
    yield broken(
        "long-name",
        FIRST,
        "limit-name-bytes",
        memory,
        put(2, "topology_elem_id", "w" * 20),
        limits={"max_string_bytes": 16},
        literal=None,
    )
    yield broken(
        "many-units",
        FIRST,
        "limit-units",
        memory,
        insert(3, bytes.fromhex("0003a2")),
        limits={"max_units": 3},
        literal=None,
    )
    yield broken(
        "many-names",
        "second-list",
        "limit-list-entries",
        memory,
        put(2, "topology_elem_id_list[0]", "c"),
        limits={"max_list_entries": 1},
        literal=None,
    )
    yield broken(
        "names-million",
        "second-list",
        "unit-element-truncated",
        memory,
        put(2, "count_topology_elements_minus2", (1 << 20) - 2),
        literal="string-unterminated",
    )
    yield broken(
        "block-names-many",
        "block",
        "unit-element-truncated",
        memory,
        put(2, "count_topology_elements_minus2", 200),
        literal="string-not-utf8",
    )
    yield broken(
        "classes-many",
        "decomposition-1",
        "unit-element-truncated",
        memory,
        put(1, "decomposition_performance_map.entries[0].dpm_count_classes", 65535),
    )
    yield broken(
        "rank-most",
        "low-rank",
        "limit-tensor-elements",
        memory,
        put(2, "decomposition_rank", most),
    )
    yield broken(
        "codebook-million",
        "codebook",
        "unit-element-truncated",
        memory,
        put(2, "codebook.codebook_size", 1 << 20),
    )


def faults() -> Iterator[FaultCase]:
    """The family."""
    for family in (
        updates,
        limits,
    ):
        yield from family()
