"""Clause 7.4: performance maps without their counts, which follow from the lists they count."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from nnref.spec.errors import refusal

Entries = tuple[Mapping[str, Any], ...]
"""Entries of a map; each maps elements to numbers, or to lists of numbers."""

MAPS: Final = (
    "sparsification_performance_map",
    "pruning_performance_map",
    "unification_performance_map",
    "decomposition_performance_map",
)
"""In the order of the model parameter set."""

LAYER_MAPS: Final = MAPS[:3]
"""Those of a layer parameter set."""

_FIRST: Final = {
    "sparsification_performance_map": "spm_count_thresholds",
    "pruning_performance_map": "ppm_count_pruning_ratios",
    "unification_performance_map": "upm_count_thresholds",
    "decomposition_performance_map": "dpm_count_thresholds",
}
"""Number of entries, plus 1."""

_PREFIX: Final = {name: first[:3] for name, first in _FIRST.items()}
_DIMENSIONS: Final = {
    "count_reshaped_tensor_dimension": "reshaped_tensor_dimensions",
    "count_super_block_dimension": "super_block_dimensions",
    "count_block_dimension": "block_dimensions",
}
"""Counts of a unification entry: one more than the list has."""


def map_entries(name: str, entries: Iterable[Any]) -> Entries:
    """The entries of a map without their counts, frozen against changes of the outer lists.

    Raises UsageError setting-unknown for what is no list of mappings.
    """
    if isinstance(entries, str | Mapping) or not isinstance(entries, Iterable):
        raise refusal("setting-unknown", f"{name} is a list of entries, not {entries!r}")
    counts = {f"{_PREFIX[name]}_count_classes", *_DIMENSIONS}
    found = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise refusal("setting-unknown", f"{name}: {entry!r} is no entry: no mapping")
        found.append({key: value for key, value in entry.items() if key not in counts})
    return tuple(found)


def map_fields(name: str, entries: Entries) -> dict[str, Any]:
    """The elements of a map with its counts.

    What an entry may leave out: class accuracies (there are none), their mask (the first classes),
    dimensions (there are none). Raises UsageError setting-unknown for a list that is none.
    """
    return {_FIRST[name]: len(entries) + 1, "entries": [_counted(name, e) for e in entries]}


def _counted(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    prefix = _PREFIX[name]
    accuracies = _listed(entry, f"{prefix}_nn_class_accuracy")
    fields = dict(entry) | {
        f"{prefix}_nn_class_accuracy": accuracies,
        f"{prefix}_count_classes": len(accuracies),
    }
    if name != "decomposition_performance_map":
        fields.setdefault(f"{prefix}_class_bitmask", (1 << len(accuracies)) - 1)
    if name == "unification_performance_map":
        for count, dimensions in _DIMENSIONS.items():
            fields[dimensions] = _listed(entry, dimensions)
            fields[count] = len(fields[dimensions]) + 1
    return fields


def _listed(entry: Mapping[str, Any], element: str) -> list[Any]:
    numbers = entry.get(element, ())
    if not isinstance(numbers, list | tuple):
        raise refusal("setting-unknown", f"{element} is a list of numbers, not {numbers!r}")
    return list(numbers)
