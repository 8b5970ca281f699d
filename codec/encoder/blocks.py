"""Several tensors of a layer in one compressed data unit (clause 7.8.5)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.encoder.forms import WeightForm, smallest_unit
from nnref.codec.encoder.member import quantized_member
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import (
    EncodedTensor,
    encode_tensor,
    member_report,
    pruned,
    tensor_carrier,
    weight_report,
)
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.encoder.update import Parent, encode_update
from nnref.codec.encoder.weight import Weight
from nnref.codec.encoder.weight_members import weight_members
from nnref.codec.formats import Carrier, is_quantized
from nnref.codec.model import TensorInfo
from nnref.codec.transform.pairs import Block
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import PayloadType

Array = NDArray[Any]
Infos = Mapping[str, TensorInfo]


def auto_blocks(infos: Infos, given: Iterable[Block] = ()) -> tuple[Block, ...]:
    """The blocks given, and those that names and shapes suggest for the other tensors.

    A matrix `L.weight` takes `L.bias` and `L.weight_scaling` with it, where they are float tensors
    of its data type and have one number for each of its rows.
    """
    blocks = list(given)
    taken = {name for block in blocks for name in block_members(block).values()}
    for name, info in infos.items():
        if name in taken or not name.endswith("weight") or len(info.shape) < 2:
            continue
        beside = {"bias": f"{name.removesuffix('weight')}bias", "ls": f"{name}_scaling"}
        found = {
            role: other
            for role, other in beside.items()
            if other not in taken and _goes_with(info, infos.get(other))
        }
        if found:
            blocks.append(Block(name, **found))
    return tuple(blocks)


def _goes_with(weight: TensorInfo, other: TensorInfo | None) -> bool:
    return (
        other is not None
        and is_quantized(weight.dtype)
        and (other.dtype, other.shape) == (weight.dtype, weight.shape[:1])
    )


def block_members(block: Block) -> dict[str, str]:
    """Clause 7.8.5: role -> name of the tensors of a block, the weight first."""
    names = {
        "weight": block.weight,
        "ls": block.ls,
        "bias": block.bias,
        "bn.beta": block.bn_beta,
        "bn.gamma": block.bn_gamma,
        "bn.mean": block.bn_mean,
        "bn.var": block.bn_var,
    }
    return {role: name for role, name in names.items() if name is not None}


def check_blocks(blocks: Iterable[Block], infos: Infos, settings: EncodeSettings) -> None:
    """Clause 7.8.5: raise UsageError block-members for a block that cannot be written."""
    blocks = tuple(blocks)
    counted = Counter(name for block in blocks for name in block_members(block).values())
    for block in blocks:
        members = block_members(block)
        reason = _objection(members, infos, settings)
        if reason is None and any(counted[name] > 1 for name in members.values()):
            reason = "a tensor occurs twice"
        if reason is not None:
            raise refusal("block-members", reason, tensor=block.weight)


def _objection(members: Mapping[str, str], infos: Infos, settings: EncodeSettings) -> str | None:
    absent = [name for name in members.values() if name not in infos]
    if absent:
        return f"{absent[0]!r} is not in the model"
    if len(members) == 1:
        return "it is the only tensor"
    if sum(role.startswith("bn.") for role in members) not in (0, 4):
        return "batch norm has four tensors"
    weight, alone = infos[members["weight"]], settings.for_tensor(members["weight"]).own_units
    if alone is not None:
        return f"its weight has {alone}, whose units hold one tensor; a rule can say otherwise"
    if not is_quantized(weight.dtype) or not weight.shape:
        return f"a weight of type {weight.dtype} and shape {list(weight.shape)}"
    for role, name in members.items():
        if settings.for_tensor(name).lossless:
            return f"{name!r} is to be kept without loss"
        if role != "weight" and not _goes_with(weight, infos[name]):
            return f"{name!r} has type {infos[name].dtype}, shape {list(infos[name].shape)}"
    return None


@dataclass(frozen=True, slots=True)
class Group:
    """Tensors that are encoded together: those of a block, or one tensor."""

    members: Mapping[str, str]
    """Role -> name, the weight first."""
    arrays: Mapping[str, Array]
    """By name, as are the settings and positions in the model."""
    settings: Mapping[str, EncodeSettings]
    positions: Mapping[str, int]
    required: bool = True
    """A block that cannot be written is refused; otherwise its tensors get units of their own."""
    parents: Mapping[str, Parent] | None = None
    """Of an update: what those of the tensors that the base has are added to, by name."""
    moments: Mapping[str, Moments] = field(default_factory=dict)
    """Of the inputs of those of the tensors that a calibration knows, by name."""


@dataclass(frozen=True, slots=True)
class EncodedUnit:
    """A unit and the tensors of the model that it holds."""

    data: bytes
    """Empty where an update leaves a tensor out."""
    tensors: tuple[EncodedTensor, ...]


def encode_group(group: Group, state: StreamState) -> list[EncodedUnit]:
    """The units of a group: one, or one for each tensor when an optional block cannot be written.

    Raises UsageError naming the tensor.
    """
    if len(group.members) > 1:
        try:
            return [_quantized_block(group, state)]
        except NnrError:
            if group.required:
                raise
    return list(_alone(group, state))


def _quantized_block(group: Group, state: StreamState) -> EncodedUnit:
    arrays = {name: pruned(array, group.settings[name]) for name, array in group.arrays.items()}
    group = replace(group, arrays=arrays)
    carriers = {role: _carrier(group, name) for role, name in group.members.items()}
    for role, carrier in carriers.items():
        if carrier.payload_type != PayloadType.NNR_PT_FLOAT:
            name = group.members[role]
            raise refusal("block-members", f"{name!r} cannot be quantized", tensor=name)
    return _block(group, carriers, state)


def _alone(group: Group, state: StreamState) -> Iterator[EncodedUnit]:
    for name in group.members.values():
        array, settings = group.arrays[name], group.settings[name]
        where, moments = (state, group.positions[name]), group.moments.get(name)
        if group.parents is None:
            coded = encode_tensor(name, array, settings, *where, moments=moments)
            yield EncodedUnit(coded.data, (coded.report,))
        else:
            parent = group.parents.get(name)
            updated = encode_update(name, array, settings, *where, parent, moments)
            yield EncodedUnit(updated.data, (updated.report,))


def _carrier(group: Group, name: str) -> Carrier:
    try:
        return tensor_carrier(group.arrays[name], group.settings[name])
    except NnrError as error:
        raise error.at(tensor=name) from None


def _block(group: Group, carriers: Mapping[str, Carrier], state: StreamState) -> EncodedUnit:
    """Clause 7.8.5: one NNR_PT_BLOCK unit."""
    name = group.members["weight"]
    dtype = group.arrays[name].dtype
    moments = group.moments.get(name)
    weight = Weight.of(name, carriers["weight"], group.settings[name], dtype, moments)

    def build(form: WeightForm) -> DataUnit:
        members, tools = weight_members(weight, state, form)
        for role, other in group.members.items():
            if role == "weight":
                continue
            try:
                values, own = carriers[role].values, group.settings[other]
                members.append(
                    quantized_member(other, values, own, tools, state, role, dtype=dtype)
                )
            except NnrError as error:
                raise error.at(tensor=other) from None
        return DataUnit(
            PayloadType.NNR_PT_BLOCK,
            tuple(members),
            weight.coded.shape,
            tools,
            weight.settings,
            group.positions[name],
            weight.carrier.format_code,
        )

    try:
        unit, written = smallest_unit(build, weight, state)
    except NnrError as error:
        raise error.at(tensor=name) from None
    own = weight_report(weight, group.arrays[name], unit, written, state)
    beside = (
        member_report(member, group.arrays[member.name], unit, written, state)
        for member in unit.members
        if not weight.is_part(member)
    )
    return EncodedUnit(written.data, (own, *beside))
