"""Clauses 7.8.5 and 7.8.6: the tensors of a compressed data unit."""

from dataclasses import dataclass, field
from math import prod

from nnref.spec.process.data_unit import (
    Codebook,
    DataUnitHeader,
    EntryPoint,
    block_rows_minus1,
)
from nnref.spec.process.refused import Refused
from nnref.spec.tables.enums import CompressedParameterTypes

SIDE_MEMBERS = {
    "ls": CompressedParameterTypes.NNR_CPT_LS,
    "bn.beta": CompressedParameterTypes.NNR_CPT_BN,
    "bn.gamma": CompressedParameterTypes.NNR_CPT_BN,
    "bn.mean": CompressedParameterTypes.NNR_CPT_BN,
    "bn.var": CompressedParameterTypes.NNR_CPT_BN,
    "bias": CompressedParameterTypes.NNR_CPT_BI,
}
"""Clause 7.8.5: the members beside the weight, in the order of their names in the header."""

PAYLOAD_ORDER = ("ls", "bias", "bn.beta", "bn.gamma", "bn.mean", "bn.var", "weight", "G", "H")
"""Clause 7.8.5: the order of the members in the payload."""


@dataclass(frozen=True, slots=True)
class Member:
    """Clause 7.8.5: Block members, names and orders. One tensor of a unit."""

    name: str
    role: str
    dimensions: list[int]
    codebook: Codebook | None = None
    entry_points: list[EntryPoint] = field(default_factory=list)


def members(header: DataUnitHeader) -> list[Member]:
    """Clause 7.8.5: Block members, names and orders. All tensors of the unit, in payload order."""
    roles = member_roles(header)
    if len(roles) != len(header.names):
        detail = f"{len(header.names)} names for {', '.join(roles)}"
        raise Refused("block-element-count", detail)
    names = dict(zip(roles, header.names, strict=True))
    return [member(header, names[role], role) for role in PAYLOAD_ORDER if role in names]


def member_roles(header: DataUnitHeader) -> list[str]:
    """Clause 7.8.5: Block members, names and orders. The roles of the names in the header."""
    if not header.is_block:
        return [single_role(header)]
    present = header.compressed_parameter_types
    weight = ["G", "H"] if header.is_decomposed else ["weight"]
    return weight + [role for role, flag in SIDE_MEMBERS.items() if present & flag != 0]


def single_role(header: DataUnitHeader) -> str:
    """Clause 7.8.5: Block members, names and orders. A factor outside a block is known by the end
    of its name.
    """
    if header.is_decomposed and header.names[0].endswith("_G"):
        return "G"
    if header.is_decomposed and header.names[0].endswith("_H"):
        return "H"
    return "weight"


def member(header: DataUnitHeader, name: str, role: str) -> Member:
    """Clause 7.8.7: Codebook semantics. The weight or G owns the first codebook, H of a block the
    second; the entry points of G come before those of H.
    """
    dimensions = member_dimensions(header, role)
    if role in SIDE_MEMBERS:
        return Member(name, role, dimensions)
    if role == "H" and header.is_block:
        of_h = header.entry_points[block_rows_minus1(header, header.g_number_of_rows) :]
        return Member(name, role, dimensions, header.codebook_dc, of_h)
    return Member(name, role, dimensions, header.codebook, header.entry_points)


def member_dimensions(header: DataUnitHeader, role: str) -> list[int]:
    """Clause 7.8.6: Tensor dimensions and shapes. A member beside the weight has one number per
    row of the weight.
    """
    dimensions = header.dimensions
    if role in SIDE_MEMBERS:
        if not dimensions:
            raise Refused("block-element-count", "a block's weight has at least one dimension")
        return dimensions[:1]
    if role == "G":
        return [header.g_number_of_rows, header.decomposition_rank]
    if role == "H":
        return [header.decomposition_rank, prod(dimensions) // header.g_number_of_rows]
    return dimensions
