"""Which tensors of a model are encoded together, and in what order."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from numpy.typing import NDArray

from nnref.codec.calibration import Calibration, Moments
from nnref.codec.decoder.bases import Base
from nnref.codec.encoder.blocks import Group, auto_blocks, block_members, check_blocks
from nnref.codec.encoder.calibrated_model import moments_of, shares
from nnref.codec.encoder.low_rank import can_be_factored
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.update import Parent
from nnref.codec.encoder.weight import can_be_scaled, scaling_name
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorInfo, TensorSource
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
    settings: Mapping[str, EncodeSettings]
    """Of every tensor."""
    made: tuple[str, ...] = ()
    """Names that what the encoder makes of tensors may get: factors, local scaling."""
    shares: Mapping[str, float | None] = field(default_factory=dict)
    """What is asked of the tensors that are quantized by a calibration: `Moments.share`."""

    @property
    def references(self) -> tuple[str, ...]:
        """All names that units may refer to, each once."""
        return tuple(self.positions) + self.made

    def groups(
        self,
        source: TensorSource,
        base: Base | None = None,
        calibration: Calibration | None = None,
    ) -> Iterator[Group]:
        """The groups with their tensors, those of a base and moments; read as they are wanted."""
        known = frozenset[str]() if base is None else frozenset(base.names())
        for members in self.members:
            names = tuple(members.values())
            yield Group(
                members,
                {name: _read(source, name) for name in names},
                {name: self.settings[name] for name in names},
                {name: self.positions[name] for name in names},
                self.required,
                None if base is None else {n: Parent(*base.read(n)) for n in names if n in known},
                {} if calibration is None else self._moments(source, calibration, names),
            )

    def _moments(
        self, source: TensorSource, calibration: Calibration, names: Iterable[str]
    ) -> dict[str, Moments]:
        return {
            name: replace(moments_of(source, calibration, name), share=self.shares[name])
            for name in names
            if name in self.shares
        }


def planned(
    source: TensorSource,
    settings: EncodeSettings,
    base: Base | None = None,
    calibration: Calibration | None = None,
) -> Plan:
    """The groups that the settings ask for: blocks where their weights are, single tensors.

    Raises UsageError block-members, tensor-name-unsupported, setting-conflict, tensor-unknown, and
    for an update of a base update-impossible.
    """
    names = source.names()
    for name in names:
        _check_name(name)
    if base is not None:
        _check_update(names, settings, base)
    elif settings.predictive or settings.parent_id != "ids":
        asked = "predictive" if settings.predictive else "parent_id"
        raise refusal("setting-conflict", f"{asked} without a base")
    blocks, required = _blocks(source, settings)
    by_weight = {block.weight: block_members(block) for block in blocks}
    within = {name for members in by_weight.values() for name in members.values()}
    groups = (
        by_weight.get(name, {"weight": name})
        for name in names
        if name in by_weight or name not in within
    )
    positions = {name: index for index, name in enumerate(names)}
    scaled = {block.weight for block in blocks if block.ls is not None}
    own = {name: _own_settings(name, settings, scaled, positions) for name in names}
    if base is not None:
        _check_coded_in_updates(own)
    made = _made_names(source, own)
    by_inputs = {} if calibration is None else shares(source, settings, own, calibration)
    return Plan(tuple(groups), positions, required, own, made, by_inputs)


def _check_update(names: Iterable[str], settings: EncodeSettings, base: Base) -> None:
    """Clause 12.6: what no update can do, or ours do not."""
    for name, asked in (
        ("profile 0", settings.profile == 0),
        ("compatible", settings.compatible),
        ("blocks", bool(settings.blocks)),
    ):
        if asked:
            raise refusal("setting-conflict", f"{name} and a base")
    for name in sorted(set(base.names()).difference(names)):
        detail = "it is in the base and not in the new model; no update takes it away"
        raise refusal("update-impossible", detail, tensor=name)


def _check_coded_in_updates(settings: Mapping[str, EncodeSettings]) -> None:
    """Clauses 12 and 15: units of an update are compressed data units, or continue a video; other
    methods are left out of updates. Differences are not pruned.
    """
    for name, own in settings.items():
        if own.own_units is not None and own.method is None:
            detail = f"{own.own_units} and a base: leave one of them out"
            raise refusal("setting-conflict", detail, tensor=name)
        if own.prune or own.prune_deviations:
            detail = "prune and a base: an update codes differences; prune the new model before"
            raise refusal("setting-conflict", detail, tensor=name)


def _own_settings(
    name: str, settings: EncodeSettings, scaled: Container[str], known: Container[str]
) -> EncodeSettings:
    """The settings of one tensor; local scaling of the model's own stays."""
    # The base is one of parameter sets; what is left is what rules say of the tensor's layer.
    own = replace(settings, base_qp=None).for_tensor(name)
    if own.local_scaling and (name in scaled or scaling_name(name) in known):
        return replace(own, local_scaling=False)
    return own


def _made_names(source: TensorSource, settings: Mapping[str, EncodeSettings]) -> tuple[str, ...]:
    """The names that factors and local scaling may get. Raises UsageError setting-conflict."""
    made: list[str] = []
    for name, own in settings.items():
        for each in _made_of(name, source.info(name), own):
            if each in settings:
                detail = f"low rank or local scaling needs the name {each!r}, which is taken"
                raise refusal("setting-conflict", detail, tensor=name)
            made.append(each)
    return tuple(made)


def _made_of(name: str, info: TensorInfo, settings: EncodeSettings) -> Iterator[str]:
    if not is_quantized(info.dtype):
        return
    if settings.local_scaling and can_be_scaled(info.shape):
        yield scaling_name(name)
    asked = settings.low_rank is not None or settings.low_rank_error is not None
    any_tool = settings.tools == "auto"
    kernels = (settings.method == "lowrank" or any_tool) and len(info.shape) == 4
    if kernels or ((asked or any_tool) and can_be_factored(info.shape)):
        yield from (f"{name}_G", f"{name}_H")


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
    if settings.for_tensor(block.weight).own_units is not None:
        return True
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
