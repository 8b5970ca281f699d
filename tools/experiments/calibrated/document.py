"""A report as blocks, which become Markdown or one HTML page."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nnref.tools.experiments.report import table as markdown_table


@dataclass(frozen=True, slots=True)
class Heading:
    """Of level 1, 2 or 3."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Its first column is text, the others are numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture, in HTML only."""

    svg: str


Block = Heading | Table | Items | Plot | str

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 }
th, td { padding: .15rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left }
svg { max-width: 100%; height: auto }
.wide { overflow-x: auto }
"""


def markdown(blocks: Iterable[Block]) -> str:
    """Without plots."""
    parts = (_markdown(block) for block in blocks if not isinstance(block, Plot))
    return "\n\n".join(parts) + "\n"


def page(title: str, blocks: Iterable[Block]) -> str:
    """One HTML page that needs nothing else."""
    body = "\n".join(map(_html, blocks))
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    opened = f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n'
    return f"{opened}<body>\n{body}\n</body>\n</html>\n"


def _markdown(block: Heading | Table | Items | str) -> str:
    if isinstance(block, Heading):
        return "#" * block.level + " " + block.text
    if isinstance(block, Table):
        return markdown_table(block.columns, block.rows)
    if isinstance(block, Items):
        return "\n".join(f"- {text}" for text in block.texts)
    return block


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
    if isinstance(block, Plot):
        return block.svg
    if isinstance(block, Items):
        return f"<ul>{_each(block.texts, 'li')}</ul>"
    if isinstance(block, Table):
        head = f"<tr>{_each(block.columns, 'th')}</tr>"
        rows = "".join(f"<tr>{_each(row, 'td')}</tr>" for row in block.rows)
        return f'<div class="wide"><table>{head}{rows}</table></div>'
    return f"<p>{html.escape(block)}</p>"


def _each(texts: Iterable[str], tag: str) -> str:
    return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts)
