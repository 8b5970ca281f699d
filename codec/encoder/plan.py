"""Which tensors of a model are encoded together, and in what order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnref.codec.encoder.blocks import Group, auto_blocks, block_members, check_blocks
from nnref.codec.encoder.low_rank import can_be_factored
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorSource
from nnref.codec.transform.pairs import Block
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits

_SHOWN_NAME: Final = 40
"""Characters of a name that is too long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The groups of a model's tensors, in the order of the stream."""

    members: tuple[Mapping[str, str], ...]
    """Role -> name of the tensors of every group, the weight first."""
    positions: Mapping[str, int]
    """Of every tensor in the model."""
    required: bool
    factors: tuple[str, ...] = ()
    """Names that factors of the tensors may get."""

    @property
    def references(self) -> tuple[str, ...]:
        """All names that units may refer to, each once."""
        return tuple(self.positions) + self.factors

    def groups(self, source: TensorSource, settings: EncodeSettings) -> Iterator[Group]:
        """The groups with their tensors, which are read as they are wanted."""
        for members in self.members:
            names = tuple(members.values())
            yield Group(
                members,
                {name: _read(source, name) for name in names},
                {name: settings.for_tensor(name) for name in names},
                {name: self.positions[name] for name in names},
                self.required,
            )


def planned(source: TensorSource, settings: EncodeSettings) -> Plan:
    """The groups that the settings ask for: blocks where their weights are, single tensors.

    Raises UsageError block-members, tensor-name-unsupported.
    """
    names = source.names()
    for name in names:
        _check_name(name)
    blocks, required = _blocks(source, settings)
    by_weight = {block.weight: block_members(block) for block in blocks}
    within = {name for members in by_weight.values() for name in members.values()}
    groups = (
        by_weight.get(name, {"weight": name})
        for name in names
        if name in by_weight or name not in within
    )
    positions = {name: index for index, name in enumerate(names)}
    return Plan(tuple(groups), positions, required, _factor_names(source, settings))


def _factor_names(source: TensorSource, settings: EncodeSettings) -> tuple[str, ...]:
    """The names of all factors that there may be. Raises UsageError setting-conflict."""
    known = set(source.names())
    factors = []
    for name in source.names():
        info, own = source.info(name), settings.for_tensor(name)
        asked = own.low_rank is not None or own.low_rank_error is not None
        if not (asked and is_quantized(info.dtype) and can_be_factored(info.shape)):
            continue
        for factor in (f"{name}_G", f"{name}_H"):
            if factor in known:
                raise refusal("setting-conflict", f"low rank and a tensor {factor!r}", tensor=name)
            factors.append(factor)
    return tuple(factors)


def _blocks(source: TensorSource, settings: EncodeSettings) -> tuple[tuple[Block, ...], bool]:
    """The blocks, and whether they have to be written as such."""
    if not settings.blocks:
        return (), False
    infos = {name: source.info(name) for name in source.names()}
    if isinstance(settings.blocks, str):
        blocks = auto_blocks(infos)
        return tuple(b for b in blocks if not _kept_apart(b, settings)), False
    check_blocks(settings.blocks, infos, settings)
    return settings.blocks, True


def _kept_apart(block: Block, settings: EncodeSettings) -> bool:
    return any(settings.for_tensor(name).lossless for name in block_members(block).values())


def _check_name(name: str) -> None:
    """Clause 8.3: no longer than a decoder takes unless it is told to."""
    size, most = len(name.encode(errors="replace")), Limits().max_string_bytes
    if size > most:
        detail = f"a name of {size} bytes is more than max_string_bytes = {most}"
        raise refusal("tensor-name-unsupported", detail, tensor=f"{name[:_SHOWN_NAME]}...")


def _read(source: TensorSource, name: str) -> NDArray[Any]:
    try:
        return source.read(name)
    except NnrError as error:
        raise error.at(tensor=name) from None
