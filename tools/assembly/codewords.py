"""Annex E: arithmetic codewords as statements, one per bin."""

from contextlib import suppress
from typing import Final

from nnref.spec.errors import NnrError
from nnref.spec.syntax import Unit
from nnref.tools.trace.payload import Event, PayloadReporter
from nnref.tools.trace.tracing import Source, Walk

Statement = tuple[str, str]
"""(statement, comment); a comment alone has an empty statement."""

_FORCED: Final = 256


def codewords(source: Source) -> dict[int, list[Statement]]:
    """The statements of every codeword by unit, up to the first that cannot be decoded.

    Raises NnrError for a wrong base.
    """
    lister = _Lister()
    walk = Walk(source, _all_units, lister, PayloadReporter(lister))
    with suppress(NnrError):
        walk.run()
    return lister.found


def _all_units(_: Unit) -> bool:
    return True


class _Lister:
    """A sink that turns events into statements."""

    def __init__(self) -> None:
        self.found: dict[int, list[Statement]] = {}
        self._listed: list[Statement] = []
        self._at_first_row = False

    def __call__(self, event: Event) -> None:
        """Append what an event of a codeword says."""
        if event["event"] == "payload_end":
            self.found[event["unit"]], self._listed = self._listed, []
        else:
            self._listed += self._statements(event)

    def _statements(self, event: Event) -> list[Statement]:
        match event["event"]:
            case "tensor":
                shape = f"{event['rows']} rows, {event['columns']} columns"
                return [("", f"tensor {event['tensor']!a}, {event['role']}, {shape}")]
            case "contexts":
                return [(f"contexts {event['count']}", "in their start state")]
            case "coded_element":
                return self._coded_element(event)
            case "block_row":
                return self._block_row(event["first_row"])
            case "level":
                return [("", f"weight {event['weight']}: level {event['level']}")]
            case "bin":
                return self._bin(event)
            case _:
                return []

    def _coded_element(self, event: Event) -> list[Statement]:
        if event["element"] == "shift_idx_minus_1":
            return [(f"set {event['index']} {event['value'] + 1}", "its parameter set")]
        return [("", f"{event['element']} = {event['value']}")]

    def _block_row(self, first_row: int) -> list[Statement]:
        self._at_first_row = first_row == 0
        return [] if first_row == 0 else [("restart", f"block row at row {first_row}")]

    def _bin(self, event: Event) -> list[Statement]:
        index = f"[{event['index']}]" if "index" in event else ""
        comment = f"bin {event['bin']}: {event['element']}{index}"
        operand = f"{event['context']} " if event["kind"] == "context" else ""
        name = "bin" if event["kind"] == "context" else event["kind"]
        found = [(f"{name} {operand}{event['value']}", comment)]
        if self._at_first_row:
            self._at_first_row = False
            if event["range"] == _FORCED:  # it says the same where it was so by itself
                found.insert(0, ("force", "first of several block rows"))
        return found
