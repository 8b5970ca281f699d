"""`nnref diverge`: where the trace of another decoder leaves ours."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.failures import GOOD, tell, warn
from nnref.tools.cli.files import read_bytes, text_lines
from nnref.tools.cli.options import (
    OUT_OF_BAND_FILE,
    base_option,
    dialect_name,
    dialect_option,
    json_option,
    limit_option,
    out_of_band_option,
)
from nnref.tools.cli.output import print_json
from nnref.tools.cli.text import count_text, one_line

if TYPE_CHECKING:
    from nnref.tools.trace import Comparison, Difference, Event

_AROUND = 16
"""Bins before and behind the difference that the suggested trace shows."""
_REGISTERS = ("context", "state", "range", "offset", "shifts", "value")


@click.command(short_help="Find where another decoder's trace leaves ours.")
@click.argument("trace_path", metavar="TRACE", type=click.Path(readable=False))
@click.argument("path", metavar="STREAM", type=click.Path(readable=False))
@base_option
@out_of_band_option
@dialect_option
@limit_option
@json_option
def command(
    trace_path: str,
    path: str,
    bases: tuple[str, ...],
    out_of_band: Any,
    dialect: Dialect,
    limits: Limits,
    as_json: bool,
) -> int:
    """Find where another decoder's trace leaves ours.

    The first bin that differs is named, with its tensor, weight, element and the likely cause.

    TRACE holds JSON lines, of which the values of bins are enough ({"unit": 2, "value": 1}), or
    one line of 0 and 1 for each codeword, or checkpoints; annex E of the specification has the
    details. The exit status is 6 if it differs.
    """
    from nnref.tools import trace  # noqa: PLC0415  it loads the declarations

    source = trace.Source(
        read_bytes(path), tuple(map(read_bytes, bases)), dialect, limits, out_of_band or {}
    )
    with text_lines(trace_path) as lines:
        result = trace.diverge(source, lines)
    options = [word for base in bases for word in ("--base", base)]
    if dialect != Dialect.NNCODEC_2:
        options += ["--dialect", dialect_name(dialect)]
    known = click.get_current_context().meta[OUT_OF_BAND_FILE]
    if known is not None:
        options += ["--out-of-band", str(known)]
    commands = _next_commands(result.difference, path, options)
    if as_json:
        places = {"trace": trace_path, "stream": path}
        print_json("nnref.diverge/1", places | _object(result, commands))
    else:
        _print(result, commands)
    if result.difference is not None:
        return tell(_error(result.difference))
    if result.refusal is not None:
        warn(f"the stream is compared up to where it is refused: {result.refusal}")
    return GOOD


def _next_commands(found: "Difference | None", path: str, options: list[str]) -> list[str]:
    """What to type next: the trace of the bins around the difference, the clause."""
    if found is None:
        return []
    commands = [shlex.join(["nnref", "syntax", found.cause.clause])]
    first_last = found.interval
    bin_ = (found.expected or {}).get("bin")
    if first_last is None and bin_ is not None:
        first_last = (max(0, bin_ - _AROUND), bin_ + _AROUND)
    if first_last is not None:
        interval = ["--from-bin", str(first_last[0]), "--to-bin", str(first_last[1])]
        unit = ["--unit", str(found.unit), "--bins"]
        commands.insert(0, shlex.join(["nnref", "trace", path, *unit, *interval, *options]))
    return commands


def _error(found: "Difference") -> NnrError:
    event = found.expected or found.got or {}
    place = {"unit": found.unit, "unit_type": found.unit_type, "tensor": event.get("tensor")}
    return refusal("trace-diverges", _headline(found), **place, element=_element(event) or None)


def _headline(found: "Difference") -> str:
    """What differs, in a few words."""
    expected, got = found.expected, found.got
    if expected is None:
        return f"the trace has more: {_event_text(got)}"
    if got is None:
        return f"the trace ends before {_event_text(expected)}"
    if found.field == "end":
        return f"{_event_text(expected)}, but the trace goes on with {_event_text(got)}"
    values = f"{found.field} is {got.get(found.field)}, not {expected.get(found.field)}"
    return f"{_event_text(expected)}: {values}"


def _event_text(event: "Event | None") -> str:
    event = event or {}
    if event.get("event") == "checkpoint":
        return f"the checkpoint behind {event['bins']} bins"
    if event.get("event") == "bin":
        return f"bin {event['bin']}" if "bin" in event else "a bin"
    if event.get("event") == "level":
        return f"the level of weight {event.get('weight')}"
    return f"element {_element(event)}"


def _element(event: "Event") -> str:
    index = event.get("index")
    name = str(event.get("element", ""))
    return name if index is None else f"{name}[{index}]"


def _print(result: "Comparison", commands: list[str]) -> None:
    found = result.difference
    if found is None:
        print(f"identical: {_counts(result)}")
        return
    event = found.expected or found.got or {}
    facts = [
        ("agree", _counts(result)),
        ("unit", f"{found.unit} ({found.unit_type})"),
        *_place(found, event),
        ("differs", _headline(found)),
        *_sides(found),
        ("likely", f"{found.cause.text} (clause {found.cause.clause})"),
        *(("next", command) for command in commands),
    ]
    for label, text in facts:
        print(one_line(f"{label + ':':<10}{text}"))


def _place(found: "Difference", event: "Event") -> list[tuple[str, str]]:
    facts = []
    if event.get("tensor") is not None:
        facts.append(("tensor", str(event["tensor"])))
    if found.row_and_column is not None:
        row, column = found.row_and_column
        facts.append(("weight", f"{event['weight']} (row {row}, column {column})"))
    if event.get("element"):
        facts.append(("element", f"{_element(event)} (clause {found.clause})"))
    return facts


def _sides(found: "Difference") -> list[tuple[str, str]]:
    """Registers and contexts of both, and where in the trace."""
    facts = []
    meanings = found.context_meanings()
    for label, event, meaning in zip(
        ("expected", "got"), (found.expected, found.got), meanings, strict=True
    ):
        known = [f"{name} {event[name]}" for name in _REGISTERS if event and name in event]
        known += [f"context of {meaning}"] if meaning else []
        if known:
            facts.append((label, ", ".join(known)))
    if found.line is not None:
        facts.append(("line", f"{found.line} of the trace"))
    if found.before.last_use is not None:
        facts.append(("before", f"bin {found.before.last_use} was the last with this context"))
    return facts


def _counts(result: "Comparison") -> str:
    parts = [f"{count_text(n)} {name}s" for name, n in result.events.items() if n]
    return f"{', '.join(parts) or 'nothing'} in {len(result.units)} units"


def _object(result: "Comparison", commands: list[str]) -> dict[str, Any]:
    found = result.difference
    return {
        "identical": found is None,
        "compared": {"units": sorted(result.units)} | result.events,
        "difference": None if found is None else _difference_object(found),
        "refusal": None if result.refusal is None else result.refusal.as_dict(),
        "commands": commands,
    }


def _difference_object(found: "Difference") -> dict[str, Any]:
    event = found.expected or found.got or {}
    row, column = found.row_and_column or (None, None)
    expected_context, got_context = found.context_meanings()
    return {
        "unit": found.unit,
        "unit_type": found.unit_type,
        "tensor": event.get("tensor"),
        "bin": event.get("bin"),
        "weight": event.get("weight"),
        "row": row,
        "column": column,
        "element": _element(event) or None,
        "clause": found.clause,
        "field": found.field,
        "expected": found.expected,
        "got": found.got,
        "expected_context": expected_context,
        "got_context": got_context,
        "trace_line": found.line,
        "last_bin_with_context": found.before.last_use,
        "interval": None if found.interval is None else list(found.interval),
        "cause": found.cause.text,
        "cause_clause": found.cause.clause,
    }
