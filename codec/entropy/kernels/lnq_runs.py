"""Clause 15.1: the order of a layer's weights in the codeword, as runs of neighbours in a row.

A run is (context set, position of its first weight, weights, centroids), of levels 0 centroids.
Between runs of weights stand marks: a codebook (CODEBOOK, unit, 0, 0), or the start of the second
group with all contexts in their start states (RESTART, 0, 0, 0).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.integers import at, signed

Runs = npt.NDArray[np.int32]
Flags = npt.NDArray[np.uint8]

CODEBOOK: Final = -1
RESTART: Final = -2

SET, POSITION, WEIGHTS, CENTROIDS, PARTS = range(5)
"""Indices of what a run says, and their number."""

GROUPS, GROUPS_RASTER, UNITS, RASTER = range(4)
"""Clause 15.1.4: lnq_group_order."""


@kernel
def class_runs(
    geometry: tuple[int, int, int, int, int], zero_class: int, class_map: Flags, runs: Runs
) -> int:
    """Clause 15.1.3: fill `runs`, as far as there is room; returns how many there are."""
    rows, columns, unit_rows, unit_columns, across = geometry
    count = 0
    for row in range(rows):
        first_unit = (row // unit_rows) * across
        unit, left = 0, 0
        while left < columns:
            k = signed(class_map[at(first_unit + unit)])
            end = left
            while end < columns and class_map[at(first_unit + unit)] == k:
                unit += 1
                end = min(unit * unit_columns, columns)
            if k >= zero_class:
                if count < runs.shape[0]:
                    runs[count, SET], runs[count, POSITION] = k - zero_class, row * columns + left
                    runs[count, WEIGHTS], runs[count, CENTROIDS] = end - left, 0
                count += 1
            left = end
    return count


@kernel
def published_runs(
    geometry: tuple[int, int, int, int, int],
    order: int,
    symbol_set: int,
    restart: int,
    flags: Flags,
    sizes: Flags,
    runs: Runs,
) -> int:
    """Clause 15.1.4: fill `runs`, as far as there is room; returns how many there are."""
    rows, columns, unit_rows, unit_columns, across = geometry
    count = 0
    for turn in range(2):
        by_unit = turn == 0 or order == GROUPS
        if turn == 1:
            if order == UNITS:
                break
            if restart:
                if count < runs.shape[0]:
                    runs[count] = 0
                    runs[count, SET] = RESTART
                count += 1
        for unit in range(flags.size if by_unit else rows * across):
            place = unit % across
            top, left = (unit // across) * unit_rows, place * unit_columns
            height, width = min(unit_rows, rows - top), min(unit_columns, columns - left)
            which = unit
            if not by_unit:
                top, height = unit // across, 1
                which = (top // unit_rows) * across + place
            has_book = flags[at(which)] == 1
            if turn == 0 and has_book:
                if count < runs.shape[0]:
                    runs[count] = 0
                    runs[count, SET], runs[count, POSITION] = CODEBOOK, which
                count += 1
            first_turn = order == UNITS or (has_book and order != RASTER)
            if (turn == 0) != first_turn or (has_book and sizes[at(which)] < 2):
                continue
            for row in range(top, top + height):
                if count < runs.shape[0]:
                    runs[count, SET] = symbol_set if has_book else 0
                    runs[count, POSITION] = row * columns + left
                    runs[count, WEIGHTS] = width
                    runs[count, CENTROIDS] = signed(sizes[at(which)]) if has_book else 0
                count += 1
    return count
