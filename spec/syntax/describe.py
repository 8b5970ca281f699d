"""Clause 4.3: the declarations as rows, for syntax tables and for looking things up."""

from collections.abc import Iterator
from dataclasses import dataclass

from nnref.spec.syntax.constraints import Constraint
from nnref.spec.syntax.descriptors import Descriptor
from nnref.spec.syntax.elements import Element, Structure, is_variable
from nnref.spec.syntax.expressions import text
from nnref.spec.syntax.units import ANY_UNIT, PRIVATE_UNITS, UNITS, UnitSyntax

ELEMENT, STRUCTURE, VARIABLE = "element", "structure", "variable"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a syntax table; texts are empty when there is nothing to say."""

    structure: str
    """Structure it stands in, for example `codebook()`."""
    structure_clause: str
    """Clause of that structure's table (6...)."""
    units: tuple[str, ...]
    """Types of units the structure occurs in, for example `NNR_NDU`."""
    element: str
    kind: str
    """ELEMENT, STRUCTURE (a structure or byte_alignment() stands here) or VARIABLE."""
    descriptor: str
    """`u(5)`; for a structure its title; empty for byte_alignment() and for a variable."""
    condition: str
    """When it is present: `dq_flag == 1`; empty: always."""
    count: str
    """Entries of the list: `count_tensor_dimensions`; empty: not a list."""
    inference: str
    """Value when it is absent, or of a variable; empty: it has none then."""
    values: str
    """Allowed values: `0..4`."""
    enumeration: str
    """Name of the enumeration of the values, in `nnref.spec.tables.enums`."""
    rules: tuple[str, ...]
    """Ids of the rules a value can break."""
    constraints: tuple[Constraint, ...]
    """Rules that tie it to other elements."""
    clause: str
    """Clause of its semantics (7...)."""


def describe() -> tuple[Row, ...]:
    """Clause 6: every element of every structure, in the order of the tables."""
    return tuple(
        _row(structure, units, element)
        for structure, units in structures().items()
        for element in structure.elements
    )


def structures() -> dict[Structure, tuple[str, ...]]:
    """Every syntax structure in the order of its first use, and the types of units it is in."""
    found: dict[Structure, list[str]] = {}
    for unit in (ANY_UNIT, *UNITS.values(), *PRIVATE_UNITS.values()):
        for structure in _reachable(unit):
            names = found.setdefault(structure, [])
            if unit.name not in names:
                names.append(unit.name)
    return {structure: tuple(units) for structure, units in found.items()}


def _reachable(unit: UnitSyntax) -> Iterator[Structure]:
    for structure in unit.structures:
        yield from _with_nested(structure)


def _with_nested(structure: Structure) -> Iterator[Structure]:
    yield structure
    for element in structure.elements:
        if isinstance(element.body, Structure):
            yield from _with_nested(element.body)


def _row(structure: Structure, units: tuple[str, ...], element: Element) -> Row:
    body = element.body
    leaf = body if isinstance(body, Descriptor) else None
    inferred = is_variable(element) or element.when is not None
    value = text(body.func if is_variable(element) else element.inferred.func)
    rules = (leaf.rules if leaf else ()) + tuple(c.rule for c in element.constraints)
    return Row(
        structure=structure.title,
        structure_clause=structure.clause,
        units=units,
        element=element.title,
        kind=_kind(element),
        descriptor=leaf.text if leaf else getattr(body, "title", ""),
        condition="" if element.when is None else text(element.when),
        count="" if element.count is None else text(element.count),
        inference=value if inferred and value not in ("absent", element.name) else "",
        values=leaf.values_text if leaf else "",
        enumeration=leaf.enumeration.__name__ if leaf and leaf.enumeration else "",
        rules=tuple(dict.fromkeys(rules)),
        constraints=element.constraints,
        clause=element.clause,
    )


def _kind(element: Element) -> str:
    if is_variable(element):
        return VARIABLE
    return STRUCTURE if isinstance(element.body, Structure) or not element.name else ELEMENT
