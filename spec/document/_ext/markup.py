"""Small builders of docutils nodes: references, tables, literal text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from docutils import nodes
from sphinx import addnodes

DOMAIN = "nnref"
Cell: TypeAlias = str | nodes.Node | Sequence[str | nodes.Node]


@dataclass(frozen=True, slots=True)
class Table:
    """A table before it is drawn; `widths` are relative, `classes` are CSS classes."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    classes: Sequence[str] = ()
    row_classes: Sequence[str] = ()
    """One string of CSS classes per row, or nothing."""
    row_ids: Sequence[str] = ()
    """One anchor per row, or nothing; an empty string is no anchor."""


def code(text: str) -> nodes.literal:
    """Text in a fixed pitch."""
    return nodes.literal(text, text)


def reference(kind: str, target: str, text: str, *, literal: bool = False) -> nodes.Node:
    """A link to an object of the domain; resolved, and complained about, when pages are written."""
    content: nodes.Node = code(text) if literal else nodes.inline(text, text)
    return addnodes.pending_xref(
        "", content, refdomain=DOMAIN, reftype=kind, reftarget=target, refwarn=True
    )


def paragraph(cell: Cell) -> nodes.paragraph:
    """A paragraph of strings and nodes."""
    parts = [cell] if isinstance(cell, str | nodes.Node) else cell
    node = nodes.paragraph()
    for part in parts:
        node += nodes.Text(part) if isinstance(part, str) else part
    return node


def draw(table: Table) -> nodes.table:
    """The docutils node of a table."""
    node = nodes.table(classes=["nnref", *table.classes])
    group = nodes.tgroup(cols=len(table.headers))
    node += group
    for _ in table.headers:
        group += nodes.colspec(colwidth=1)
    head = nodes.thead()
    head += _row(table.headers)
    group += head
    body = nodes.tbody()
    for index, cells in enumerate(table.rows):
        row = _row(cells)
        if table.row_classes and table.row_classes[index]:
            row["classes"] += table.row_classes[index].split()
        if table.row_ids and table.row_ids[index]:
            row["ids"].append(table.row_ids[index])
        body += row
    group += body
    return node


def _row(cells: Iterable[Cell]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += paragraph(cell)
        row += entry
    return row


def anchor(kind: str, name: str) -> str:
    """The stable HTML anchor of an object: clause-9-3-2, element-dq_flag, rule-codebook-empty."""
    name = name.replace(".", "-")
    return f"{kind}-{name.lower() if kind in ('clause', 'entry') else name}"
