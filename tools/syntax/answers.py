"""What a question about the syntax is answered with: tables, elements, rules, clauses."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from nnref.spec.errors import refusal
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.rules import RULES, Rule
from nnref.tools.syntax.lines import CODEWORD, Line, lines
from nnref.tools.syntax.process import Function, functions

UNITS = tuple(unit.name for unit in UnitType)


@dataclass(frozen=True, slots=True)
class Table:
    """A syntax structure, or the elements of codewords."""

    title: str
    clause: str
    units: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything known about what was asked; parts without content are empty."""

    title: str
    clauses: tuple[str, ...] = ()
    """The clause that was asked for and those below it."""
    tables: tuple[Table, ...] = ()
    elements: tuple[Line, ...] = ()
    rules: tuple[Rule, ...] = ()
    functions: tuple[Function, ...] = ()
    """Functions of the literal decoder that are the clause."""
    whole: bool = False
    """True for the syntax as a whole."""


@cache
def tables() -> tuple[Table, ...]:
    """All syntax structures in the order of their first use, then the codeword."""
    found: dict[str, list[Line]] = {}
    for line in lines():
        found.setdefault(line.structure, []).append(line)
    return tuple(_table(title, group) for title, group in found.items())


def _table(title: str, group: list[Line]) -> Table:
    clause = "6.12" if title == CODEWORD else group[0].structure_clause
    return Table(title, clause, group[0].units, tuple(group))


def answer(question: str | None) -> Answer:
    """The answer to the name of an element, structure, unit type, clause or rule; None: all.

    Raises UsageError (usage), which suggests names, for anything else.
    """
    if question is None:
        return Answer("Syntax", (), tables(), lines(), tuple(RULES.values()), whole=True)
    name = question.strip()
    found = _element(name) or _unit(name) or _clause(name) or _rule(name)
    if found is None:
        raise refusal(
            "usage", f"{question!r} is no element, unit type, clause or rule{_like(name)}"
        )
    return found


def _element(name: str) -> Answer | None:
    """An element by its name, with or without an index; a structure by its title.

    An element that is a structure comes with the table of the structure.
    """
    plain = name.rpartition(".")[2].partition("[")[0]
    own = tuple(line for line in lines() if line.element in (plain, f"{plain}()"))
    inner = {line.descriptor for line in own} | {plain, f"{plain}()"}
    shown = tuple(table for table in tables() if table.title in inner)
    if not own and not shown:
        return None
    return Answer(plain, (), shown, own, _rules_of(own, {plain}))


def _unit(name: str) -> Answer | None:
    unit = name.upper() if name.upper() in UNITS else f"NNR_{name.upper()}"
    if unit not in UNITS:
        return None
    shown = tuple(table for table in tables() if unit in table.units)
    own = tuple(line for table in shown for line in table.lines)
    return Answer(unit, (), _with_headers(shown), (), _rules_of(own, {unit}))


def _with_headers(shown: tuple[Table, ...]) -> tuple[Table, ...]:
    """The tables of a unit behind those that every unit begins with."""
    return tuple(table for table in tables() if "nnr_unit" in table.units) + shown


def _clause(name: str) -> Answer | None:
    clause = name.lower().removeprefix("clause").removeprefix("annex").strip().upper().rstrip(".")
    if clause not in CLAUSES:
        return None
    under = tuple(other for other in CLAUSES if is_under(other, clause))
    return Answer(
        f"{clause} {CLAUSES[clause]}",
        under,
        tuple(table for table in tables() if table.clause in under),
        tuple(line for line in lines() if {line.clause, *line.coding} & set(under)),
        tuple(rule for rule in RULES.values() if rule.clause in under),
        tuple(function for function in functions() if function.clause == clause),
    )


def is_under(clause: str, parent: str) -> bool:
    """Whether `clause` is `parent` or one of its subclauses."""
    return clause == parent or clause.startswith(f"{parent}.")


def _rule(name: str) -> Answer | None:
    rule = RULES.get(name)
    if rule is None:
        return None
    breaking = tuple(line for line in lines() if name in line.rules)
    return Answer(name, (), (), breaking, (rule,))


def _rules_of(own: Iterable[Line], names: Collection[str]) -> tuple[Rule, ...]:
    """The rules that elements can break, then others whose text names them."""
    ids = dict.fromkeys(rule for line in own for rule in line.rules)
    ids |= dict.fromkeys(r.id for r in RULES.values() if set(names) & set(r.text.split()))
    return tuple(RULES[rule] for rule in ids)


def _like(name: str) -> str:
    known = {line.element.removesuffix("()") for line in lines()} | set(RULES) | set(UNITS)
    known |= set(CLAUSES)
    close = get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"; close to it: {', '.join(close)}" if close else "; nnref syntax lists them"
