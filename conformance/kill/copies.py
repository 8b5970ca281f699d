"""Copies of the literal decoder and its tables in memory, with or without a fault."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType
from typing import Final

from nnref.conformance.kill.faults import Fault, apply_fault, source_of

COPY: Final = "nnref_copy"
"""What stands for `nnref.spec` in the names of the copy's modules."""
_ORIGINALS: Final = ("process", "tables")


def copy_of_decoder(fault: Fault | None = None) -> ModuleType:
    """The package `nnref.spec.process` once more, on its own tables; `sys.modules` stays as it is.

    Raises ValueError when the fault does not apply.
    """
    changed = {} if fault is None else {fault.module: apply_fault(fault)}
    finder = _Copier(changed)
    sys.meta_path.insert(0, finder)
    try:
        return import_module(f"{COPY}.process")
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.split(".")[0] == COPY]:
            del sys.modules[name]


class _Copier(MetaPathFinder, InspectLoader):
    """Finds the modules of the copy; `changed` holds the texts with a fault."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        self._changed = changed

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the interface of a finder
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """A spec for names below the copy's."""
        root, _, rest = fullname.partition(".")
        if root != COPY:
            return None
        return ModuleSpec(fullname, self, is_package=not rest or _is_package(rest))

    def get_source(self, fullname: str) -> str:
        """The text of a module, which imports its like from the copy."""
        name = fullname.partition(".")[2]
        return _renamed(self._changed.get(name) or source_of(name)) if name else ""

    def get_code(self, fullname: str) -> CodeType:
        """The compiled module; one without a fault is compiled once for all copies."""
        if fullname.partition(".")[2] in self._changed:
            return compile(self.get_source(fullname), fullname, "exec", dont_inherit=True)
        return _compiled(fullname, self.get_source(fullname))


@cache
def _compiled(fullname: str, source: str) -> CodeType:
    return compile(source, fullname, "exec", dont_inherit=True)


@cache
def _is_package(name: str) -> bool:
    spec = find_spec(f"nnref.spec.{name}")
    return spec is not None and spec.submodule_search_locations is not None


def _renamed(source: str) -> str:
    for part in _ORIGINALS:
        source = source.replace(f"nnref.spec.{part}", f"{COPY}.{part}")
    return source
