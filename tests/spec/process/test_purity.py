"""What the literal decoder may know, and how its functions are named after clauses."""

import ast
from pathlib import Path

import pytest

import nnref.spec.process
from nnref.spec.tables.clauses import CLAUSES

MODULES = sorted(Path(nnref.spec.process.__file__).parent.glob("*.py"))
ALLOWED = ("collections.abc", "dataclasses", "hashlib", "itertools", "math", "struct", "typing")
ANOTHER_STANDARD = {"hevc.py": "av"}
"""What decodes pictures, whose decoding process is that of another standard."""
OWN = ("nnref.spec.process", "nnref.spec.tables")


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_literal_decoder_knows_nothing_but_tables(path):
    for module in imported(ast.parse(path.read_text())):
        known = module in ALLOWED or module.startswith(OWN)
        assert known or module == ANOTHER_STANDARD.get(path.name)


def definitions(tree):
    """Classes and functions of a module; methods too, but special ones and an observer's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            if node.name not in ("Observer", "Refused"):
                yield from (item for item in methods if not item.name.startswith("__"))
    yield from (node for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_definition_opens_with_its_clause(path):
    for node in definitions(ast.parse(path.read_text())):
        text = " ".join(ast.get_docstring(node).split())
        assert text.startswith("Clause "), node.name
        number, rest = text.removeprefix("Clause ").split(": ", 1)
        assert rest.startswith(f"{CLAUSES[number]}."), f"{node.name}: {text}"
