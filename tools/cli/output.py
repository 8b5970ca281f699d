"""What commands print: JSON objects, tables, warnings about a stream, a progress bar."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

from nnref.spec.errors import NnrError
from nnref.tools.cli.failures import warn
from nnref.tools.cli.text import one_line

Progress = Callable[[int, int, str], None]
"""Called with (tensors done, tensors in all, name of the next one)."""

_UNLIMITED_WIDTH = 1 << 16
"""Columns of a table that goes to a file or a pipe: nothing is folded there."""


def print_json(schema: str, content: dict[str, Any]) -> None:
    """Print an object whose first key names its form, for example `nnref.inspect/1`."""
    print(json_text(schema, content))


def json_text(schema: str, content: dict[str, Any]) -> str:
    """The text of such an object: ASCII, whatever the encoding of stdout, without NaN."""
    return json.dumps({"schema": schema} | content, indent=2, allow_nan=False)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. Columns whose head starts with `<` are left-justified, others right."""
    from rich import box  # noqa: PLC0415  only who prints a table pays for rich
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for head in columns:
        left = head.startswith("<")
        table.add_column(
            head.removeprefix("<"), justify="left" if left else "right", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    shown = sys.stdout.isatty()
    text = StringIO()  # else rich would end the program on a broken pipe
    width = None if shown else _UNLIMITED_WIDTH
    Console(
        file=text, force_terminal=shown, width=width, highlight=False, markup=False, emoji=False
    ).print(table)
    print(text.getvalue(), end="")


def warn_findings(findings: Iterable[NnrError]) -> None:
    """One warning for each rule that was broken and tolerated."""
    for finding in findings:
        warn(f"{finding.id}: {finding}")


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on stderr, or None when nobody would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    name = TextColumn("{task.fields[tensor]}", markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), name)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, tensor="")

        def show(done: int, total: int, tensor: str) -> None:
            bar.update(task, completed=done, total=total, tensor=one_line(tensor))

        yield show
