"""Clauses 7.8.7 and 7.8.8: lists as they are thought of, to and from their elements."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from nnref.spec.errors import refusal


def codebook_elements(
    codebook: Sequence[int], codebook_zero_offset: int, codebook_egk: int
) -> dict[str, Any]:
    """Clause 7.8.7: the elements of codebook() for strictly increasing entries.

    `codebook_zero_offset` is the position of the entry that index 0 stands for. Raises NnrError
    (codebook-empty, codebook-zero-offset-range, element-value) for entries no elements give.
    """
    size, zero = len(codebook), codebook_zero_offset
    if not size:
        raise refusal("codebook-empty", element="codebook")
    if not 0 <= zero < size:
        detail = f"{zero} in a codebook of {size}"
        raise refusal("codebook-zero-offset-range", detail, element="codebook")
    deltas = [int(right) - int(left) - 1 for left, right in pairwise(codebook)]
    if min(deltas, default=0) < 0:
        raise refusal("element-value", "entries do not increase strictly", element="codebook")
    return {
        "codebook_egk": codebook_egk,
        "codebook_size": size,
        "codebook_centre_offset": zero - (size >> 1),
        "codebook_zero_value": codebook[zero],
        "codebook_delta_left": deltas[:zero][::-1],
        "codebook_delta_right": deltas[zero:],
    }


def entry_point_elements(points: Iterable[tuple[int, int, int]]) -> list[dict[str, int]]:
    """Clause 7.8.8: `entry_points` of a compressed data unit.

    A point is (bits since the entry point before, or since the first weight; offset register;
    state of dependent quantization).
    """
    elements: list[dict[str, int]] = []
    before = 0
    for bits, offset, dq_state in points:
        name = "bit_offset_delta2" if elements else "bit_offset_delta1"
        elements.append(
            {"cabac_offset_list": offset, "dq_state_list": dq_state, name: bits - before}
        )
        before = bits
    return elements


def entry_point_values(
    entry_points: Iterable[Mapping[str, Any]] | None,
) -> list[tuple[int, int, int]]:
    """Clause 7.8.8: the inverse of `entry_point_elements`; empty for an absent list."""
    values: list[tuple[int, int, int]] = []
    bits = 0
    for entry in entry_points or ():
        bits += entry["bit_offset_delta2"] if values else entry["bit_offset_delta1"]
        values.append((bits, entry["cabac_offset_list"], entry["dq_state_list"]))
    return values
