"""The functions of the literal decoder, by the clause that their docstring opens with."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import nnref.spec.process

_CLAUSE = re.compile(r"Clause ([\dA-E.]+):")


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method of `nnref.spec.process`, with its text."""

    name: str
    """`engine.ArithmeticDecoder.context_bin`"""
    clause: str
    source: str


@cache
def functions() -> tuple[Function, ...]:
    """All of them, in the order of modules and lines."""
    package = nnref.spec.process
    modules = (f"{package.__name__}.{found.name}" for found in iter_modules(package.__path__))
    return tuple(function for name in modules for function in _of_module(import_module(name)))


def _of_module(module: ModuleType) -> Iterator[Function]:
    for name, item in vars(module).items():
        if getattr(item, "__module__", "") != module.__name__:
            continue  # imported from elsewhere
        yield from _named(f"{module.__name__.rpartition('.')[2]}.{name}", item)


def _named(name: str, item: Any) -> Iterator[Function]:
    if inspect.isclass(item):
        for member, method in vars(item).items():
            yield from _named(f"{name}.{member}", getattr(method, "fget", method))
    elif inspect.isfunction(item) and (match := _CLAUSE.match(item.__doc__ or "")):
        yield Function(name, match[1], inspect.cleandoc(f"\n{inspect.getsource(item)}"))
