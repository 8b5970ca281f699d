"""What the suite consists of, family by family.

A family is a module with a function `cases()`: add a case there, or a module to `FAMILIES`, and
run `nnref conformance generate`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families import (
    blocks,
    codebooks,
    codewords,
    deep_compression,
    documented,
    hierarchical,
    lnq,
    low_rank_kernels,
    maps,
    parameter_sets,
    parts,
    scans,
    strength,
    templates,
    tensors,
    units,
    updates,
    video,
)

FAMILIES: Final[tuple[Callable[[], Iterator[Case]], ...]] = (
    documented.cases,
    parameter_sets.cases,
    maps.cases,
    units.cases,
    parts.cases,
    tensors.cases,
    scans.cases,
    codewords.cases,
    codebooks.cases,
    blocks.cases,
    updates.cases,
    lnq.cases,
    strength.cases,
    templates.cases,
    deep_compression.cases,
    video.cases,
    low_rank_kernels.cases,
    hierarchical.cases,
)
"""In the order in which they are made: the base of an update comes before it."""


def all_cases() -> Iterator[Case]:
    """Every case of the suite that is decoded; `faults` has the invalid ones."""
    for cases in FAMILIES:
        yield from cases()
