"""Clause by clause, what the suite consists of: a case is a described stream and its purpose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnref.conformance.generator.building import Description, UnitDescription
from nnref.conformance.suite import VALID


@dataclass(frozen=True, slots=True)
class Case:
    """A stream of the suite; its id is the name of the description."""

    group: str
    description: Description
    purpose: str
    """What a naive decoder would do wrong."""
    clauses: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    kind: str = VALID
    semantics: str | None = None
    as_coded: bool = True
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Stable, and unique in the suite."""
        return self.description.name


def case(
    group: str,
    name: str,
    title: str,
    purpose: str,
    clauses: tuple[str, ...],
    *units: UnitDescription,
    decisions: tuple[str, ...] = (),
    kind: str = VALID,
    semantics: str | None = None,
    as_coded: bool = True,
    limits: Mapping[str, int] | None = None,
    **options: Any,
) -> Case:
    """A case by its units; `options` are the others of a description: after, dialect, ..."""
    description = Description(name, title, units, **options)
    return Case(
        group, description, purpose, clauses, decisions, kind, semantics, as_coded, limits or {}
    )
