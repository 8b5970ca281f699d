"""The items of the coverage contract, from the declarations and tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from nnref.conformance.coverage import coder
from nnref.conformance.coverage.elements import element_items
from nnref.spec.tables.rules import STREAM_RULES


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a stream of the suite has to reach."""

    id: str
    clause: str

    @property
    def kind(self) -> str:
        """The first word of the id: element, context, state, ..."""
        return self.id.split(" ", 1)[0]


@cache
def all_items() -> tuple[Item, ...]:
    """Every item but the lines and branches of the literal decoder, which only a run knows."""
    return tuple(_items())


def _items() -> Iterator[Item]:
    for name, clause in element_items().items():
        yield Item(name, clause)
    for name, clause in coder.coder_items().items():
        yield Item(name, clause)
    for rule in STREAM_RULES.values():
        yield Item(f"rule {rule.id}", rule.clause)
