"""Clause 7: values that the syntax needs and that follow from its elements.

Every function takes the elements read so far and `stream`, what earlier units and the caller
established (`StreamState.parameters`).
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from nnref.spec.errors import refusal
from nnref.spec.syntax.expressions import derived
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import Method, PayloadType

Elements = Mapping[str, Any]

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def number_of_entry_points(fields: Elements) -> int:
    """Clause 7.8.8: block rows that an entry point leads to, all but the first of each tensor.

    `fields` are the elements of a compressed data unit, at least up to scan_order. The low-rank
    factors of a block each have block rows, G's come first; bias, scaling and batch norm none.
    """
    scan_order = fields["scan_order"]
    if not scan_order:
        return 0
    block = 4 << scan_order
    return sum(max(0, -(-rows // block) - 1) for rows in _rows(fields))


def _rows(fields: Elements) -> tuple[int, ...]:
    """The rows of each tensor of the unit that may have entry points."""
    if not fields["compressed_parameter_types"] & Cpt.NNR_CPT_DC:
        return (fields["tensor_dimensions"][0],)
    factors = (fields["g_number_of_rows"], fields["decomposition_rank"])
    if fields["nnr_compressed_data_unit_payload_type"] == PayloadType.NNR_PT_BLOCK:
        return factors
    by_suffix = {"_G": factors[:1], "_H": factors[1:]}
    return by_suffix.get(str(fields["topology_elem_id"])[-2:], (fields["tensor_dimensions"][0],))


@derived("numBlockRowsMinus1")
def entry_point_count(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 7.8.8."""
    return number_of_entry_points(this)


def first_tensor_name(this: Elements, stream: Elements) -> str | None:
    """Clause 7.8.2: the first topology element of a unit with tensors, by name.

    None when the reference is an index and no list of names was sent.
    """
    if this["topology_elem_id"] is not None:
        return str(this["topology_elem_id"])
    if this.get("topology_elem_id_list"):
        return str(this["topology_elem_id_list"][0])
    names, indices = stream["reference_list"], _indices(this)
    return names[indices[0]] if indices and indices[0] < len(names) else None


def tensor_names(this: Elements, reference_list: Sequence[str]) -> tuple[str, ...]:
    """Clause 7.8.2: the topology elements of a unit with tensors, in header order.

    An index that is not in the reference list gives an empty name. A weight of low-rank kernels
    has a name for each factor (clause 15.3.2).
    """
    if this.get("method_idc") == Method.LOW_RANK_KERNELS:
        (name,) = _referenced_names(this, reference_list)
        return (f"{name}_G", f"{name}_H")
    return _referenced_names(this, reference_list)


def _referenced_names(this: Elements, reference_list: Sequence[str]) -> tuple[str, ...]:
    if this["topology_elem_id"] is not None:
        return (this["topology_elem_id"],)
    if this.get("topology_elem_id_list"):
        return tuple(this["topology_elem_id_list"])
    length = len(reference_list)
    return tuple(reference_list[i] if i < length else "" for i in _indices(this))


def _indices(this: Elements) -> Sequence[int]:
    if this.get("topology_elem_id_index") is not None:
        return (this["topology_elem_id_index"],)
    return this.get("topology_elem_id_index_list") or ()


@derived("all indices < the length of the reference list")
def topology_indices_listed(this: Elements, stream: Elements) -> bool:
    """Clause 7.8.2: a reference list that was not sent has no names."""
    return all(index < len(stream["reference_list"]) for index in _indices(this))


@derived("the value above")
def parameter_id_above(this: Elements, stream: Elements) -> int | None:  # noqa: ARG001
    """Clause 7.8.3: parameter_id of the node, which is then also the parent's."""
    return this["parameter_id"] if this["node_id_present_flag"] else None


@derived("the value above")
def put_node_depth_above(this: Elements, stream: Elements) -> int | None:  # noqa: ARG001
    """Clause 7.8.3: put_node_depth of the node."""
    return this["put_node_depth"] if this["node_id_present_flag"] else None


def _out_of_band(this: Elements, stream: Elements) -> Any:
    """The caller's values for the first tensor, or for the weight that it is a factor of."""
    name = first_tensor_name(this, stream)
    if name is None:
        return None
    given = stream["out_of_band"]
    return given.get(name) or given.get(name.removesuffix("_G"))


@derived("out of band")
def out_of_band_dimensions(this: Elements, stream: Elements) -> list[int]:
    """Clause 7.8.6: the tensor's dimensions as the caller gave them."""
    given = _out_of_band(this, stream)
    if given is None or given.tensor_dimensions is None:
        raise refusal("dimensions-unknown", tensor=first_tensor_name(this, stream))
    return list(given.tensor_dimensions)


@derived("out of band")
def out_of_band_rank(this: Elements, stream: Elements) -> int:
    """Clause 7.8.6: their number."""
    return len(out_of_band_dimensions.function(this, stream))


@derived("out of band, else 9")
def out_of_band_unary_length_minus1(this: Elements, stream: Elements) -> int:
    """Clause 7.8.9: the caller's value, else 9."""
    given = _out_of_band(this, stream)
    if given is None or given.cabac_unary_length_minus1 is None:
        return 9
    return int(given.cabac_unary_length_minus1)


@derived("Prod(tensor_dimensions)")
def tensor_elements(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 7.8.6: weights of the tensor; of a block, of its weight."""
    return prod(this["tensor_dimensions"])


@derived("Prod(tensor_dimensions) % g_number_of_rows")
def rows_remainder(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 7.8.6: 0 without decomposition."""
    rows = this["g_number_of_rows"]
    return prod(this["tensor_dimensions"]) % rows if rows else 0


@derived("count_topology_elements_minus2 + 2")
def elements_referenced(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 7.8.5: names in the unit."""
    return (this["count_topology_elements_minus2"] or 0) + 2


@derived("the members that compressed_parameter_types implies")
def block_members(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 7.8.5: weight, or G and H; scaling; four of batch norm; bias."""
    types = this["compressed_parameter_types"]
    per_type = ((Cpt.NNR_CPT_DC, 1), (Cpt.NNR_CPT_LS, 1), (Cpt.NNR_CPT_BN, 4), (Cpt.NNR_CPT_BI, 1))
    return 1 + sum(members for flag, members in per_type if types & flag)


@derived("CB")
def codebook_values(this: Elements, stream: Elements) -> list[int]:  # noqa: ARG001
    """Clause 7.8.7: the entries of a codebook, strictly increasing."""
    value = this["codebook_zero_value"]
    left = []
    for delta in this["codebook_delta_left"]:
        value -= delta + 1
        left.append(value)
    value = this["codebook_zero_value"]
    right = []
    for delta in this["codebook_delta_right"]:
        value += delta + 1
        right.append(value)
    return [*reversed(left), this["codebook_zero_value"], *right]


@derived("CB[0] >= -2^31 && CB[codebook_size - 1] < 2^31")
def codebook_fits(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 7.8.7: the outermost entries bound all."""
    codebook = this["codebook"]
    return bool(codebook[0] >= INT32_MIN and codebook[-1] <= INT32_MAX)
