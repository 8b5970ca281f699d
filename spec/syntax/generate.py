"""The same syntax, compiled: walks a declaration and writes Python that reads or writes it.

The generated functions hold no rules of their own. They serve clean streams fast; whatever is
unusual makes them raise, and the caller asks the interpreted declaration, which knows the place
and what to do. `expressions.source` says which names they use.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from construct.lib import Container

from nnref.spec.errors import refusal
from nnref.spec.syntax.bits import BitReader, BitWriter
from nnref.spec.syntax.descriptors import Descriptor, U
from nnref.spec.syntax.elements import Element, Structure, is_variable
from nnref.spec.syntax.expressions import FUNCTIONS, source

Reader = Callable[[BitReader, dict[str, Any], Any], Any]
"""(bits, params, this): reads into `this`."""
Writer = Callable[[BitWriter, dict[str, Any], Any, dict[str, Any]], Any]
"""(bits, params, given, this): writes the elements of `given`; `this` is filled for expressions."""

_READ_METHODS = ("u", "i", "ue", "ie", "flt", "st", "bs", "aligned")
_WRITE_METHODS = ("u", "i", "ue", "ie", "flt", "st", "bs", "alignment")

MAX_RUN_BITS = 64
"""Bits of neighbouring u(n) that are read at once."""


class IrregularError(Exception):
    """The generated code met something that only the interpreted declaration can judge."""


def compile_reader(elements: tuple[Element, ...]) -> Reader:
    """A function that reads the elements; raises anything when they are not clean."""
    generator = _Generator(_READ_METHODS)
    body = [*generator.reads(elements), "return this"]
    generator.function("read", "bits, params, this, outer=None, index=None", body)
    reader: Reader = generator.compile("read")
    return reader


def compile_writer(elements: tuple[Element, ...]) -> Writer:
    """A function that writes the elements; raises anything when they are not clean."""
    generator = _Generator(_WRITE_METHODS)
    body = [*generator.writes(elements), "return this"]
    generator.function("write", "bits, params, given, this, outer=None, index=None", body)
    writer: Writer = generator.compile("write")
    return writer


class _Generator:
    """Collects one function per structure; lines carry their own indentation."""

    def __init__(self, methods: tuple[str, ...]) -> None:
        self._methods = methods
        self._functions: dict[str, list[str]] = {}

    def function(self, name: str, parameters: str, body: list[str]) -> None:
        """Define a function; the bit stream's methods become its locals."""
        text = "\n".join(body)
        locals_ = [
            f"{method} = bits.{method}" for method in self._methods if f"{method}(" in f" {text}"
        ]
        self._functions[name] = [f"def {name}({parameters}):", *_indent(locals_ + body)]

    def compile(self, name: str) -> Any:
        """Execute the functions; returns the one called `name`."""
        text = "\n".join(line for lines in self._functions.values() for line in lines)
        namespace: dict[str, Any] = {
            "Container": Container,
            "IrregularError": IrregularError,
            "refuse": _refuse,
            **FUNCTIONS,
        }
        exec(compile(text, "<nnr syntax>", "exec"), namespace)  # noqa: S102
        return namespace[name]

    # Reading

    def reads(self, elements: tuple[Element, ...]) -> Iterator[str]:
        """Statements that read elements into `this` and into locals."""
        for condition, group in _by_condition(elements):
            members = list(group)
            present = [line for run in _runs(members) for line in self._read_run(run)]
            absent = [line for element in members for line in _infer(element)]
            yield from _branches(condition, present, absent)

    def _read_run(self, run: list[Element]) -> Iterator[str]:
        """One element, or several u(n) that are read at once."""
        if len(run) == 1:
            yield from self._read(run[0])
        else:
            yield from _read_word(run)
        for element in run:
            yield from _value_check(element)
            yield from _constraint_checks(element)

    def _read(self, element: Element) -> Iterator[str]:
        if is_variable(element):
            yield f"{_slot(element)} = {source(element.body.func)}"
        elif element.count is not None:
            yield from _list_checks(element)
            entry = self._read_body(element.body, "i")
            yield f"{_slot(element)} = [{entry} for i in range(count)]"
        elif element.name is None:
            yield self._read_body(element.body)
        else:
            yield f"{_slot(element)} = {self._read_body(element.body)}"

    def _read_body(self, body: Any, index: str = "None") -> str:
        if isinstance(body, Descriptor):
            return body.read_source()
        name = f"read_{_identifier(body)}"
        if name not in self._functions:
            lines = [*self.reads(body.elements), "return this"]
            self.function(name, "bits, params, this, outer, index", lines)
        return f"{name}(bits, params, Container(), this, {index})"

    # Writing

    def writes(self, elements: tuple[Element, ...]) -> Iterator[str]:
        """Statements that write the elements of `given`; `this` gets what was written."""
        for condition, group in _by_condition(elements):
            members = list(group)
            present = [line for element in members for line in self._write(element)]
            absent = [line for element in members for line in _uninfer(element)]
            yield from _branches(condition, present, absent)

    def _write(self, element: Element) -> Iterator[str]:
        name = element.name
        if is_variable(element):
            yield f"{_slot(element)} = {source(element.body.func)}"
            yield from _given_check(element)
        elif element.count is not None:
            yield f"{_slot(element)} = given[{name!r}]"
            yield f"if len({name}) != {source(element.count)}: raise IrregularError"
            yield f"for i, v in enumerate({name}): {self._write_body(element.body, 'v', 'i')}"
        elif name is None:
            yield element.body.write_source("None")
        elif isinstance(element.body, Structure):
            given = f"given[{name!r}]"
            yield f"{_slot(element)} = {self._write_body(element.body, given)}"
        else:
            default = element.body.default
            given = f"given[{name!r}]" if default is None else f"given.get({name!r}, {default!r})"
            yield f"{_slot(element)} = {given}"
            yield self._write_body(element.body, name)
        yield from _value_check(element)
        yield from _constraint_checks(element)

    def _write_body(self, body: Any, value: str, index: str = "None") -> str:
        if isinstance(body, Descriptor):
            return body.write_source(value)
        name = f"write_{_identifier(body)}"
        if name not in self._functions:
            names = {element.name for element in body.elements if element.name} | {"_io"}
            lines = [f"if not given.keys() <= {names!r}: raise IrregularError"]
            lines += [*self.writes(body.elements), "return this"]
            self.function(name, "bits, params, given, this, outer, index", lines)
        return f"{name}(bits, params, {value}, {{}}, this, {index})"


