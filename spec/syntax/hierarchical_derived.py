"""Clause 15.4: values that follow from the elements of a hierarchical header."""

from math import isfinite

from nnref.spec.syntax.derived import Elements
from nnref.spec.syntax.expressions import derived


@derived("all hier_centroid are finite")
def hier_centroids_finite(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.4.1."""
    return all(map(isfinite, this["hier_centroid"]))
