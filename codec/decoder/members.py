"""Clauses 7.8.5 and 7.8.6: which tensors a compressed data unit holds, in payload order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from nnref.spec.errors import refusal
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import PayloadType

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One coded tensor of a unit."""

    name: str
    role: str
    """weight, G, H, ls, bias, bn.beta, bn.gamma, bn.mean or bn.var."""
    dimensions: tuple[int, ...]
    codebook: tuple[int, ...] | None = None
    codebook_zero_offset: int = 0

    @property
    def rows(self) -> int:
        """Clause 9.6.1: the first dimension; 1 for a tensor of no dimensions."""
        return self.dimensions[0] if self.dimensions else 1

    @property
    def columns(self) -> int:
        """Clause 9.6.1: the product of the other dimensions."""
        return prod(self.dimensions[1:])

    @property
    def weights(self) -> int:
        """Number of weights."""
        return prod(self.dimensions)


_SIDE_ROLES = ("ls", "bn.beta", "bn.gamma", "bn.mean", "bn.var", "bias")
"""Header order of the members beside the weight (clause 7.8.5)."""
_PAYLOAD_ROLES = ("ls", "bias", "bn.beta", "bn.gamma", "bn.mean", "bn.var")
"""Payload order of the same; the weight, or G and H, come last."""


def unit_members(fields: Fields, names: tuple[str, ...], limits: Limits) -> tuple[Member, ...]:
    """The coded tensors of a compressed data unit, in payload order.

    `fields` are the elements of its header, `names` its topology elements in header order.
    Raises LimitExceededError when a tensor is too large, InvalidError block-element-count for a
    block without dimensions.
    """
    dimensions = tuple(fields["tensor_dimensions"])
    if fields["nnr_compressed_data_unit_payload_type"] != PayloadType.NNR_PT_BLOCK:
        members: tuple[Member, ...] = (_single(fields, dimensions, names),)
    else:
        members = _block(fields, dimensions, names)
    for member in members:
        check_size(member, limits)
    return members


def _single(fields: Fields, dimensions: tuple[int, ...], names: tuple[str, ...]) -> Member:
    role = "weight"
    suffix = names[0][-2:]
    decomposed = Cpt(fields["compressed_parameter_types"]) & Cpt.NNR_CPT_DC
    if decomposed and suffix in ("_G", "_H"):
        # Only the name says which factor it is; another member coded alone keeps its dimensions.
        role = suffix[1]
        dimensions = _factor_dimensions(fields, dimensions)[role == "H"]
    return _with_codebook(Member(names[0], role, dimensions), fields["codebook"])


def _block(
    fields: Fields, dimensions: tuple[int, ...], names: tuple[str, ...]
) -> tuple[Member, ...]:
    types = Cpt(fields["compressed_parameter_types"])
    weights = ("G", "H") if types & Cpt.NNR_CPT_DC else ("weight",)
    present = _present_roles(types)
    header_roles = weights + tuple(role for role in _SIDE_ROLES if role in present)
    by_role = dict(zip(header_roles, names, strict=True))
    side = tuple(
        Member(by_role[role], role, dimensions[:1]) for role in _PAYLOAD_ROLES if role in present
    )
    if not dimensions:
        raise refusal("block-element-count", "a block's weight has at least one dimension")
    if types & Cpt.NNR_CPT_DC:
        g_dims, h_dims = _factor_dimensions(fields, dimensions)
        return (
            *side,
            _with_codebook(Member(by_role["G"], "G", g_dims), fields["codebook"]),
            _with_codebook(Member(by_role["H"], "H", h_dims), fields["codebook_dc"]),
        )
    weight = _with_codebook(Member(by_role["weight"], "weight", dimensions), fields["codebook"])
    return (*side, weight)


def _present_roles(types: Cpt) -> frozenset[str]:
    present: set[str] = set()
    if types & Cpt.NNR_CPT_LS:
        present.add("ls")
    if types & Cpt.NNR_CPT_BI:
        present.add("bias")
    if types & Cpt.NNR_CPT_BN:
        present.update(role for role in _SIDE_ROLES if role.startswith("bn."))
    return frozenset(present)


def _factor_dimensions(
    fields: Fields, dimensions: tuple[int, ...]
) -> tuple[tuple[int, int], tuple[int, int]]:
    rank, rows = fields["decomposition_rank"], fields["g_number_of_rows"]
    return (rows, rank), (rank, prod(dimensions) // rows)


def _with_codebook(member: Member, book: Fields | None) -> Member:
    if book is None:
        return member
    return replace(
        member,
        codebook=tuple(book["codebook"]),
        codebook_zero_offset=book["codebook_zero_offset"],
    )


def check_size(member: Member, limits: Limits) -> None:
    """Clause 8.3: raises LimitExceededError limit-dimensions, limit-tensor-elements."""
    where = {"tensor": member.name, "element": "tensor_dimensions"}
    limits.check("max_dimensions", len(member.dimensions), "limit-dimensions", **where)
    limits.check("max_tensor_elements", member.weights, "limit-tensor-elements", **where)
