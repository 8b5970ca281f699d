"""Clause 15.1: local non-linear quantization, a module for each part of the clause."""

from collections.abc import Iterator

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families.lnq import classes, codebooks, plain, published, units


def cases() -> Iterator[Case]:
    """The family."""
    for module in (plain, units, classes, published, codebooks):
        yield from module.cases()
