"""What the document owes its declarations. Every function returns messages; none is good.

Plain Python without Sphinx: the extension calls these with what it has collected, the tests with
what they make up.
"""

from collections.abc import Collection, Iterable, Mapping

from .citations import Citation

Messages = list[str]


def clauses_without_section(clauses: Mapping[str, str], sections: Mapping[str, str]) -> Messages:
    """Every declared clause has a section of its own with the declared title, and no other has."""
    problems = [f"clause {c} ({t}) has no section" for c, t in clauses.items() if c not in sections]
    for clause, title in sections.items():
        if clause not in clauses:
            problems.append(f"section {clause} ({title}) is not a declared clause")
        elif clauses[clause] != title:
            problems.append(f"section {clause} is titled {title!r}, declared {clauses[clause]!r}")
    return problems


def unknown_citations(clauses: Collection[str], citations: Iterable[Citation]) -> Messages:
    """Every cited clause is declared."""
    return [
        f"{c.path}:{c.line}: clause {c.clause} does not exist"
        for c in citations
        if c.clause not in clauses
    ]


def elements_without_semantics(declared: Collection[str], stated: Collection[str]) -> Messages:
    """Every element of the declarations has semantics, and semantics are of declared elements."""
    problems = [f"element {name} has no semantics" for name in declared if name not in stated]
    extra = [name for name in stated if name not in declared]
    return problems + [f"semantics of {name}, which no syntax declares" for name in extra]


def semantics_elsewhere(
    declared: Mapping[str, Collection[str]], stated: Mapping[str, str]
) -> Messages:
    """The semantics of an element are in a clause that one of its declarations names."""
    return [
        f"element {name} is explained in {clause}, declared for {', '.join(declared[name])}"
        for name, clause in stated.items()
        if clause not in declared.get(name, (clause,))
    ]


def not_shown(kind: str, declared: Iterable[str], shown: Collection[str]) -> Messages:
    """Everything of `kind` that is declared is shown somewhere in the document."""
    return [f"{kind} {name} is shown nowhere" for name in declared if name not in shown]


def repeated(kind: str, shown: Iterable[str]) -> Messages:
    """Nothing of `kind` is shown twice: an anchor has one place."""
    seen: set[str] = set()
    problems = []
    for name in shown:
        if name in seen:
            problems.append(f"{kind} {name} is shown more than once")
        seen.add(name)
    return problems
