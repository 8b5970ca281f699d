"""Answers as one HTML page that needs nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from nnref.spec.tables.clauses import CLAUSES
from nnref.tools.syntax.answers import Answer, Table
from nnref.tools.syntax.facts import facts, rule_text
from nnref.tools.syntax.lines import Line

_HEADS: Final = ("element", "descriptor", "entries", "present when", "clause")
_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #8886; padding: .2rem .6rem; text-align: left }
td, dd { overflow-wrap: break-word }
code, pre { font-size: .9em } pre { overflow-x: auto }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem }
dt { color: #777 } dd { margin: 0 }
:root { color-scheme: light dark }
"""


def page(answer: Answer) -> str:
    """An answer as a page; elements of its tables link to their descriptions below."""
    body = "\n".join(_parts(answer))
    title = escape(answer.title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>"
    )


def _parts(answer: Answer) -> Iterator[str]:
    yield f"<h1>{escape(answer.title)}</h1>"
    if answer.clauses[1:]:
        items = (f"<li>{clause} {escape(CLAUSES[clause])}</li>" for clause in answer.clauses[1:])
        yield f"<ul>{''.join(items)}</ul>"
    anchors = {line.element: f"e{i}" for i, line in reversed([*enumerate(answer.elements)])}
    for table in answer.tables:
        yield f"<h2>{escape(table.title)} (clause {table.clause})</h2>"
        yield _table(table, anchors)
    for i, line in enumerate(answer.elements):
        yield f'<h3 id="e{i}"><code>{escape(line.element)}</code></h3>'
        yield _facts(line)
    if answer.rules:
        yield "<h2>Rules</h2>"
        rows = ((_code(rule.id), escape(rule_text(rule))) for rule in answer.rules)
        yield _rows(("rule", "obligation"), rows)
    for function in answer.functions:
        yield f"<h3>{_code(function.name)}</h3>\n<pre>{escape(function.source)}</pre>"


def _table(table: Table, anchors: dict[str, str]) -> str:
    rows = (
        (
            _linked(line.element, anchors),
            *map(_code, (line.descriptor, line.count, line.condition)),
            line.clause,
        )
        for line in table.lines
    )
    return _rows(_HEADS, rows)


def _linked(element: str, anchors: dict[str, str]) -> str:
    anchor = anchors.get(element)
    return f'<a href="#{anchor}">{_code(element)}</a>' if anchor else _code(element)


def _facts(line: Line) -> str:
    items = (f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts(line))
    return f"<dl>{''.join(items)}</dl>"


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>" for cells in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}\n</table>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else ""
