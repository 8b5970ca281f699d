"""Answers as Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from nnref.spec.tables.clauses import CLAUSES
from nnref.tools.syntax.answers import Answer, Table
from nnref.tools.syntax.facts import facts, rule_text
from nnref.tools.syntax.lines import Line

_HEADS = ("element", "descriptor", "entries", "present when", "clause")


def markdown(answer: Answer) -> str:
    """An answer as a document with pipe tables."""
    return "\n\n".join(_parts(answer))


def _parts(answer: Answer) -> Iterator[str]:
    yield f"# {_escaped(answer.title)}"
    if answer.clauses[1:]:
        yield "\n".join(f"- {clause} {CLAUSES[clause]}" for clause in answer.clauses[1:])
    for table in answer.tables:
        yield f"## {_escaped(table.title)} (clause {table.clause})"
        yield _table_rows(table)
    for line in answer.elements:
        yield f"### {_escaped(line.element)}"
        yield _facts(line)
    if answer.rules:
        yield "## Rules"
        rows = ((f"`{rule.id}`", _escaped(rule_text(rule))) for rule in answer.rules)
        yield _pipes(("rule", "obligation"), rows)
    for function in answer.functions:
        yield f"### {_escaped(function.name)}"
        yield f"```python\n{function.source}\n```"


def _table_rows(table: Table) -> str:
    rows = (
        (
            _code(one.element),
            _code(one.descriptor),
            _code(one.count),
            _code(one.condition),
            one.clause,
        )
        for one in table.lines
    )
    return _pipes(_HEADS, rows)


def _facts(line: Line) -> str:
    return "\n".join(f"- {label}: {_escaped(text)}" for label, text in facts(line))


def _pipes(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruler = ["---"] * len(heads)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ruler, *rows))


def _code(text: str) -> str:
    """In a fixed pitch; a bar would end the cell of a table, also inside of backticks."""
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""


def _escaped(text: str) -> str:
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return text
