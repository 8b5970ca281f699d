"""The catalogue of seeded faults, and the change of source text that each of them is."""

import ast
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from nnref.spec.errors import refusal

_SPEC: Final = "nnref.spec"
_Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `old`, which the text of a function holds exactly once, becomes `new`.

    `module` is below `nnref.spec` (process.engine, tables.cabac); `function` is a qualified name
    in it, empty for the whole module. `survives` explains why no stream can tell it.
    """

    id: str
    what: str
    """What the decoder does wrong."""
    module: str
    function: str
    old: str
    new: str
    survives: str = ""

    @property
    def place(self) -> str:
        """Module and function."""
        return f"{self.module}.{self.function}" if self.function else self.module


def load_faults() -> list[Fault]:
    """All faults, by module. Raises ValueError for an id that occurs twice."""
    found: list[Fault] = []
    folder = files("nnref.conformance.kill") / "catalogue"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        module = path.name.removesuffix(".toml")
        found += [Fault(module=module, **entry) for entry in content["fault"]]
    ids = [fault.id for fault in found]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise ValueError(f"two faults have the id {twice}")
    return found


def selected_faults(ids: Iterable[str]) -> list[Fault]:
    """The faults of these ids, all without any. Raises UsageError for an unknown one."""
    faults = load_faults()
    wanted = set(ids)
    unknown = wanted - {fault.id for fault in faults}
    if unknown:
        raise refusal("usage", f"no fault {min(unknown)!r} in the catalogue")
    return [fault for fault in faults if not wanted or fault.id in wanted]


@cache
def source_of(module: str) -> str:
    """The text of a module below `nnref.spec`."""
    spec = find_spec(f"{_SPEC}.{module}")
    if spec is None or spec.origin is None:
        raise ValueError(f"there is no module {_SPEC}.{module}")
    return Path(spec.origin).read_text(encoding="utf-8")


def apply_fault(fault: Fault) -> str:
    """The text of the module with the fault.

    Raises ValueError unless the text to be changed is in the function exactly once and the change
    is one of the syntax tree.
    """
    source = source_of(fault.module)
    first, last = _extent(source, fault)
    text = source[first:last]
    if text.count(fault.old) != 1:
        raise ValueError(f"fault {fault.id}: its old text is {text.count(fault.old)} times in it")
    changed = source[:first] + text.replace(fault.old, fault.new) + source[last:]
    try:
        differs = ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    except SyntaxError as error:
        raise ValueError(f"fault {fault.id}: {error}") from None
    if not differs:
        raise ValueError(f"fault {fault.id} changes nothing")
    return changed


def _extent(source: str, fault: Fault) -> tuple[int, int]:
    """First and last character of a function or class, decorators included."""
    if not fault.function:
        return 0, len(source)
    node: ast.stmt | ast.Module = ast.parse(source)
    for name in fault.function.split("."):
        inside = (one for one in ast.iter_child_nodes(node) if isinstance(one, _Definition))
        found = next((one for one in inside if one.name == name), None)
        if found is None:
            raise ValueError(f"fault {fault.id}: there is no {fault.place}")
        node = found
    assert isinstance(node, _Definition)
    assert node.end_lineno is not None
    lines = source.splitlines(keepends=True)
    start = len("".join(lines[: node.lineno - 1]))
    return start, start + len("".join(lines[node.lineno - 1 : node.end_lineno]))
