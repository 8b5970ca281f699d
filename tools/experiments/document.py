"""What a report says, apart from how it is written down: Markdown or HTML."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a section; the report's title has level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """Sentences that belong together."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Its first column is text, the others are numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of a picture and what it shows."""

    title: str
    path: Path


Block = Heading | Text | Items | Table | Picture


def markdown(blocks: Iterable[Block], folder: Path) -> str:
    """Pictures are named by their paths below `folder`, where the text will lie."""
    return "\n\n".join(_markdown(block, folder) for block in blocks) + "\n"


def _markdown(block: Block, folder: Path) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {text}"
        case Text(text):
            return text
        case Items(texts):
            return "\n".join(f"- {text}" for text in texts)
        case Picture(title, path):
            return f"![{title}]({path.relative_to(folder).as_posix()})"
        case Table(columns, rows):
            return table(columns, rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; its first column is text, the others are numbers."""
    head = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    return "\n".join("| " + " | ".join(row) + " |" for row in [*head, *rows])
