"""Clauses 6.6 and 11: layer parameter sets, where density, base or maps are a layer's own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from nnref.codec.encoder.blocks import Group
from nnref.codec.encoder.parameter_sets import BASE_QPS, is_reached, octave_of, suited_base
from nnref.codec.encoder.plan import Plan
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorSource
from nnref.codec.model_parameters import LayerMaps
from nnref.codec.performance_maps import map_fields
from nnref.spec.errors import refusal
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import UnitType

_FLAGS: Final = {
    "sparsification_performance_map": "lps_sparsification_flag",
    "pruning_performance_map": "lps_pruning_flag",
    "unification_performance_map": "lps_unification_flag",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """What a group of tensors is coded under."""

    unit: bytes
    """The layer parameter set in front of it; empty where the one in force will do."""
    state: StreamState

    def settled(self, group: Group) -> Group:
        """The group, all its tensors with the density in force."""
        density = self.state.qp_density
        own = {name: replace(s, qp_density=density) for name, s in group.settings.items()}
        return replace(group, settings=own)


def layers(
    plan: Plan, source: TensorSource, state: StreamState, maps: Mapping[str, LayerMaps]
) -> Iterator[Layer]:
    """For every group of a plan, in order, what it is coded under.

    `state` is what the opening units left, `maps` are performance maps by the name of the weight.
    Raises UsageError tensor-unknown for maps of something else.
    """
    for name in maps:
        if all(name != members["weight"] for members in plan.members):
            raise refusal("tensor-unknown", "performance maps are for weights", tensor=name)
    opening = in_force = _Set(state.qp_density or 0, state.base_qp, {})
    for members in plan.members:
        name = members["weight"]
        wanted = replace(in_force, maps=maps.get(name, {}))
        if is_quantized(source.info(name).dtype) and not plan.settings[name].lossless:
            wanted = _wanted(source, name, plan.settings[name], opening, wanted.maps)
        if wanted == in_force:
            yield Layer(b"", state)
            continue
        fields = wanted.elements(state)
        unit = write_unit(UnitType.NNR_LPS, fields, b"", state)
        state, in_force = state.after(UnitType.NNR_LPS, fields), wanted
        yield Layer(unit, state)


@dataclass(frozen=True, slots=True)
class _Set:
    """What a parameter set says that is in force for data units."""

    density: int
    base_qp: int
    maps: LayerMaps

    def elements(self, state: StreamState) -> dict[str, Any]:
        """A layer parameter set that says all of it: nothing is left to what it replaces."""
        assert state.mps is not None
        return {
            "lps_quantization_method_flags": state.mps["mps_quantization_method_flags"],
            "lps_qp_density": self.density,
            "lps_quantization_parameter": self.base_qp,
            **{_FLAGS[name]: 1 for name in self.maps},
            **{name: map_fields(name, entries) for name, entries in self.maps.items()},
        }


def _wanted(
    source: TensorSource, name: str, own: EncodeSettings, opening: _Set, maps: LayerMaps
) -> _Set:
    """What a rule says, else the stream's base in units of the tensor's density, else, where that
    does not reach the tensor and settings ask for it, a base that does.
    """
    if own.base_qp is not None:
        return _Set(own.density, own.base_qp, maps)
    if own.out_of_reach == "layer" and own.qp is None and own.step is None:
        octave = octave_of(source.read(name))
        base = opening.base_qp / (1 << opening.density)
        if octave is not None and not is_reached(octave, base):
            return _Set(*suited_base(octave, own.density), maps)
    scaled = opening.base_qp << own.density >> opening.density
    return _Set(own.density, min(max(scaled, BASE_QPS[0]), BASE_QPS[-1]), maps)
