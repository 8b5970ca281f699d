"""Which clauses the sources cite, and which functions of the literal decoder state which clause.

Plain Python: reads the sources as text and as syntax trees, imports nothing of nnref.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLAUSE = r"(?:\d{1,2}(?:\.\d{1,2})*|[A-E](?:\.\d{1,2})*)(?![\w-])"
_CITATION = re.compile(rf"\b[Cc]lauses?\s+({CLAUSE}(?:(?:\s*,\s*|\s+and\s+|\s+to\s+){CLAUSE})*)")
_ANNEX = re.compile(r"\bAnnex\s+([A-E])\b")
_HEAD = re.compile(rf"Clauses?\s+({CLAUSE})")


@dataclass(frozen=True, slots=True)
class Citation:
    """A clause named in a file."""

    clause: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one function, or the head of one class, whose docstring opens with a clause."""

    clause: str
    name: str
    module: str
    line: int
    text: str


def cited_clauses(text: str) -> Iterator[tuple[str, int]]:
    """(clause, line) of every mention of the form "clause 9.3", "clauses 5 and 6.1", "Annex B"."""
    for pattern in (_CITATION, _ANNEX):
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            for clause in re.findall(CLAUSE, match[1]):
                yield clause, line


def citations(root: Path, folders: tuple[str, ...], suffixes: tuple[str, ...]) -> list[Citation]:
    """Every citation in the files of `folders` under `root`, build output left out."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in suffixes or "_build" in path.parts:
                continue
            for clause, line in cited_clauses(path.read_text(encoding="utf-8")):
                found.append(Citation(clause, str(path.relative_to(root)), line))
    return found


def process_sources(folder: Path) -> list[Source]:
    """Functions, methods and class heads of `folder` in order of file and line.

    Only those whose docstring opens with a clause; a class head ends before its first method.
    """
    found: list[Source] = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for owner, node in _definitions(ast.parse(text)):
            match = _HEAD.match(ast.get_docstring(node) or "")
            if match:
                name = f"{owner}.{node.name}" if owner else node.name
                found.append(Source(match[1], name, path.name, node.lineno, _text(node, lines)))
    return found


Definition = ast.FunctionDef | ast.ClassDef


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    for node in tree.body:
        if isinstance(node, Definition):
            yield "", node
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    yield node.name, member


def _text(node: Definition, lines: list[str]) -> str:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    last = node.end_lineno or node.lineno
    if isinstance(node, ast.ClassDef):
        methods = [member for member in node.body if isinstance(member, ast.FunctionDef)]
        if methods:
            head = methods[0]
            last = min([head.lineno, *(d.lineno for d in head.decorator_list)]) - 1
    body = lines[first - 1 : last]
    indent = len(body[0]) - len(body[0].lstrip())
    return "\n".join(line[indent:] for line in body).rstrip()
