"""What the suite reaches of the contract, item by item, and the page that says so."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from nnref.conformance.coverage.items import all_items
from nnref.conformance.coverage.lines import lines_and_branches
from nnref.conformance.coverage.measure import Suite, witnesses
from nnref.conformance.coverage.waivers import waiver

OF_FUNCTIONS: Final = ("line", "branch")
"""Kinds of items that the page shows function by function."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An item, and the smallest stream that reaches it or the reason why none does."""

    item: str
    clause: str
    stream: str | None
    waiver: str | None

    @property
    def kind(self) -> str:
        """The first word of the item: element, context, line, ..."""
        return self.item.split(" ", 1)[0]

    @property
    def is_open(self) -> bool:
        """Neither reached nor waived."""
        return self.stream is None and self.waiver is None


def coverage(suite: Suite) -> list[Reached]:
    """Every item of the contract. Raises FileError (extra-missing) without coverage.py."""
    found = witnesses(suite)
    clauses, of_lines = lines_and_branches(suite)
    declared = {item.id: item.clause for item in all_items()} | clauses
    found |= of_lines
    return [
        Reached(item, clause, found.get(item), None if item in found else waiver(item))
        for item, clause in declared.items()
    ]


def summary(items: list[Reached]) -> dict[str, dict[str, int]]:
    """By kind: items, those reached, waived and open."""
    kinds: dict[str, Counter[str]] = {}
    for one in items:
        state = "reached" if one.stream else "open" if one.is_open else "waived"
        kinds.setdefault(one.kind, Counter(items=0, reached=0, waived=0, open=0))
        kinds[one.kind].update(("items", state))
    return {kind: dict(counts) for kind, counts in kinds.items()}


def as_object(items: list[Reached]) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "summary": summary(items),
        "items": [
            {"item": one.item, "clause": one.clause, "stream": one.stream, "waiver": one.waiver}
            for one in items
        ],
    }


def page(items: list[Reached]) -> str:
    """The page: a table of kinds, waivers with their reasons, then item, clause, stream."""
    return "\n".join(_page(items)) + "\n"


def _page(items: list[Reached]) -> Iterator[str]:
    yield "# What the conformance suite reaches\n"
    yield "Written by `nnref conformance coverage -o PAGE.md`: for every item the clause it belongs"
    yield "to and the smallest stream of the suite that reaches it.\n"
    yield "| kind | items | reached | waived | open |\n|---|---:|---:|---:|---:|"
    for kind, n in summary(items).items():
        yield f"| {kind} | {n['items']} | {n['reached']} | {n['waived']} | {n['open']} |"
    yield "\n## Waived\n\n| item | reason |\n|---|---|"
    yield from (f"| {_code(one.item)} | {one.waiver} |" for one in items if one.waiver)
    for kind in summary(items):
        if kind not in OF_FUNCTIONS:
            yield f"\n## {kind.capitalize()}\n\n| item | clause | stream |\n|---|---|---|"
            own = (one for one in items if one.kind == kind and not one.waiver)
            for one in own:
                item = _code(one.item.removeprefix(f"{kind} "))
                yield f"| {item} | {one.clause} | {one.stream or '**none**'} |"
    yield from _functions(items)


def _functions(items: list[Reached]) -> Iterator[str]:
    """Lines and branches, function by function."""
    found: dict[str, list[Reached]] = {}
    for one in items:
        if one.kind in OF_FUNCTIONS:
            name = one.item.split(" ", 1)[1].split(": ")[0]
            found.setdefault(name, []).append(one)
    yield "\n## Literal decoder\n\n| function | clause | lines | branches | streams |"
    yield "|---|---|---:|---:|---|"
    for name, own in found.items():
        counts = []
        for kind in OF_FUNCTIONS:
            states = [one.stream is not None for one in own if one.kind == kind]
            counts.append(f"{sum(states)} of {len(states)}")
        streams = dict.fromkeys(one.stream for one in own if one.stream)
        shown = ", ".join(streams)
        yield f"| {_code(name)} | {own[0].clause} | {counts[0]} | {counts[1]} | {shown} |"


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"
