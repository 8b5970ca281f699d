"""Lines and branches of the literal decoder, and the smallest stream that reaches each.

Measured with coverage.py, a context per stream. A line is known by its function and its text, not
by its number, so that waivers outlive changes elsewhere.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import nnref.spec.process
from nnref.conformance.coverage.measure import Suite
from nnref.conformance.suite import Sheet
from nnref.spec.errors import refusal
from nnref.spec.process import Observer

if TYPE_CHECKING:
    from coverage import Coverage

WITH_OBSERVER: Final = 150
"""Streams below so many bytes are decoded with and without an observer."""
FOLDER: Final = Path(next(iter(nnref.spec.process.__path__)))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the literal decoder: its lines, the first behind its docstring on."""

    module: str
    name: str
    clause: str
    lines: range
    text: dict[int, str]

    def line(self, number: int) -> str:
        """The id of a line."""
        return f"line {self.module} {self.name}: {self.text[number]}"

    def branch(self, source: int, target: int) -> str:
        """The id of a branch; a target that is no line of the function is its end."""
        to = self.text.get(target, "end")
        return f"branch {self.module} {self.name}: {self.text[source]} -> {to}"


Arc = tuple[int, int]


def lines_and_branches(suite: Suite) -> tuple[dict[str, str], dict[str, str]]:
    """By id: the clause of every line and branch; the smallest stream of those that are reached.

    Raises FileError (extra-missing) without coverage.py.
    """
    reached: dict[str, dict[Arc, str]] = {}
    for sheet in suite.smallest_first():
        for name, arcs in _arcs(suite, sheet).items():
            own = reached.setdefault(name, {})
            for arc in arcs:
                own.setdefault(arc, sheet.id)
    total = _measurement()
    total.get_data().add_arcs({str(FOLDER / name): arcs for name, arcs in reached.items()})
    clauses: dict[str, str] = {}
    witnesses: dict[str, str] = {}
    for name, found in _report(total).items():
        for source, target in list(reached[name]):
            for line in (source, target):
                first = _smaller(suite, reached[name].get((0, line)), reached[name][source, target])
                reached[name][0, line] = first
        for function in functions(FOLDER / name):
            for item, arc in _items(function, found):
                clauses[item] = function.clause
                if arc in reached[name]:
                    witnesses.setdefault(item, reached[name][arc])
    return clauses, witnesses


def _smaller(suite: Suite, one: str | None, other: str) -> str:
    """The smaller of two streams."""
    if one is None:
        return other
    return min(one, other, key=lambda name: (suite.sheets[name].stream.bytes, name))


def _measurement() -> "Coverage":
    try:
        from coverage import Coverage  # noqa: PLC0415  an extra
    except ImportError:
        raise refusal("extra-missing", "pip install 'nnref[coverage]'") from None
    return Coverage(data_file=None, branch=True, include=[f"{FOLDER}/*"], config_file=False)


def _arcs(suite: Suite, sheet: Sheet) -> dict[str, list[Arc]]:
    """The arcs of one case by module."""
    run = _measurement()
    run.start()
    try:
        suite.decode(sheet)
        if sheet.stream.bytes < WITH_OBSERVER:
            suite.decode(sheet, Observer())
    finally:
        run.stop()
    data = run.get_data()
    return {Path(name).name: list(data.arcs(name) or ()) for name in data.measured_files()}


def _report(run: "Coverage") -> dict[str, Any]:
    """coverage.py's report by module."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        run.json_report(outfile=str(path))
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return {Path(name).name: content for name, content in sorted(files.items())}


def _items(function: Function, found: dict[str, Any]) -> Iterator[tuple[str, Arc]]:
    """Lines and branches of a function as coverage.py sees them."""
    for number in found["executed_lines"] + found["missing_lines"]:
        if number in function.lines:
            yield function.line(number), (0, number)
    for source, target in found["executed_branches"] + found["missing_branches"]:
        if source in function.lines:
            yield function.branch(source, target), (source, target)


def functions(path: Path) -> Iterator[Function]:
    """The functions of a module whose docstring opens with a clause."""
    text = path.read_text(encoding="utf-8")
    lines = {number: line.strip() for number, line in enumerate(text.splitlines(), 1)}
    for owner, node in _definitions(ast.parse(text)):
        docstring = ast.get_docstring(node) or ""
        body = node.body[1:]
        if docstring.startswith("Clause ") and body:
            clause = docstring.removeprefix("Clause ").split(":")[0]
            own = range(body[0].lineno, (node.end_lineno or node.lineno) + 1)
            yield Function(path.name, owner + node.name, clause, own, {n: lines[n] for n in own})


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield "", node
        if isinstance(node, ast.ClassDef):
            members = (member for member in node.body if isinstance(member, ast.FunctionDef))
            yield from ((f"{node.name}.", member) for member in members)
