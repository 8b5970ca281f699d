"""Where searches for class modes (clause 15.1.3) start: levels and maps."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.lnq_point import Operation
from nnref.codec.entropy import LnqShape
from nnref.codec.quantization.kernels.trellis import search_path, trace_back
from nnref.codec.quantization.kernels.uniform import round_to_grid
from nnref.codec.quantization.lnq_classes import ClassPlan
from nnref.codec.quantization.scan import read_only

Weights = NDArray[np.float32]
Map = NDArray[np.uint8]

EXPLORED: Final = 1 << 17
"""Weights on which tools are compared, about."""


def part_of(
    weights: Weights, shapes: tuple[LnqShape, ...], operation: Operation
) -> tuple[Weights, tuple[LnqShape, ...], Operation] | None:
    """Evenly spaced rows of a large layer, with the same units; None if all of it is little.

    What is known of the layer without LNQ is shared out.
    """
    rows, columns = shapes[0].rows, shapes[0].columns
    if rows * columns <= 2 * EXPLORED or rows < 2:
        return None
    height = max(1, *(s.unit_rows for s in shapes if s.unit_rows < rows), 1)
    groups = -(-rows // height)
    wanted = max(1, round(groups * EXPLORED / (rows * columns)))
    first = np.linspace(0, groups - 1, wanted).astype(np.int64) * height
    chosen = (first[:, np.newaxis] + np.arange(height)).reshape(-1)
    chosen = chosen[chosen < rows]
    some = weights.reshape(rows, columns)[chosen].reshape(-1)
    q = operation.quantized
    return (
        some,
        tuple(_cut(shape, chosen.size) for shape in shapes),
        replace(
            operation,
            squared_error=operation.squared_error * _energy(some) / max(_energy(weights), 1e-300),
            bits=operation.bits * chosen.size / rows,
            quantized=None if q is None else q.reshape(rows, columns)[chosen].reshape(-1),
        ),
    )


def _cut(shape: LnqShape, rows: int) -> LnqShape:
    return replace(
        shape, rows=rows, unit_rows=rows if shape.unit_rows == shape.rows else shape.unit_rows
    )


def plain_levels(weights: Weights, plan: ClassPlan, step: float) -> NDArray[np.int32]:
    """Quantized parameters of least error."""
    scanned, q = read_only(weights), np.empty(weights.size, np.int32)
    if plan.dq_flag:
        decisions = np.empty(q.size, np.uint16)
        state = search_path(scanned, 1.0 / step, decisions)
        trace_back(scanned, 1.0 / step, decisions, state, q)
    else:
        round_to_grid(scanned, np.float32(1.0 / step), q)
    return q


def first_map(weights: Weights, plan: ClassPlan) -> Map:
    """Units by their energy, in classes of one size behind the zero class."""
    if plan.classes == 1:
        return one_class()
    shape = plan.shape
    energy = unit_sums(np.square(weights), shape) / shape.unit_weights()
    bounds = np.quantile(energy, np.arange(1, plan.sets) / plan.sets)
    return (np.searchsorted(bounds, energy) + plan.zero_class).astype(np.uint8)


def one_class() -> Map:
    """The map of a layer with one class."""
    return np.zeros(1, np.uint8)


def zero_units(q: NDArray[np.int32], shape: LnqShape) -> NDArray[np.bool_]:
    """The units without a level."""
    return np.asarray(unit_sums(q != 0, shape) == 0)


def unit_sums(numbers: NDArray[np.generic], shape: LnqShape) -> NDArray[np.float64]:
    """What the numbers of every unit add up to; row-major."""
    matrix = numbers.reshape(shape.rows, shape.columns)
    columns = np.arange(0, shape.columns, shape.unit_columns)
    rows = np.arange(0, shape.rows, shape.unit_rows)
    by_column = np.add.reduceat(matrix, columns, axis=1, dtype=np.float64)
    return np.asarray(np.add.reduceat(by_column, rows, axis=0).reshape(-1))


def _energy(weights: Weights) -> float:
    """Sum of the squares, of a portion at a time."""
    portions = np.array_split(weights, weights.size // EXPLORED + 1)
    return sum(float(np.square(each, dtype=np.float64).sum()) for each in portions)
