"""Answers as JSON objects."""

from typing import Any

from nnref.spec.tables import enums
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.rules import Rule
from nnref.tools.syntax.answers import Answer, Table
from nnref.tools.syntax.lines import Line
from nnref.tools.syntax.streams import streams_with


def answer_object(answer: Answer) -> dict[str, Any]:
    """An answer; keys of parts that were not asked for are there, and empty."""
    return {
        "title": answer.title,
        "clauses": {clause: CLAUSES[clause] for clause in answer.clauses},
        "structures": [_table(table) for table in answer.tables],
        "elements": [_line(line) for line in answer.elements],
        "rules": [rule_object(rule) for rule in answer.rules],
        "functions": [
            {"name": function.name, "clause": function.clause, "source": function.source}
            for function in answer.functions
        ],
    }


def members(enumeration: str) -> dict[str, int]:
    """Names and values of an enumeration; empty without one."""
    found = getattr(enums, enumeration, None)
    return {} if found is None else {member.name: int(member) for member in found}


def rule_object(rule: Rule) -> dict[str, Any]:
    """One rule."""
    return {
        "id": rule.id,
        "kind": rule.kind,
        "clause": rule.clause,
        "text": rule.text,
        "tolerated": rule.tolerated,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "structure": table.title,
        "clause": table.clause,
        "units": list(table.units),
        "elements": [line.element for line in table.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {
        "element": line.element,
        "kind": line.kind,
        "structure": line.structure,
        "structure_clause": line.structure_clause,
        "units": list(line.units),
        "descriptor": line.descriptor,
        "condition": line.condition,
        "count": line.count,
        "inference": line.inference,
        "values": line.values,
        "enumeration": members(line.enumeration),
        "clause": line.clause,
        "coding": list(line.coding),
        "rules": list(line.rules),
        "demands": [{"rule": rule, "demand": text} for rule, text in line.demands],
        "before": line.before,
        "after": line.after,
    }
    streams = streams_with(line.element)
    return found | ({"streams": list(streams)} if streams else {})
