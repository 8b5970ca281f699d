"""What the header of a compressed data unit says about its tensors (clauses 7.8.2 to 7.8.9)."""

from dataclasses import dataclass

from nnref.codec.decoder.members import Member, check_size, unit_members
from nnref.codec.decoder.methods import method_decoder
from nnref.codec.formats import output_info
from nnref.codec.model import TensorInfo
from nnref.spec.errors import NnrError
from nnref.spec.limits import Limits
from nnref.spec.syntax import Unit, is_method, tensor_names
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import PayloadType


@dataclass(frozen=True, slots=True)
class StreamTensor:
    """One tensor of a stream, as its headers describe it."""

    name: str
    info: TensorInfo
    """Data type and shape of the tensor that comes out."""
    member: Member
    unit: Unit

    @property
    def payload_type(self) -> PayloadType:
        """nnr_compressed_data_unit_payload_type; methods give floats (clause 14.2.2)."""
        if is_method(self.unit.fields):
            return PayloadType.NNR_PT_FLOAT
        return PayloadType(self.unit.fields["nnr_compressed_data_unit_payload_type"])

    @property
    def format_code(self) -> int | None:
        """nnr_decompressed_data_format, or None when it is absent."""
        code: int | None = self.unit.fields["nnr_decompressed_data_format"]
        return code

    @property
    def tools(self) -> tuple[str, ...]:
        """The coding tools its headers switch on, by short name."""
        fields = self.unit.fields
        if is_method(fields):
            return method_decoder(fields).tools(fields)
        types = Cpt(fields["compressed_parameter_types"])
        of_weight = self.member.role in ("weight", "G", "H")
        named = (
            ("dq", fields["dq_flag"]),
            ("codebook", self.member.codebook is not None),
            ("block", self.payload_type == PayloadType.NNR_PT_BLOCK),
            (f"scan{fields['scan_order']}", fields["scan_order"]),
            ("temporal", fields["temporal_context_modeling_flag"]),
            ("low-rank", of_weight and types & Cpt.NNR_CPT_DC),
            ("local-scaling", of_weight and types & Cpt.NNR_CPT_LS),
            (self.member.role, self.member.role != "weight"),
        )
        return tuple(name for name, present in named if present)


def unit_tensors(unit: Unit, limits: Limits) -> tuple[StreamTensor, ...]:
    """The tensors of a unit that has some, in payload order; nothing is decoded.

    Raises InvalidError, UnsupportedError or LimitExceededError naming the unit.
    """
    try:
        members = _members(unit, limits)
        return tuple(StreamTensor(m.name, tensor_info(unit, m), m, unit) for m in members)
    except NnrError as error:
        raise error.at(unit=unit.index, unit_type=unit.type_name, bit=8 * unit.offset) from None


def _members(unit: Unit, limits: Limits) -> tuple[Member, ...]:
    names = tensor_names(unit.fields, unit.state.reference_list)
    if not is_method(unit.fields):
        return unit_members(unit.fields, names, limits)
    members = method_decoder(unit.fields).members(unit.fields, names)
    for member in members:
        check_size(member, limits)
    return members


def tensor_info(unit: Unit, member: Member) -> TensorInfo:
    """Clause 10.7: data type and shape of a member as it comes out. Raises as `output_info`."""
    fields = unit.fields
    kind = fields.get("nnr_compressed_data_unit_payload_type", PayloadType.NNR_PT_FLOAT)
    try:
        return output_info(fields["nnr_decompressed_data_format"], kind, member.dimensions)
    except NnrError as error:
        raise error.at(tensor=member.name, element="nnr_decompressed_data_format") from None