def _by_condition(elements: tuple[Element, ...]) -> Iterator[tuple[str, Iterator[Element]]]:
    """Runs of elements under one condition; "" for none."""
    return groupby(elements, lambda e: "" if e.when is None else source(e.when))


def _runs(elements: list[Element]) -> Iterator[list[Element]]:
    """Consecutive single u(n), as long as a word; every other element alone."""
    run: list[Element] = []
    for element in elements:
        fixed = isinstance(element.body, U) and element.count is None
        if run and (not fixed or sum(e.body.minimum_bits for e in (*run, element)) > MAX_RUN_BITS):
            yield run
            run = []
        run.append(element)
        if not fixed:
            yield run
            run = []
    if run:
        yield run


def _read_word(run: list[Element]) -> Iterator[str]:
    left = sum(element.body.minimum_bits for element in run)
    yield f"run = u({left})"
    for element in run:
        left -= element.body.minimum_bits
        mask = (1 << element.body.minimum_bits) - 1
        yield f"{_slot(element)} = run >> {left} & {mask}"


def _branches(condition: str, present: list[str], absent: list[str]) -> Iterator[str]:
    if not condition:
        yield from present
        return
    yield f"if {condition}:"
    yield from _indent(present)
    if absent:
        yield "else:"
        yield from _indent(absent)


def _infer(element: Element) -> Iterator[str]:
    if element.name:
        yield f"{_slot(element)} = {source(element.inferred.func)}"
        if element.checked_when_absent:
            yield from _constraint_checks(element)


def _uninfer(element: Element) -> Iterator[str]:
    yield from _infer(element)
    if element.name and element.inferred.final:
        yield from _given_check(element)


def _given_check(element: Element) -> Iterator[str]:
    """What is given for an element that is not written must be its inferred value."""
    yield f"v = given.get({element.name!r})"
    yield f"if v is not None and v != {element.name}: raise IrregularError"


def _list_checks(element: Element) -> Iterator[str]:
    limit, _ = element.limit
    bits = element.body.minimum_bits
    yield f"count = {source(element.count)}"
    yield f"if count > params[{limit!r}] or count * {bits} > bits.remaining: raise IrregularError"


def _constraint_checks(element: Element) -> Iterator[str]:
    for constraint in element.constraints:
        yield f"if not ({source(constraint.holds)}): raise IrregularError"


def _value_check(element: Element) -> Iterator[str]:
    if not isinstance(element.body, Descriptor) or element.name is None:
        return
    if element.count is None:
        test = element.body.test_source(element.name)
        if test:
            yield f"if not ({test}): raise IrregularError"
    else:
        test = element.body.test_source("v")
        if test:
            yield f"if not all({test} for v in {element.name}): raise IrregularError"


def _slot(element: Element) -> str:
    return f"this[{element.name!r}] = {element.name}"


def _identifier(structure: Structure) -> str:
    return str(structure.title.removesuffix("()"))


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _refuse(rule_id: str) -> None:
    raise refusal(rule_id)
