"""Rows of results, as a table and as JSON."""

import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from nnref.tools.bench.timing import Spread, Timing


@dataclass(frozen=True)
class Row:
    """One measured quantity: the figures of both sides and their ratio, larger is better."""

    what: str
    unit: str
    ours: float
    theirs: float | None = None
    ratio: Spread | None = None


def speed_row(what: str, unit: str, amount: float, timing: Timing) -> Row:
    """A row of `amount` units of work per second, from the median times."""
    theirs = amount / median(timing.theirs) if timing.theirs else None
    return Row(what, unit, amount / median(timing.ours), theirs, timing.ratio)


def figure_row(what: str, unit: str, ours: float, theirs: float | None = None) -> Row:
    """A row of two plain figures of which the smaller is the better, such as bytes."""
    ratio = Spread.of([theirs / ours]) if theirs is not None else None
    return Row(what, unit, ours, theirs, ratio)


@dataclass
class Results:
    """Tables by title."""

    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, title: str, rows: list[Row], console: Console) -> None:
        """Keep a table and print it at once: the next one may take minutes."""
        self.tables[title] = rows
        console.print(_table(title, rows))

    def write(self, path: Path) -> None:
        """The rows and the machine as JSON."""
        values: dict[str, Any] = {
            "nnref": version("nnref"),
            "numba": version("numba"),
            "numpy": version("numpy"),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "tables": {t: [asdict(row) for row in rows] for t, rows in self.tables.items()},
        }
        path.write_text(json.dumps(values, indent=1) + "\n")


def _table(title: str, rows: list[Row]) -> Table:
    table = Table("", "unit", title=title, title_justify="left")
    for heading in ("nnref", "NNCodec", "ratio [min, max]"):
        table.add_column(heading, justify="right")
    for row in rows:
        theirs = "-" if row.theirs is None else _figure(row.theirs, row.unit)
        table.add_row(row.what, row.unit, _figure(row.ours, row.unit), theirs, _ratio(row.ratio))
    return table


def _figure(value: float, unit: str) -> str:
    return f"{value:.0f}" if unit == "bytes" else f"{value:.4g}"


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return "-"
    if ratio.low == ratio.high:
        return f"{ratio.median:.4f}"
    return f"{ratio.median:.2f} \\[{ratio.low:.2f}, {ratio.high:.2f}]"
