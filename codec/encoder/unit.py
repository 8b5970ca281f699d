"""What a compressed data unit is to hold."""

from dataclasses import dataclass
from typing import Final

from nnref.codec.decoder.updates import UpdateState
from nnref.codec.encoder.member import CodedMember, UnitTools
from nnref.codec.encoder.settings import EncodeSettings
from nnref.spec.syntax import OutOfBand
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import PayloadType

SIDE_ROLES: Final = {
    "ls": Cpt.NNR_CPT_LS,
    "bn.beta": Cpt.NNR_CPT_BN,
    "bn.gamma": Cpt.NNR_CPT_BN,
    "bn.mean": Cpt.NNR_CPT_BN,
    "bn.var": Cpt.NNR_CPT_BN,
    "bias": Cpt.NNR_CPT_BI,
}
"""Clause 7.8.5: members beside the weight, in the order of the names in the header."""
_PAYLOAD_ORDER: Final = (
    *("ls", "bias", "bn.beta", "bn.gamma", "bn.mean", "bn.var"),
    *("weight", "G", "H"),
)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Clause 12: what a unit of an update comes after."""

    stored: UpdateState
    """What is stored of its tensors (clause 12.2)."""
    named: bool
    """Whether it is the parent, and the unit an increment; a complete tensor has no parent."""

    @property
    def parent(self) -> UpdateState:
        """What the unit may be coded with: nothing without a parent."""
        return self.stored if self.named else UpdateState()


@dataclass(frozen=True, slots=True)
class DataUnit:
    """What a compressed data unit is to hold; `settings` are those of its weight."""

    payload_type: PayloadType
    members: tuple[CodedMember, ...]
    """In any order; the syntax has one for names and one for the payload."""
    dimensions: tuple[int, ...]
    """tensor_dimensions."""
    tools: UnitTools
    settings: EncodeSettings
    parameter_id: int
    """Position of the tensor in the model."""
    format_code: int | None = None
    """nnr_decompressed_data_format; None if it is inferred."""
    lineage: Lineage | None = None
    """Of a unit of an update."""

    @property
    def unary_length(self) -> int:
        """cabac_unary_length_minus1 + 1."""
        return self.tools.unary_length or self.settings.unary_length

    def in_payload(self) -> list[CodedMember]:
        """Clause 7.8.5: the members in the order of the payload."""
        return sorted(self.members, key=lambda member: _PAYLOAD_ORDER.index(member.role))

    def in_header(self) -> list[CodedMember]:
        """Clause 7.8.5: the members in the order of the header."""
        order = ("weight", "G", "H", *SIDE_ROLES)
        return sorted(self.members, key=lambda member: order.index(member.role))

    @property
    def out_of_band(self) -> OutOfBand | None:
        """Clause 7.8.9: what the stream leaves out and a decoder has to be given."""
        if not self.settings.out_of_band:
            return None
        if self.payload_type == PayloadType.NNR_PT_RAW_FLOAT:
            return OutOfBand(self.dimensions)
        return OutOfBand(self.dimensions, self.unary_length - 1)
