"""`nnref disassemble`: a stream as text."""

from pathlib import Path
from typing import Any

import click

from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.files import read_bytes, text_output
from nnref.tools.cli.options import (
    base_option,
    dialect_option,
    json_option,
    out_of_band_option,
)
from nnref.tools.cli.output import print_json


@click.command(short_help="Write a stream, good or bad, as text.")
@click.argument("path", metavar="STREAM", type=click.Path(readable=False))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [default: stdout]"
)
@click.option("--bins", is_flag=True, help="Codewords bin by bin instead of hexadecimal.")
@click.option("--auto-size", is_flag=True, help="Let the assembler compute the sizes of units.")
@base_option
@out_of_band_option
@dialect_option
@json_option
def command(
    path: str,
    output: Path | None,
    bins: bool,
    auto_size: bool,
    bases: tuple[str, ...],
    out_of_band: Any,
    dialect: Dialect,
    as_json: bool,
) -> None:
    """Write a stream, good or bad, as text.

    Each line has a position, an element, its descriptor and its value.

    `nnref assemble` rebuilds the same bytes, also of a damaged stream: what no element claims is
    shown as a gap. Values can be edited; annex E of the specification has the grammar.
    """
    from nnref.tools import assembly  # noqa: PLC0415  it loads the declarations
    from nnref.tools.trace import Source  # noqa: PLC0415

    streams = read_bytes(path), tuple(map(read_bytes, bases))
    source = Source(*streams, dialect, out_of_band=out_of_band or {})
    lines = assembly.disassemble(source, assembly.Options(bins, auto_size))
    found = {"stream": path, "bytes": len(source.data)}
    if as_json and output is None:
        print_json("nnref.disassemble/1", found | {"lines": list(lines)})
        return
    with text_output(output) as file:
        for line in lines:
            print(line, file=file)
    if as_json:
        print_json("nnref.disassemble/1", found | {"output": str(output)})
