"""Clause 4.3: how syntax is declared: structures of elements, each with its condition.

An `Element` is construct's named field: around its descriptor it puts construct's own `Array`
when it is repeated, and `IfThenElse` when it is conditional, with the inferred value as the
other branch. So one declaration parses, builds, is documented and is compiled.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

from construct.core import Array, Computed, IfThenElse, Renamed, Struct, evaluate

from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax.constraints import Constraint, constraints_on
from nnref.spec.syntax.descriptors import Descriptor
from nnref.spec.syntax.records import ObservedReader, ObservedWriter, element_path

LIST_LIMIT: Final = ("max_list_entries", "limit-list-entries")
DIMENSION_LIMIT: Final = ("max_dimensions", "limit-dimensions")
"""(limit, rule): how many entries a list may have."""


class Inferred(Computed):
    """Clause 7.8.9: a value that is not in the stream.

    `final` is false when the same element is declared again further down.
    """

    final = True

    def _build(self, obj: Any, bits: ObservedWriter, context: Any, path: str) -> Any:
        value = super()._build(obj, bits, context, path)
        if self.final and obj is not None and obj != value:
            detail = f"{obj!r} is given, {value!r} is inferred"
            raise refusal("element-not-present", detail, element=element_path(path))
        return value


class Repeat(Array):
    """A list; its count is checked before the first entry is read."""

    def __init__(self, count: Any, body: "Body", limit: tuple[str, str]) -> None:
        super().__init__(count, body)
        self.flagbuildnone = True
        self.limit_name, self.limit_rule = limit
        self.entry_bits = body.minimum_bits

    def _parse(self, bits: ObservedReader, context: Any, path: str) -> list[Any]:
        count = evaluate(self.count, context)
        limit = context["_params"][self.limit_name]
        if count > limit:
            raise refusal(self.limit_rule, f"{count} is more than {self.limit_name} = {limit}")
        if count * self.entry_bits > bits.remaining:
            detail = (
                f"{count} entries of {self.entry_bits} bits or more, {bits.remaining} bits left"
            )
            raise refusal("unit-element-truncated", detail)
        return [self._entry(index, bits, context, path) for index in range(count)]

    def _entry(self, index: int, bits: ObservedReader, context: Any, path: str) -> Any:
        context["_index"] = index
        return self.subcon._parsereport(bits, context, f"{path}[{index}]")

    def _build(self, obj: Any, bits: ObservedWriter, context: Any, path: str) -> list[Any]:
        count = evaluate(self.count, context)
        if obj is None and count:
            raise refusal("element-missing", f"{count} entries")
        entries = [] if obj is None else list(obj)
        if len(entries) != count:
            raise refusal("element-count", f"{len(entries)} entries are given, {count} counted")
        built = []
        for index, entry in enumerate(entries):
            context["_index"] = index
            built.append(self.subcon._build(entry, bits, context, f"{path}[{index}]"))
        return built


class Element(Renamed):
    """One line of a syntax table.

    `name` is the standard's; a name that ends in `()` is a structure without a value in the
    fields. `body` is its descriptor, structure or inferred value; `when` its condition, `count`
    the number of entries if it is a list, `absent` its inferred value, `clause` its semantics.
    """

    def __init__(
        self,
        name: str,
        body: "Body",
        clause: str,
        *,
        when: Any = None,
        count: Any = None,
        limit: tuple[str, str] = LIST_LIMIT,
        absent: Any = None,
    ) -> None:
        subcon: Any = body if count is None else Repeat(count, body, limit)
        inferred = Inferred(absent)
        if when is not None:
            subcon = IfThenElse(when, subcon, inferred)
        super().__init__(subcon, None if name.endswith("()") else name)
        self.title = name
        self.body = body
        self.clause = clause
        self.when, self.count, self.limit, self.inferred = when, count, limit, inferred
        self.flagbuildnone = True
        self.constraints: tuple[Constraint, ...] = ()

    def given(self, condition: Any) -> Self:
        """The same element under one more condition, which is looked at first."""
        when = condition if self.when is None else condition & self.when
        return type(self)(
            self.title,
            self.body,
            self.clause,
            when=when,
            count=self.count,
            limit=self.limit,
            absent=self.inferred.func,
        )

    def _parse(self, bits: ObservedReader, context: Any, path: str) -> Any:
        path = f"{path} -> {self.title}"
        place = {"element": element_path(path), "bit": bits.position}
        try:
            value = self.subcon._parsereport(bits, context, path)
        except NnrError as error:
            raise error.at(**place) from None
        self._check(value, bits, context, place)
        return value

    @property
    def checked_when_absent(self) -> bool:
        """Constraints concern values that are read, or that are inferred from something."""
        return callable(self.inferred.func)

    def _build(self, obj: Any, bits: ObservedWriter, context: Any, path: str) -> Any:
        path = f"{path} -> {self.title}"
        place = {"element": element_path(path)}
        try:
            value = self.subcon._build(obj, bits, context, path)
        except NnrError as error:
            raise error.at(**place) from None
        self._check(value, bits, context, place)
        return value

    def _check(
        self, value: Any, bits: ObservedReader | ObservedWriter, context: Any, place: dict[str, Any]
    ) -> None:
        if self.name:
            context[self.name] = value
        if self.when is not None and not self.checked_when_absent and not self.when(context):
            return
        for constraint in self.constraints:
            if not constraint.holds(context):
                bits.judge.report(refusal(constraint.rule, constraint.detail(context), **place))


class Structure(Struct):
    """A syntax structure: `title` as `codebook()`, the clause of its table, its elements.

    The constraints declared for it are attached to its elements here.
    """

    def __init__(self, title: str, clause: str, *elements: Element) -> None:
        super().__init__(*elements)
        self.title = title
        self.clause = clause
        self.elements = elements
        self.flagbuildnone = True
        names = [element.name for element in elements]
        for index, element in enumerate(elements):
            element.constraints = constraints_on(title, element.title)
            element.inferred.final = element.name not in names[index + 1 :]

    @property
    def minimum_bits(self) -> int:
        """The least number of bits a structure takes: its unconditional elements."""
        return sum(
            element.body.minimum_bits
            for element in self.elements
            if element.when is None and element.count is None and not is_variable(element)
        )

    def _build(self, obj: Any, bits: ObservedWriter, context: Any, path: str) -> Any:
        if not isinstance(obj, Mapping):
            detail = "a mapping of elements is wanted" if obj is None else f"{obj!r} is no mapping"
            raise refusal("element-missing", detail, element=element_path(path))
        unknown = obj.keys() - self._subcons.keys() - {"_io"}
        if unknown:
            raise refusal("element-unknown", ", ".join(sorted(unknown)), element=element_path(path))
        return super()._build(dict(obj), bits, context, path)


Body = Descriptor | Structure | Inferred


def variable(name: str, value: Any, clause: str) -> Element:
    """Clause 7: a variable of the semantics, computed from the elements before it."""
    return Element(name, Inferred(value), clause)


def is_variable(element: Element) -> bool:
    """True for a variable: it takes no bits."""
    return isinstance(element.body, Inferred)


def given(condition: Any, *elements: Element) -> tuple[Element, ...]:
    """Several elements under one condition: the braces of a syntax table."""
    return tuple(element.given(condition) for element in elements)
