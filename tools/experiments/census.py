"""Layers and parameters of a model by kind (Table 1 of text 003, for any model)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType

Shapes = Mapping[str, Sequence[int]]
"""Of tensors by name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Layers of one kind."""

    layers: int
    """Weights; of OTHER all tensors."""
    parameters: int
    share: float
    """Of all parameters, 0..1."""


def census(shapes: Shapes) -> dict[LayerType, Kind]:
    """Every kind of layer, by the dimensions of weights (clause 14.2.2); biases and norms are
    OTHER, which no layer counts.
    """
    total = sum(map(prod, shapes.values()))
    found = {}
    for kind in LayerType:
        sizes = [prod(shape) for shape in shapes.values() if layer_type_of(tuple(shape)) == kind]
        found[kind] = Kind(len(sizes), sum(sizes), sum(sizes) / total if total else 0.0)
    return found
