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
    video,
)
from nnref.conformance.generator.fault import FaultCase


def all_faults() -> Iterator[FaultCase]:
    """All of them."""
    families = (frames, headers, codewords, outside, strength, lnq, deep_compression, video)
    for module in (*families, hierarchical):
        yield from module.faults()
