"""Clause 15.2: values that follow from the elements of a video header."""

from math import isfinite

from nnref.spec.syntax.derived import Elements
from nnref.spec.syntax.expressions import derived


@derived("all scales are finite")
def video_scales_finite(this: Elements, stream: Elements) -> bool:  # noqa: ARG001
    """Clause 15.2.1."""
    return all(isfinite(scale) for scale in this["video_scale"])
