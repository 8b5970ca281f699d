"""The declared syntax, as the document shows it: structures, their rows, and the elements.

Header elements come from the construct declarations; elements inside an arithmetic codeword from
the calls with which the literal decoder reads them. Nothing here is written twice.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import nnref.spec.process
from nnref.spec.syntax.describe import STRUCTURE, VARIABLE, Row, describe

from .citations import process_sources

PROCESS: Final = Path(next(iter(nnref.spec.process.__path__)))
IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_READS: Final = {
    ("engine", "context_bin"): "context bins",
    ("engine", "bypass_bin"): "bypass bin",
    ("engine", "uae"): "bypass bins, unsigned",
    ("engine", "iae"): "bypass bins, two's complement",
    ("engine", "ueg"): "bypass bins, Exp-Golomb",
    ("engine", "ieg"): "bypass bins, signed Exp-Golomb",
    ("bits", "raw"): "bytes to the end of the unit",
    ("bits", "rest"): "bytes to the end of the unit",
}
"""How the literal decoder's calls read what no header declares."""


@dataclass(frozen=True, slots=True)
class CodedElement:
    """An element of a payload: how it is coded, and the function that reads it."""

    name: str
    coding: str
    function: str
    clause: str


@cache
def structures() -> dict[str, tuple[Row, ...]]:
    """The rows of every syntax table by the structure's title, in the order of the clauses."""
    found: dict[str, list[Row]] = {}
    for row in describe():
        found.setdefault(row.structure, []).append(row)
    return {title: tuple(rows) for title, rows in found.items()}


def structures_of(clause: str) -> dict[str, tuple[Row, ...]]:
    """The syntax tables that belong to a clause."""
    return {t: rows for t, rows in structures().items() if rows[0].structure_clause == clause}


@cache
def coded_elements() -> dict[str, CodedElement]:
    """Elements of payloads by name, in the order in which the literal decoder has them."""
    found: dict[str, CodedElement] = {}
    for source in process_sources(PROCESS):
        for name, coding in _read_names(ast.parse(source.text)):
            found.setdefault(name, CodedElement(name, coding, source.name, source.clause))
    return found


def _read_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        coding = _READS.get((ast.unparse(node.func.value), node.func.attr))
        for argument in node.args:
            if coding and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value, coding


def is_structure(name: str) -> bool:
    """True for `codebook()` and the like, which have tables of their own."""
    return name in structures()


@cache
def element_names() -> frozenset[str]:
    """Every element that needs semantics: all that take bits or stand for a structure without a
    table, and the variables that other elements depend on.
    """
    headers = {r.element for r in describe() if r.kind != STRUCTURE or r.element.endswith("()")}
    return frozenset({name for name in headers if not is_structure(name)} | set(coded_elements()))


def rows_of(name: str) -> list[Row]:
    """The lines in which a header element stands."""
    return [row for row in describe() if row.element == name]


def semantics() -> dict[str, list[str]]:
    """The clauses that the declarations name for the semantics of each header element."""
    found: dict[str, list[str]] = {}
    for row in describe():
        found.setdefault(row.element, []).append(row.clause)
    return found


def is_variable(row: Row) -> bool:
    """True for a line that takes no bits."""
    return row.kind == VARIABLE


def substructure(row: Row) -> str:
    """The title of the structure that takes a line's place, or nothing."""
    return row.descriptor if row.kind == STRUCTURE and is_structure(row.descriptor) else ""
