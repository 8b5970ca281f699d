"""Invalid cases: at least one for each rule, truncations, lying sizes, bombs."""

from collections.abc import Iterator

from nnref.conformance.generator.families.faults import (
    codewords,
    deep_compression,
    frames,
    headers,
    hierarchical,
    lnq,
    outside,
    strength,
    templates,
    video,
)
from nnref.conformance.generator.fault import FaultCase


def all_faults() -> Iterator[FaultCase]:
    """All of them."""
    for module in (
        frames,
        headers,
        codewords,
        outside,
        strength,
        lnq,
        templates,
        deep_compression,
        video,
        hierarchical,
    ):
        yield from module.faults()
