"""Answers as plain text, for a terminal."""

from collections.abc import Iterator, Sequence
from textwrap import indent

from nnref.spec.tables.clauses import CLAUSES
from nnref.tools.syntax.answers import Answer, Table
from nnref.tools.syntax.facts import facts, rule_text
from nnref.tools.syntax.lines import Line

_HEADS = ("element", "descriptor", "entries", "present when", "clause")
_WIDEST = 44
"""Characters up to which a column is padded; a longer cell pushes its line to the right."""


def text(answer: Answer) -> str:
    """An answer in lines; of the whole syntax the tables alone."""
    return "\n\n".join(_parts(answer))


def _parts(answer: Answer) -> Iterator[str]:
    if answer.clauses or answer.tables:
        yield answer.title
    if answer.clauses[1:]:
        yield "\n".join(f"  {clause} {CLAUSES[clause]}" for clause in answer.clauses[1:])
    yield from map(_table, answer.tables)
    if answer.whole:
        return
    yield from map(_line, answer.elements)
    if answer.rules:
        rows = [(rule.id, rule_text(rule)) for rule in answer.rules]
        yield "\n".join(["Rules", *_aligned(rows)])
    for function in answer.functions:
        yield f"{function.name}\n{indent(function.source, '  ')}"


def _table(table: Table) -> str:
    rows = [
        (line.element, line.descriptor, line.count, line.condition, line.clause)
        for line in table.lines
    ]
    head = f"{table.title}  (clause {table.clause})"
    return "\n".join([head, *_aligned([_HEADS, *rows])])


def _line(line: Line) -> str:
    return "\n".join([line.element, *_aligned(list(facts(line)))])


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
