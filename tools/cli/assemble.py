"""`nnref assemble`: the stream that a text says."""

import click

from nnref.tools.cli.files import text_lines
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json
from nnref.tools.cli.text import count_text, one_line


@click.command(short_help="Rebuild a stream from its text.")
@click.argument("path", metavar="TEXT", type=click.Path(readable=False))
@click.option(
    "-o", "--output", type=click.Path(readable=False), required=True, help="Stream to write."
)
@quiet_option
@json_option
def command(path: str, output: str, quiet: bool, as_json: bool) -> None:
    """Rebuild a stream from its text.

    TEXT is in the form that nnref disassemble writes.

    Nothing is checked: the stream may be as wrong as the text wants it.
    """
    from nnref.codec.model.files import atomic_write  # noqa: PLC0415  it loads numpy
    from nnref.tools.assembly import assemble  # noqa: PLC0415

    with text_lines(path) as lines:
        data = assemble(lines)
    with atomic_write(output) as file:
        file.write(data)
    if as_json:
        print_json("nnref.assemble/1", {"text": path, "stream": output, "bytes": len(data)})
    elif not quiet:
        print(f"{one_line(output)}: {count_text(len(data))} bytes")
