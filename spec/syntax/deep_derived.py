"""Clause 15.6: values that follow from the elements of a deep compression header."""

from collections.abc import Sequence
from math import isfinite

from nnref.spec.syntax.derived import Elements
from nnref.spec.syntax.expressions import derived
from nnref.spec.tables.deep_compression import MAX_CODE_LENGTH


@derived("deep_gap_bits > 0 ? 2 ^ deep_gap_bits : 0")
def deep_gap_symbols(this: Elements, stream: Elements) -> int:  # noqa: ARG001
    """Clause 15.6.1: gaps that have a code word."""
    return 1 << this["deep_gap_bits"] if this["deep_gap_bits"] else 0


@derived("all deep_centroid are finite")
def deep_centroids_finite(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.6.1."""
    return all(map(isfinite, this["deep_centroid"]))


@derived("IsCode(deep_index_length)")
def deep_index_code(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.6.2."""
    return is_code(this["deep_index_length"])


@derived("deep_gap_bits == 0 || IsCode(deep_gap_length)")
def deep_gap_code(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.6.2."""
    return this["deep_gap_bits"] == 0 or is_code(this["deep_gap_length"])


def is_code(lengths: Sequence[int]) -> bool:
    """Clause 15.6.2: whether the words fill the code space, or there is one, of length 1."""
    used = [length for length in lengths if length]
    if len(used) == 1:
        return used == [1]
    return sum(1 << (MAX_CODE_LENGTH - length) for length in used) == 1 << MAX_CODE_LENGTH
