"""Clause 6: every line of every syntax table, of headers and of tensor data, in one form."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from nnref.spec.syntax import Row, describe
from nnref.spec.syntax.units import PRIVATE_UNITS
from nnref.spec.tables.rules import RULES
from nnref.tools.syntax.coded import CODED_ELEMENTS, CodedElement

_PRIVATE = tuple(syntax.name for syntax in PRIVATE_UNITS.values())

CODEWORD = "arithmetic codeword"
"""What the elements of payloads are listed under."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a syntax table; texts are empty when there is nothing to say."""

    element: str
    kind: str
    """`element`, `structure`, `variable`, or `coded` for an element of a codeword."""
    structure: str
    structure_clause: str
    units: tuple[str, ...]
    descriptor: str
    condition: str
    count: str
    inference: str
    values: str
    enumeration: str
    clause: str
    """Clause of its semantics."""
    coding: tuple[str, ...]
    """Further clauses: how the bins of a coded element are found."""
    rules: tuple[str, ...]
    """Ids of the rules that it can break."""
    demands: tuple[tuple[str, str], ...] = ()
    """(rule, what it demands) of rules between elements."""
    before: str = ""
    """Element of the line above in the table."""
    after: str = ""


@cache
def lines() -> tuple[Line, ...]:
    """All lines: headers in the order of the tables, then the codeword."""
    headers = [_of_row(row) for row in describe()]
    return tuple(_placed([*headers, *map(_of_coded, CODED_ELEMENTS)]))


@cache
def clauses_of_elements() -> dict[tuple[str, str], str]:
    """The clause of an element's semantics by (type of unit, element)."""
    found: dict[tuple[str, str], str] = {}
    for line in lines():
        for unit in line.units:
            found.setdefault((unit, line.element), line.clause)
    return found


def clause_of(unit: str, element: str) -> str:
    """Clause of the semantics of `element` in a unit of type `unit`; `6` for an unknown one.

    The elements of clause 6.1 are those of every unit; the type of a private unit does not say
    which one it is (clause 14.2).
    """
    known = clauses_of_elements()
    found = (known.get((name, element)) for name in (unit, "nnr_unit", *_PRIVATE))
    return next(filter(None, found), "6")


def _of_row(row: Row) -> Line:
    return Line(
        element=row.element,
        kind=row.kind,
        structure=row.structure,
        structure_clause=row.structure_clause,
        units=row.units,
        descriptor=row.descriptor,
        condition=row.condition,
        count=row.count,
        inference=row.inference,
        values=row.values,
        enumeration=row.enumeration,
        clause=row.clause,
        coding=(),
        rules=row.rules,
        demands=tuple((constraint.rule, constraint.text) for constraint in row.constraints),
    )


def _of_coded(element: CodedElement) -> Line:
    return Line(
        element=element.name,
        kind="coded",
        structure=CODEWORD,
        structure_clause=element.structure_clause,
        units=element.units,
        descriptor=element.descriptor,
        condition=element.condition,
        count=element.count,
        inference="",
        values=element.values,
        enumeration="",
        clause=element.clause,
        coding=element.coding,
        rules=tuple(rule.id for rule in RULES.values() if _concerns(rule.text, element.name)),
    )


def _concerns(text: str, name: str) -> bool:
    """Whether a rule's text names an element; parts of abs_remainder share its name."""
    return name in text.split() or (name.startswith("abs_remainder") and "abs_remainder" in text)


def _placed(found: Iterable[Line]) -> Iterable[Line]:
    """With the neighbours in their table."""
    for _, group in groupby(found, key=lambda line: line.structure):
        table = list(group)
        names = ["", *(line.element for line in table), ""]
        for place, line in enumerate(table):
            yield replace(line, before=names[place], after=names[place + 2])
