"""Clause 9.6: scan orders. Whole arrays are brought into scan order and back by views."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nnref.spec.errors import refusal

_T = TypeVar("_T", bound=np.generic)

MAX_SCAN_ORDER = 4


def matrix_view(shape: Sequence[int]) -> tuple[int, int]:
    """Clause 9.6.1: (rows, columns): the first dimension, the product of the others.

    A scalar is one row of one column.
    """
    if not shape:
        return 1, 1
    return shape[0], prod(shape[1:])


def effective_scan_order(shape: Sequence[int], scan_order: int) -> int:
    """Clause 9.6.2: the scan order that applies: 0 for a tensor of one row or one column.

    Raises `UnsupportedError` (scan-order-reserved) for an order above 4.
    """
    if not 0 <= scan_order <= MAX_SCAN_ORDER:
        raise refusal("scan-order-reserved", f"scan_order {scan_order}")
    rows, columns = matrix_view(shape)
    return scan_order if min(rows, columns) > 1 else 0


def block_edge(scan_order: int) -> int:
    """Clause 9.6.2: rows and columns of a block for scan_order 1..4: 8, 16, 32 or 64."""
    return 4 << scan_order


def to_scan(tensor: npt.NDArray[_T], scan_order: int) -> npt.NDArray[_T]:
    """Clause 9.6.2: the elements in scan order, one dimension, C-contiguous, read-only.

    No copy is made when the scan is the row-major order of a C-contiguous tensor. Always
    read-only, because a kernel that met both kinds of arrays would be compiled twice.
    """
    order = effective_scan_order(tensor.shape, scan_order)
    if order == 0:
        return read_only(tensor)
    matrix = tensor.reshape(matrix_view(tensor.shape))
    scanned = np.empty(tensor.size, tensor.dtype)
    for in_scan, in_matrix in _segments(scanned, matrix, block_edge(order)):
        in_scan[...] = in_matrix
    return read_only(scanned)


def from_scan(scanned: npt.NDArray[_T], shape: Sequence[int], scan_order: int) -> npt.NDArray[_T]:
    """Clause 9.6.2: the tensor of that shape whose elements in scan order are `scanned`."""
    order = effective_scan_order(shape, scan_order)
    if order == 0:
        return scanned.reshape(shape)
    matrix = np.empty(matrix_view(shape), scanned.dtype)
    for in_scan, in_matrix in _segments(scanned, matrix, block_edge(order)):
        in_matrix[...] = in_scan
    return matrix.reshape(shape)


def read_only(array: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """The elements in row-major order, one dimension, C-contiguous, read-only."""
    view = np.ascontiguousarray(array).reshape(-1).view()
    view.flags.writeable = False
    return view


def _segments(
    scanned: npt.NDArray[_T], matrix: npt.NDArray[_T], edge: int
) -> Iterator[tuple[npt.NDArray[_T], npt.NDArray[_T]]]:
    """Views of equal shape (blocks, rows, columns) on the same elements of both arrays.

    Two per block row: its whole blocks, then the narrower block at the right edge.
    """
    rows, columns = matrix.shape
    blocks = columns // edge
    whole = blocks * edge
    for top in range(0, rows, edge):
        band = matrix[top : top + edge]
        height = len(band)
        line = scanned[top * columns : (top + height) * columns]
        yield (
            line[: height * whole].reshape(blocks, height, edge),
            band[:, :whole].reshape(height, blocks, edge).swapaxes(0, 1),
        )
        if whole < columns:
            yield (
                line[height * whole :].reshape(1, height, columns - whole),
                band[:, whole:].reshape(1, height, columns - whole),
            )
