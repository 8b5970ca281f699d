"""Clause 6.5: performance maps, in model and layer parameter sets."""

from collections.abc import Iterator
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.parameter_sets import layer
from nnref.conformance.generator.shorthand import Choices, parameters, start, tensor

GROUP: Final = "performance-maps"
NUMBERS: Final = (0.5, -0.0, float("inf"), float("nan"), -2.25, 1e-40)
"""A number, a signed zero, no numbers, a subnormal one."""
CLASSES: Final = (0, 1, 3)
BITMASKS: Final = (0, 3, 300)

Fields = dict[str, Any]


def classes(prefix: str, place: int, mask: bool = True) -> Fields:
    """What ends an entry: accuracies of the classes."""
    count = CLASSES[place % len(CLASSES)]
    fields: Fields = {
        f"{prefix}_count_classes": count,
        f"{prefix}_nn_class_accuracy": [number(place + j) for j in range(count)],
    }
    return fields | ({f"{prefix}_class_bitmask": BITMASKS[place % 3]} if mask else {})


def number(place: int) -> float:
    """One of the numbers."""
    return NUMBERS[place % len(NUMBERS)]


def sparsification(entries: int) -> Fields:
    """Clause 6.5.1."""
    return {
        "spm_count_thresholds": entries + 1,
        "entries": [
            {
                "sparsification_threshold": number(place),
                "non_zero_ratio": number(place + 1),
                "spm_nn_accuracy": number(place + 2),
            }
            | classes("spm", place)
            for place in range(entries)
        ],
    }


def pruning(entries: int) -> Fields:
    """Clause 6.5.2."""
    return {
        "ppm_count_pruning_ratios": entries + 1,
        "entries": [
            {"pruning_ratio": number(place), "ppm_nn_accuracy": number(place + 1)}
            | classes("ppm", place)
            for place in range(entries)
        ],
    }


DIMENSIONS: Final[tuple[tuple[list[int], list[int], list[int]], ...]] = (
    ([], [], []),
    ([0], [0], [255]),
    ([5, 200], [255, 3], [0, 9]),
)


def unification(entries: int) -> Fields:
    """Clause 6.5.3."""
    return {
        "upm_count_thresholds": entries + 1,
        "entries": [_unification(place) for place in range(entries)],
    }


def _unification(place: int) -> Fields:
    reshaped, super_block, block = DIMENSIONS[place % len(DIMENSIONS)]
    return {
        "count_reshaped_tensor_dimension": len(reshaped) + 1,
        "reshaped_tensor_dimensions": reshaped,
        "count_super_block_dimension": len(super_block) + 1,
        "super_block_dimensions": super_block,
        "count_block_dimension": len(block) + 1,
        "block_dimensions": block,
        "unification_threshold": number(place),
        "upm_nn_accuracy": number(place + 1),
    } | classes("upm", place)


def decomposition(entries: int) -> Fields:
    """Clause 6.5.4."""
    return {
        "dpm_count_thresholds": entries + 1,
        "entries": [
            {
                "mse_threshold": number(place),
                "dpm_nn_accuracy": number(place + 1),
                "nn_reduction_ratio": number(place + 2),
            }
            | classes("dpm", place, mask=False)
            for place in range(entries)
        ],
    }


OF_MODEL: Final = {
    "sparsification": ("mps_sparsification_flag", sparsification),
    "pruning": ("mps_pruning_flag", pruning),
    "unification": ("mps_unification_flag", unification),
    "decomposition": ("mps_decomposition_performance_map_flag", decomposition),
}
"""Flag and maker of each map."""
OF_LAYER: Final = {
    "sparsification": ("lps_sparsification_flag", sparsification),
    "pruning": ("lps_pruning_flag", pruning),
    "unification": ("lps_unification_flag", unification),
}
CLAUSE: Final = dict(zip(OF_MODEL, ("6.5.1", "6.5.2", "6.5.3", "6.5.4"), strict=True))
PURPOSE: Final = (
    "Nothing depends on a map, but all of it has to be read to find what follows: counts announce "
    "one entry less, and numbers need not be finite."
)


def model_map(name: str, entries: int) -> Fields:
    """The elements of a model parameter set with one map."""
    flag, made = OF_MODEL[name]
    return {flag: 1, f"{name}_performance_map": made(entries)}


def cases() -> Iterator[Case]:
    """No entry, several, and as many as there can be, per map; then all maps at once."""
    for name in OF_MODEL:
        for entries in (0, 1, 6, 254):
            yield case(
                GROUP,
                f"{name}-{entries}",
                f"{name.capitalize()} map of {entries} entries",
                PURPOSE,
                (CLAUSE[name], "7.4"),
                start(),
                parameters(**model_map(name, entries)),
                tensor("w", [2], Choices([1, -1])),
            )
    for name, (flag, made) in OF_LAYER.items():
        yield case(
            GROUP,
            f"layer-{name}",
            f"{name.capitalize()} map of a layer parameter set",
            PURPOSE,
            (CLAUSE[name], "6.6"),
            start(),
            parameters(),
            layer(1, 3, 0, **{flag: 1, f"{name}_performance_map": made(3)}),
            tensor("w", [2], Choices([1, -1])),
        )
    every: Fields = {}
    for name in OF_MODEL:
        every |= model_map(name, 3)
    yield case(
        GROUP,
        "every-map",
        "All four maps in one parameter set",
        PURPOSE,
        ("6.5.1", "6.5.2", "6.5.3", "6.5.4"),
        start(),
        parameters(**every),
        tensor("w", [2], Choices([1, -1])),
    )
    yield from _many()


def _many() -> Iterator[Case]:
    """Counts at the top of their descriptors."""
    crowd = [0.5] * 255
    entry = sparsification(1)["entries"][0] | {
        "spm_count_classes": 255,
        "spm_nn_class_accuracy": crowd,
    }
    wide = _unification(2) | {
        "count_super_block_dimension": 255,
        "super_block_dimensions": [2] * 254,
        "count_block_dimension": 255,
        "block_dimensions": [3] * 254,
        "upm_count_classes": 255,
        "upm_nn_class_accuracy": crowd,
    }
    pruned = pruning(1)["entries"][0] | {"ppm_count_classes": 255, "ppm_nn_class_accuracy": crowd}
    crowded: tuple[tuple[str, Fields], ...] = (
        ("sparsification", {"spm_count_thresholds": 2, "entries": [entry]}),
        ("pruning", {"ppm_count_pruning_ratios": 2, "entries": [pruned]}),
        ("unification", {"upm_count_thresholds": 2, "entries": [wide]}),
    )
    for name, fields in crowded:
        made: Fields = {OF_MODEL[name][0]: 1, f"{name}_performance_map": fields}
        yield case(
            GROUP,
            f"{name}-classes",
            f"{name.capitalize()} map with 255 classes",
            PURPOSE,
            (CLAUSE[name], "7.4"),
            start(),
            parameters(**made),
            tensor("w", [2], Choices([1, -1])),
        )
