"""Second moments of the inputs of one weight, as they are summed and as they are kept."""

from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal

_CHUNK: Final = 4096
"""Inputs whose products are summed in binary32 before they are added in binary64."""


@dataclass(frozen=True, slots=True)
class MomentsShape:
    """What moments are of: a matrix (rows, columns) whose rows fall into groups of equal size."""

    rows: int
    groups: int
    """Groups of rows that see the same inputs; 0 where rows are looked up."""
    columns: int

    @property
    def bytes(self) -> int:
        """Bytes of the sums, in binary64."""
        return 8 * (self.groups * self.columns**2 or self.rows)


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean products of the inputs of one weight. One of `columns` and `rows` is there."""

    columns: NDArray[Any] | None
    """E[x x'] of every group of rows: float32 or float64 [groups, columns, columns] in the column
    order of the matrix view (clause 9.6.1)."""
    rows: NDArray[Any] | None
    """How often each row of an embedding is looked up: float32 or float64 [rows]."""
    count: int
    """Inputs that were seen."""
    row_gains: NDArray[Any] | None = None
    """What squared errors of the results of each row count for the network's outputs: float32 or
    float64 [rows]. Where they are missing, all layers count alike."""
    share: float | None = None
    """What an encoder asks of the layer's outputs, about, in dB; it may be negative. None leaves
    the quality to the settings of the tensor."""

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise UsageError setting-conflict unless these can be moments of such a weight."""
        rows, columns = shape[0], prod(shape[1:])
        if self.columns is None:
            assert self.rows is not None
            good, found = self.rows.shape == (rows,), f"{self.rows.shape} looked-up rows"
        else:
            groups = self.columns.shape[0]
            good = self.columns.shape[1:] == (columns, columns) and rows % groups == 0
            found = f"moments of shape {list(self.columns.shape)}"
        if good and self.row_gains is not None:
            good, found = self.row_gains.shape == (rows,), f"{self.row_gains.shape} gains of rows"
        if not good:
            detail = f"the calibration has {found} for a matrix of {rows} rows, {columns} columns"
            raise refusal("setting-conflict", detail)


class ColumnSums:
    """Sums of x x' in binary64, for every group of rows."""

    def __init__(self, shape: MomentsShape) -> None:
        self._sums = np.zeros((shape.groups, shape.columns, shape.columns))
        self._count = 0

    def add(self, inputs: NDArray[Any]) -> None:
        """Take in float inputs [groups, inputs, columns]."""
        for start in range(0, inputs.shape[1], _CHUNK):
            some = np.ascontiguousarray(inputs[:, start : start + _CHUNK], np.float32)
            self._sums += some.swapaxes(1, 2) @ some
        self._count += inputs.shape[1]

    def moments(self) -> Moments:
        """The mean of what was taken in."""
        return Moments(self._sums / max(1, self._count), None, self._count)


class RowSums:
    """How often the rows of an embedding were looked up."""

    def __init__(self, shape: MomentsShape) -> None:
        self._sums = np.zeros(shape.rows)
        self._count = 0

    def add(self, indices: NDArray[Any]) -> None:
        """Take in row numbers of any shape. Raises UsageError input-type for others."""
        flat = indices.reshape(-1)
        if flat.size and not 0 <= flat.min() <= flat.max() < self._sums.size:
            raise refusal("input-type", f"row {flat.max()} of a matrix of {self._sums.size} rows")
        self._sums += np.bincount(flat, minlength=self._sums.size)
        self._count += flat.size

    def moments(self) -> Moments:
        """The part of all look-ups that went to each row."""
        return Moments(None, self._sums / max(1, self._count), self._count)


def empty_sums(shape: MomentsShape) -> ColumnSums | RowSums:
    """Sums that have taken in nothing."""
    return ColumnSums(shape) if shape.groups else RowSums(shape)
