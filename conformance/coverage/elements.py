"""Clauses 5 to 7: the values of every syntax element that have to occur, and which ones did."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import copysign, isfinite, isinf, isnan
from typing import Any, Final

from nnref.conformance.generator.recording import HeardElement
from nnref.spec.syntax.describe import structures
from nnref.spec.syntax.descriptors import Alignment, Descriptor, Undefined
from nnref.spec.syntax.elements import Element, Structure, is_variable
from nnref.spec.syntax.units import ANY_UNIT, PRIVATE_UNITS, UNITS

EVERY_VALUE_BITS: Final = 4
"""Unsigned integers of so many bits have to take every value."""
OPAQUE_BITS: Final = 32
"""Those of so many are hashes and signatures: any value will do."""

UNANNOUNCED: Final = -1
"""The type of a unit whose size was refused."""

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Classes:
    """What has to occur of one element of one structure."""

    element: Element
    clause: str
    prefix: str
    tests: dict[str, Test]

    def items(self) -> Iterator[str]:
        """The ids."""
        yield from (f"{self.prefix} {label}" for label in self.tests)
        if self.element.when is not None:
            yield f"{self.prefix} absent"
        if self.element.count is not None:
            yield f"{self.prefix} in a list of several"

    def reached(self, value: Any) -> Iterator[str]:
        """The ids that a value reaches."""
        yield from (f"{self.prefix} {label}" for label, test in self.tests.items() if test(value))


@cache
def _tables() -> dict[str, dict[str, Classes]]:
    """By structure and element; of elements declared twice the values are those of the first."""
    found: dict[str, dict[str, Classes]] = {}
    for structure in structures():
        own = found.setdefault(structure.title, {})
        for element in structure.elements:
            if _is_read(element):
                prefix = f"element {structure.title.removesuffix('()')}.{element.title}"
                own.setdefault(
                    element.title, Classes(element, element.clause, prefix, _tests(element))
                )
    return found


def _is_read(element: Element) -> bool:
    body = element.body
    return not (is_variable(element) or isinstance(body, Structure | Undefined | Alignment))


def element_items() -> dict[str, str]:
    """Every item about elements with its clause."""
    items = {
        item: classes.clause
        for table in _tables().values()
        for classes in table.values()
        for item in classes.items()
    }
    return items | {f"element byte_alignment() of {n} bits": "5.8" for n in range(1, 9)}


def reached_by(elements: Iterable[HeardElement], unit_types: list[int]) -> set[str]:
    """The items that the elements of a stream reach."""
    found: set[str] = set()
    instances: dict[tuple[int, str], set[str]] = {}
    for heard in elements:
        if heard.name == "byte_alignment()":
            found.add(f"element byte_alignment() of {heard.length} bits")
            continue
        inside = heard.path.rpartition(".")[0]
        kind = unit_types[heard.unit] if heard.unit < len(unit_types) else UNANNOUNCED
        for title in _structures_of(kind, inside):
            classes = _tables()[title].get(heard.name)
            if classes:
                instances.setdefault((heard.unit, f"{inside} {title}"), set()).add(heard.name)
                found |= set(classes.reached(heard.value))
                if heard.path.endswith("[1]"):
                    found.add(f"{classes.prefix} in a list of several")
    for (_, where), names in instances.items():
        for name, classes in _tables()[where.rpartition(" ")[2]].items():
            if classes.element.when is not None and name not in names:
                found.add(f"{classes.prefix} absent")
    return found


def _structures_of(unit_type: int, inside: str) -> tuple[str, ...]:
    """Titles of the structures whose elements have paths below `inside` in a unit."""
    if not inside:
        own = [unit for (kind, _), unit in PRIVATE_UNITS.items() if kind == unit_type]
        units = [ANY_UNIT, *([UNITS[unit_type]] if unit_type in UNITS else own)]
        return tuple(structure.title for unit in units for structure in unit.structures)
    *outer, name = [part.partition("[")[0] for part in inside.split(".")]
    titles = _nested()
    return (titles[outer[-1] if outer else "", name],)


@cache
def _nested() -> dict[tuple[str, str], str]:
    """Title by (element around it, element) of everything that is a structure."""
    found = {}
    for structure in structures():
        around = structure.title.removesuffix("()")
        for element in structure.elements:
            if isinstance(element.body, Structure):
                found[around, element.title] = element.body.title
                found["", element.title] = element.body.title
    return found


def _tests(element: Element) -> dict[str, Test]:
    body = element.body
    assert isinstance(body, Descriptor)
    made: dict[str, Callable[[Descriptor], dict[str, Test]]] = {
        "u": _unsigned,
        "i": _signed,
        "ue": _exp_golomb,
        "ie": lambda _: _of_sign(),
        "flt": lambda _: _float(),
        "st": lambda _: _string(),
        "bs": lambda _: _bytes(),
    }
    return made[body.method](body)


def _is(value: int) -> Test:
    return lambda found: bool(found == value)


def _unsigned(body: Descriptor) -> dict[str, Test]:
    bits = int(body.parameter)
    if bits >= OPAQUE_BITS:
        return {"present": lambda _: True}
    allowed = [value for span in body.spans for value in _wanted(body, bits, span)]
    tests = {f"= {value}": _is(value) for value in dict.fromkeys(allowed)}
    if sum(map(len, body.spans)) < 1 << bits:
        tests["reserved"] = lambda v: not any(v in span for span in body.spans)
    return tests


def _wanted(body: Descriptor, bits: int, span: range) -> Iterable[int]:
    if bits <= EVERY_VALUE_BITS or body.enumeration:
        return span
    return (span.start, span.stop - 1)


def _signed(body: Descriptor) -> dict[str, Test]:
    span = body.spans[0]
    return {f"= {value}": _is(value) for value in (span.start, -1, 0, 1, span.stop - 1)}


def _exp_golomb(body: Descriptor) -> dict[str, Test]:
    least = body.spans[0].start if body.spans else 0
    tests = {f"= {least}": _is(least), "above its least": lambda value: value > least}
    order = body.parameter
    if isinstance(order, int):
        tests["with a zero in its code"] = lambda value: value >= 1 << order
    if body.spans and body.spans[0].stop <= 1 << 31:
        tests[f"= {body.spans[0].stop - 1}"] = _is(body.spans[0].stop - 1)
    return tests


def _of_sign() -> dict[str, Test]:
    return {"= 0": _is(0), "negative": lambda v: v < 0, "positive": lambda v: v > 0}


def _float() -> dict[str, Test]:
    return {
        "a number": lambda v: isfinite(v) and v != 0,
        "negative zero": lambda v: v == 0 and copysign(1, v) < 0,
        "infinite": isinf,
        "not a number": isnan,
    }


def _string() -> dict[str, Test]:
    return {
        "empty": lambda v: v == "",
        "of ASCII": lambda v: v != "" and v.isascii(),
        "of several bytes per character": lambda v: not v.isascii(),
    }


def _bytes() -> dict[str, Test]:
    return {"empty": lambda v: v == b"", "with a zero byte inside": lambda v: b"\0" in v}
