"""`nnref trace`: every element and every bin of a stream, as they are decoded."""

from pathlib import Path
from typing import Any

import click

from nnref.spec.errors import NnrError
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.failures import GOOD, tell
from nnref.tools.cli.files import read_bytes, text_output
from nnref.tools.cli.options import (
    base_option,
    dialect_name,
    dialect_option,
    json_option,
    limit_option,
    out_of_band_option,
)


@click.command(short_help="Write every element and every bin, as decoded.")
@click.argument("path", metavar="STREAM", type=click.Path(readable=False))
@click.option("--tensor", help="Only the units with this tensor, and its bins.")
@click.option("--unit", type=click.IntRange(0), help="Only the unit with this index.")
@click.option("--bins", is_flag=True, help="Bins, and what they make up.")
@click.option(
    "--checkpoints",
    type=click.IntRange(1),
    metavar="N",
    help="The coder's registers and a hash of all contexts after every N bins.",
)
@click.option(
    "--from-bin",
    type=click.IntRange(0),
    default=0,
    help="First bin to write, counted from 0 in each codeword.",
)
@click.option("--to-bin", type=click.IntRange(0), help="First bin that is not written any more.")
@base_option
@out_of_band_option
@dialect_option
@limit_option
@json_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [default: stdout]"
)
def command(
    path: str,
    tensor: str | None,
    unit: int | None,
    bins: bool,
    checkpoints: int | None,
    from_bin: int,
    to_bin: int | None,
    bases: tuple[str, ...],
    out_of_band: Any,
    dialect: Dialect,
    limits: Limits,
    as_json: bool,
    output: Path | None,
) -> int:
    """Write every element and every bin, as decoded.

    Elements are those of headers; --bins adds every bin of every codeword, and what bins make up.

    With --json it is one object per line, in the form of annex E of the specification. Nothing is
    shown behind the first fault of a bad stream; the trace then ends with the error.
    """
    from nnref.tools import trace  # noqa: PLC0415  it loads the declarations

    if to_bin is not None and to_bin < from_bin:
        raise click.UsageError("--to-bin is before --from-bin", click.get_current_context())
    source = trace.Source(
        read_bytes(path), tuple(map(read_bytes, bases)), dialect, limits, out_of_band or {}
    )
    wanted = trace.Wanted(bins, from_bin, to_bin, tensor, checkpoints or 0)
    with text_output(output) as file:
        sink = trace.json_lines(file) if as_json else trace.TextWriter(file)
        sink(trace.trace_header(source, path, dialect_name(dialect), wanted))
        reporter = trace.PayloadReporter(sink, wanted) if bins or checkpoints else None
        error = trace.trace(source, trace.Selection(unit, tensor), sink, reporter)
    return _status(error)


def _status(error: NnrError | None) -> int:
    return GOOD if error is None else tell(error)
