"""Clauses 7.3.3 and 7.4: what a model parameter set says of the model, beside how it is coded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from nnref.codec.performance_maps import LAYER_MAPS, MAPS, Entries, map_entries, map_fields
from nnref.spec.errors import refusal

_SCALARS: Final[Mapping[str, tuple[type, ...]]] = {
    "base_model_id": (str,),
    "performance_metric_type": (str,),
    "validation_set_performance": (float, int),
}
_FLAGS: Final = {
    "sparsification_performance_map": "mps_sparsification_flag",
    "pruning_performance_map": "mps_pruning_flag",
    "unification_performance_map": "mps_unification_flag",
    "decomposition_performance_map": "mps_decomposition_performance_map_flag",
}


LayerMaps = Mapping[str, Entries]
"""Performance maps by name."""


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """Clauses 7.3.3 and 7.4: what the model is for and how well it does; None: not in the stream.

    A performance map is a tuple of entries, each a mapping from the standard's elements to numbers
    or lists of numbers. Counts follow from them and are left out. Numbers are binary32.

    Raises UsageError setting-unknown for values of other types.
    """

    base_model_id: str | None = None
    """Which model an update is for."""
    performance_metric_type: str | None = None
    """The metric of the validation performance and of the accuracies in maps: free text."""
    validation_set_performance: float | None = None
    sparsification_performance_map: Entries | None = None
    pruning_performance_map: Entries | None = None
    unification_performance_map: Entries | None = None
    decomposition_performance_map: Entries | None = None
    layers: Mapping[str, LayerMaps] | None = None
    """Maps of single layers (clause 7.5), by the name of the weight; none of decomposition."""

    def __post_init__(self) -> None:
        for name, types in _SCALARS.items():
            value = getattr(self, name)
            if value is not None and type(value) not in types:
                raise refusal("setting-unknown", f"{name} = {value!r}")
        for name in self.maps:
            object.__setattr__(self, name, map_entries(name, getattr(self, name)))
        if self.layers is not None:
            if not isinstance(self.layers, Mapping):
                raise refusal("setting-unknown", f"layers = {self.layers!r}")
            own = {name: _layer_maps(name, maps) for name, maps in self.layers.items()}
            object.__setattr__(self, "layers", own)

    @property
    def maps(self) -> tuple[str, ...]:
        """Names of the performance maps that are there."""
        return tuple(name for name in MAPS if getattr(self, name) is not None)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """From a mapping of these names, as a JSON file has them.

        Raises UsageError setting-unknown for other names and for values of other types.
        """
        known = {f.name for f in fields(cls)}
        for name in given:
            if name not in known:
                raise refusal("setting-unknown", f"{name!r}; known: {', '.join(sorted(known))}")
        return cls(**given)

    def as_dict(self) -> dict[str, Any]:
        """The mapping that `from_dict` takes, without what is absent."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        found = {name: value for name, value in values.items() if value is not None}
        found |= {name: _plain(found[name]) for name in self.maps}
        if self.layers is not None:
            found["layers"] = {
                layer: {name: _plain(entries) for name, entries in maps.items()}
                for layer, maps in self.layers.items()
            }
        return found

    @classmethod
    def of(
        cls, mps: Mapping[str, Any], layer_sets: Iterable[tuple[str, Mapping[str, Any] | None]]
    ) -> Self:
        """From the elements of a model parameter set, and of the layer parameter sets in force by
        the names of the weights they are in force for.
        """
        values: dict[str, Any] = {name: mps.get(name) for name in _SCALARS} | _maps_in(mps)
        layers = {weight: _maps_in(lps) for weight, lps in layer_sets if lps is not None}
        layers = {weight: maps for weight, maps in layers.items() if maps}
        return cls(**values, layers=layers or None)

    def elements(self, profile: int) -> dict[str, Any]:
        """The elements of the model parameter set that say this.

        Raises UsageError setting-conflict where the profile has no place for them.
        """
        elements: dict[str, Any] = {_FLAGS[name]: 1 for name in self.maps}
        elements |= {name: map_fields(name, getattr(self, name)) for name in self.maps}
        given = {name: getattr(self, name) for name in _SCALARS}
        given = {name: value for name, value in given.items() if value is not None}
        if given and profile != 1:
            raise refusal("setting-conflict", f"profile {profile} has no {', '.join(given)}")
        return elements | self._edition_2(given) if given else elements

    def _edition_2(self, given: dict[str, Any]) -> dict[str, Any]:
        """Clause 7.3.3: the metric's name goes with the validation, with the maps, or with both."""
        validated = "validation_set_performance" in given
        if validated:
            given.setdefault("performance_metric_type", "")
        named = "performance_metric_type" in given
        of_maps = named and (bool(self.maps) or not validated)
        return given | {
            "base_model_id_present_flag": int("base_model_id" in given),
            "validation_set_performance_present_flag": int(validated),
            "metric_type_performance_map_valid_flag": int(of_maps),
        }


def _layer_maps(layer: str, maps: Any) -> LayerMaps:
    if not isinstance(maps, Mapping) or not maps.keys() <= set(LAYER_MAPS):
        detail = f"layers: {layer!r}: {maps!r} is no mapping of {', '.join(LAYER_MAPS)}"
        raise refusal("setting-unknown", detail)
    return {name: map_entries(name, maps[name]) for name in LAYER_MAPS if name in maps}


def _maps_in(elements: Mapping[str, Any]) -> dict[str, Entries]:
    """The maps of a parameter set."""
    found = {name: elements.get(name) for name in MAPS}
    return {name: one["entries"] for name, one in found.items() if one is not None}


def _plain(entries: Entries) -> list[dict[str, Any]]:
    return [dict(entry) for entry in entries]
