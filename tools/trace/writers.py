"""A trace as JSON lines, or as text for people."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from nnref.tools.cli.text import one_line
from nnref.tools.trace.payload import Event, Sink

_VALUE = 60
"""Characters of an element's value in the text; JSON has all."""


def json_lines(file: TextIO) -> Sink:
    """A sink that writes one JSON object per line, in ASCII."""
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    return lambda event: print(encode(event), file=file)


class TextWriter:
    """A sink that writes aligned columns; heads are repeated where the kind of line changes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._heads = ""

    def __call__(self, event: Event) -> None:
        """Write one event."""
        kind = event["event"]
        heads = _HEADS.get(kind, "")
        if heads and heads != self._heads:
            print(heads, file=self._file)
        if heads or kind != "level":
            self._heads = heads
        if kind in _AFTER_EMPTY_LINE:
            print(file=self._file)
        print(one_line(_LINES[kind](event)).rstrip(), file=self._file)


def _columns(*cells: object) -> str:
    """One line of numbers, then text; `None` is an empty cell."""
    shown = ("" if cell is None else str(cell) for cell in cells)
    return "".join(f"{cell:>{width}}" for cell, width in zip(shown, _WIDTHS, strict=False))


_WIDTHS: Final = (10, 10, 9, 8, 7, 8, 9, 7)
_AFTER_EMPTY_LINE: Final = ("unit", "error", "end")
_BIN_HEADS: Final = (
    _columns("bin", "weight", "context", "state", "range", "offset", "shifts", "value")
    + "  element"
)
_ELEMENT_HEADS: Final = f"{'bit':>10}{'bits':>7}  {'descriptor':<11} {'clause':<7} element"
_HEADS: Final = {"bin": _BIN_HEADS, "element": _ELEMENT_HEADS}


def _trace(event: Event) -> str:
    return f"{event['stream']}: {event['bytes']} bytes, dialect {event['dialect']}"


def _unit(event: Event) -> str:
    place = f"byte {event['bit'] // 8}, {event['bytes']} bytes"
    return f"unit {event['unit']}  {event['type_name']}  {place}"


def _element(event: Event) -> str:
    value = event["value"]
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    if len(shown) > _VALUE:
        shown = f"{shown[: _VALUE - 3]}..."
    return (
        f"{event['bit']:>10}{event['bits']:>7}  {event['descriptor']:<11} {event['clause']:<7} "
        f"{event['element']} = {shown}"
    )


def _tensor(event: Event) -> str:
    shape = f"{event['rows']} rows, {event['columns']} columns"
    return f"  tensor {json.dumps(event['tensor'], ensure_ascii=False)}, {event['role']}, {shape}"


def _contexts(event: Event) -> str:
    return f"  {event['count']} contexts in their start state"


def _indexed(event: Event) -> str:
    index = event.get("index")
    return str(event["element"]) if index is None else f"{event['element']}[{index}]"


def _coded_element(event: Event) -> str:
    return f"  {_indexed(event)} = {event['value']}, clause {event['clause']}"


def _block_row(event: Event) -> str:
    return f"  block row at row {event['first_row']}, DQ state {event['dq_state']}"


def _level(event: Event) -> str:
    return f"{'':>10}{event['weight']:>10}  level {event['level']}, DQ state {event['dq_state']}"


def _bin(event: Event) -> str:
    context = event.get("context", event["kind"])
    cells = (context, *map(event.get, ("state", "range", "offset", "shifts", "value")))
    return f"{_columns(event['bin'], event.get('weight'), *cells)}  {_indexed(event)}"


def _checkpoint(event: Event) -> str:
    registers = ", ".join(f"{name} {event[name]}" for name in ("range", "offset", "shifts"))
    contexts = f", contexts {event['contexts']}" if "contexts" in event else ""
    return f"  behind {event['bins']} bins: {registers}{contexts}"


def _payload_end(event: Event) -> str:
    registers = ", ".join(f"{name} {event[name]}" for name in ("range", "offset", "shifts"))
    return f"  end of payload: {event['bytes']} bytes, {event['bins']} bins, {registers}"


def _error(event: Event) -> str:
    detail = f": {event['detail']}" if event["detail"] else ""
    return f"refused: {event['error']}{detail}, clause {event['clause']}"


def _finding(event: Event) -> str:
    return f"  tolerated: {event['error']}, {event['rule']}, clause {event['clause']}"


def _end(event: Event) -> str:
    return f"end of stream, {event['units']} units"


_LINES: Final[Mapping[str, Callable[[dict[str, Any]], str]]] = {
    "trace": _trace,
    "unit": _unit,
    "element": _element,
    "tensor": _tensor,
    "contexts": _contexts,
    "coded_element": _coded_element,
    "block_row": _block_row,
    "level": _level,
    "bin": _bin,
    "checkpoint": _checkpoint,
    "payload_end": _payload_end,
    "finding": _finding,
    "error": _error,
    "end": _end,
}
