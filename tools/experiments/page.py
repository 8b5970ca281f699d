"""A report as one HTML file that needs nothing else: pictures are inside."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final

from nnref.tools.experiments.document import Block, Heading, Items, Picture, Table, Text

_TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 1rem 0; } img { max-width: 100%; background: #fff; }
nav ul { columns: 3 16rem; }
"""


def page(blocks: Sequence[Block]) -> str:
    """The whole file, with a list of its sections. Raises OSError for a picture that is gone."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join([*_body(blocks)])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _body(blocks: Sequence[Block]) -> Iterator[str]:
    sections = [(f"s{number}", block) for number, block in enumerate(blocks)]
    links = [
        f'<li><a href="#{place}">{escape(block.text)}</a></li>'
        for place, block in sections
        if isinstance(block, Heading) and block.level == 2
    ]
    for place, block in sections:
        yield _html(block, place)
        if isinstance(block, Heading) and block.level == 1:
            yield f"<nav><ul>{''.join(links)}</ul></nav>"


def _html(block: Block, place: str) -> str:
    match block:
        case Heading(text, level):
            return f'<h{level} id="{place}">{escape(text)}</h{level}>'
        case Text(text):
            return f"<p>{_words(text)}</p>"
        case Items(texts):
            return "<ul>" + "".join(f"<li>{_words(text)}</li>" for text in texts) + "</ul>"
        case Picture(title, path):
            words = escape(title)
            return (
                f'<figure><img alt="{words}" src="{_inside(path)}">'
                f"<figcaption>{words}</figcaption></figure>"
            )
        case Table(columns, rows):
            head = _row(columns, "th")
            return f"<table>{head}{''.join(_row(row, 'td') for row in rows)}</table>"


def _words(text: str) -> str:
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text))


def _row(cells: Iterable[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"


def _inside(path: Path) -> str:
    return f"data:{_TYPES[path.suffix]};base64,{b64encode(path.read_bytes()).decode('ascii')}"
