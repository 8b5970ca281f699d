"""Clause 9.6: the order in which the weights of a tensor are visited."""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple


class Segment(NamedTuple):
    """Clause 9.6.5: Skipped rows. Neighbouring weights of one row, visited left to right."""

    row: int
    first_column: int
    columns: int


def matrix_view(dimensions: list[int]) -> tuple[int, int]:
    """Clause 9.6.1: Matrix view of a tensor. (rows, columns); a single number is one row."""
    rows = dimensions[0] if dimensions else 1
    return rows, prod(dimensions[1:])


def effective_scan_order(scan_order: int, rows: int, columns: int) -> int:
    """Clause 9.6.2: Scan orders. A single row or column is not cut into blocks."""
    return 0 if rows <= 1 or columns <= 1 else scan_order


def block_row_starts(scan_order: int, rows: int) -> range:
    """Clause 9.6.3: Block rows. The first row of each; without blocks there is one."""
    edge = 4 << scan_order if scan_order > 0 else max(rows, 1)
    return range(0, rows, edge)


def segments(scan_order: int, rows: int, columns: int, first_row: int) -> Iterator[Segment]:
    """Clause 9.6.2: Scan orders. The segments of one block row in their order.

    Blocks go left to right, inside a block its rows go down. The edges cut the last ones.
    """
    height = 4 << scan_order if scan_order > 0 else rows
    width = 4 << scan_order if scan_order > 0 else columns
    if columns == 0:
        return
    for first_column in range(0, columns, width):
        for row in range(first_row, min(first_row + height, rows)):
            yield Segment(row, first_column, min(width, columns - first_column))
