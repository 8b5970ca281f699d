"""Clause 6.5: the four performance maps.

A map's first element counts one more than its entries; so do the dimension counts inside.
"""

from typing import Any, Final

from construct.core import this

from nnref.spec.syntax.descriptors import FLT, UE, Alignment, U
from nnref.spec.syntax.elements import Element, Structure

MAPS: Final = "7.4"


def _map(title: str, clause: str, count: str, *entry: Element) -> Structure:
    """A performance map: the count, then the entries."""
    return Structure(
        f"{title}()",
        clause,
        Element(count, U(8, values=range(1, 256), rule="performance-map-count-zero"), MAPS),
        Element(
            "entries", Structure(f"{title}_entry()", clause, *entry), MAPS, count=this[count] - 1
        ),
    )


def _classes(prefix: str, bits: int, bitmask: bool = True) -> tuple[Element, ...]:
    """The accuracy per class, which ends the entries of every map."""
    count = f"{prefix}_count_classes"
    return (
        Element(count, U(bits), MAPS),
        *([Element(f"{prefix}_class_bitmask", UE(7), MAPS)] if bitmask else []),
        Element(f"{prefix}_nn_class_accuracy", FLT(), MAPS, count=this[count]),
    )


def _dimensions(name: str, plural: str, count: Any, entry: Any) -> tuple[Element, ...]:
    """A list of dimensions, preceded by its number plus one."""
    counter = f"count_{name}"
    return (Element(counter, count, MAPS), Element(plural, entry, MAPS, count=this[counter] - 1))


_COUNTED: Final[dict[str, Any]] = {"values": range(1, 256), "rule": "count-field-zero"}
_RESHAPED: Final[dict[str, Any]] = {"values": range(1, 1 << 33), "rule": "count-field-zero"}

SPARSIFICATION: Final = _map(
    "sparsification_performance_map",
    "6.5.1",
    "spm_count_thresholds",
    Element("sparsification_threshold", FLT(), MAPS),
    Element("non_zero_ratio", FLT(), MAPS),
    Element("spm_nn_accuracy", FLT(), MAPS),
    *_classes("spm", 8),
)

PRUNING: Final = _map(
    "pruning_performance_map",
    "6.5.2",
    "ppm_count_pruning_ratios",
    Element("pruning_ratio", FLT(), MAPS),
    Element("ppm_nn_accuracy", FLT(), MAPS),
    *_classes("ppm", 8),
)

UNIFICATION: Final = _map(
    "unification_performance_map",
    "6.5.3",
    "upm_count_thresholds",
    *_dimensions(
        "reshaped_tensor_dimension", "reshaped_tensor_dimensions", UE(1, **_RESHAPED), UE(7)
    ),
    Element("byte_alignment()", Alignment(), "5.8"),
    *_dimensions("super_block_dimension", "super_block_dimensions", U(8, **_COUNTED), U(8)),
    *_dimensions("block_dimension", "block_dimensions", U(8, **_COUNTED), U(8)),
    Element("unification_threshold", FLT(), MAPS),
    Element("upm_nn_accuracy", FLT(), MAPS),
    *_classes("upm", 8),
)

DECOMPOSITION: Final = _map(
    "decomposition_performance_map",
    "6.5.4",
    "dpm_count_thresholds",
    Element("mse_threshold", FLT(), MAPS),
    Element("dpm_nn_accuracy", FLT(), MAPS),
    Element("nn_reduction_ratio", FLT(), MAPS),
    *_classes("dpm", 16, bitmask=False),
)
