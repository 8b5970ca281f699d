"""Clause 10.6: from the members of a block to the tensors a user loads."""

from collections.abc import Container, Sequence
from dataclasses import replace

from nnref.codec.decoder.data_unit import CodedTensor
from nnref.codec.decoder.headers import StreamTensor, tensor_info
from nnref.codec.decoder.members import Member
from nnref.codec.formats import Array, from_carrier
from nnref.codec.quantization import kernel_weight, local_scaling, recomposition
from nnref.spec.errors import NnrError, refusal


def composed_tensors(tensors: tuple[StreamTensor, ...]) -> tuple[StreamTensor, ...]:
    """Clause 10.6: what the tensors of one unit become, from its headers alone.

    Local scaling disappears, G and H become the weight they are the factors of, the rest stays in
    payload order. Raises InvalidError local-scaling-rows naming the unit.
    """
    if len(tensors) == 1:
        return tensors
    by_role = {tensor.member.role: tensor for tensor in tensors}
    unit = tensors[0].unit
    try:
        if "ls" in by_role:
            _check_rows(by_role)
        if not {"G", "H"} <= by_role.keys():
            return tuple(tensor for tensor in tensors if tensor.member.role != "ls")
        beside = (tensor for tensor in tensors if tensor.member.role not in ("ls", "G", "H"))
        return (*beside, _weight(by_role["G"]))
    except NnrError as error:
        raise error.at(unit=unit.index, unit_type=unit.type_name, bit=8 * unit.offset) from None


def compose(coded: Sequence[CodedTensor], tensors: Sequence[StreamTensor]) -> list[Array]:
    """Clause 10.6: the arrays of `tensors`, which `composed_tensors` made of the coded ones."""
    values = composed_values(coded, tensors)
    return [output(each, tensor) for each, tensor in zip(values, tensors, strict=True)]


def composed_values(coded: Sequence[CodedTensor], tensors: Sequence[StreamTensor]) -> list[Array]:
    """The same as they are before they get their data types (clause 10.7)."""
    values = {one.member.role: one.values() for one in coded}
    if "ls" in values:
        scaled = _scaled_role(values)
        values[scaled] = local_scaling(values[scaled], values["ls"])
    if {"G", "H"} <= values.keys():
        product = kernel_weight if values["G"].ndim == 3 else recomposition
        weight = product(values["G"], values["H"])
        values["weight"] = weight.reshape(tensors[-1].member.dimensions)
    return [values[tensor.member.role] for tensor in tensors]


def handed_out(coded: Sequence[CodedTensor], tensors: Sequence[StreamTensor]) -> list[Array]:
    """Clause 10.6: the arrays of all coded tensors, none composed."""
    return [output(one.values(), tensor) for one, tensor in zip(coded, tensors, strict=True)]


def output(values: Array, tensor: StreamTensor) -> Array:
    """Clause 10.7: values in the data type and shape the tensor comes out with."""
    return from_carrier(values, tensor.format_code, tensor.payload_type)


def _scaled_role(members: Container[str]) -> str:
    return "G" if "G" in members else "weight"


def _check_rows(by_role: dict[str, StreamTensor]) -> None:
    scaled = by_role[_scaled_role(by_role)]
    factors, rows = by_role["ls"].member.weights, scaled.member.rows
    if factors != rows:
        detail = f"{factors} factors for {rows} rows"
        raise refusal("local-scaling-rows", detail, tensor=scaled.name)


def _weight(g: StreamTensor) -> StreamTensor:
    dimensions = tuple(g.unit.fields["tensor_dimensions"])
    member = Member(g.name.removesuffix("_G"), "weight", dimensions)
    return replace(g, name=member.name, info=tensor_info(g.unit, member), member=member)
