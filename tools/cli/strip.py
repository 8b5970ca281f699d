"""`nnref strip`: a stream that decoders without nnref's private units read."""

import click

from nnref.tools.cli.failures import warn
from nnref.tools.cli.inputs import refuse_same_file
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json
from nnref.tools.cli.text import count_text, one_line


@click.command(short_help="Remove or replace nnref's private units.")
@click.argument("path", metavar="STREAM", type=click.Path(readable=False))
@click.option(
    "-o", "--output", type=click.Path(readable=False), required=True, help="Stream to write."
)
@click.option(
    "--replace",
    is_flag=True,
    help="Ordinary units for the tensors of private ones, which decode to the same numbers.",
)
@quiet_option
@json_option
def command(path: str, output: str, replace: bool, quiet: bool, as_json: bool) -> None:
    """Remove or replace nnref's private units.

    NNCodec stops at private units: the index, and tensors coded by methods beyond the standard.
    Without --replace such tensors are lost.
    """
    from nnref.codec.strip import strip_file  # noqa: PLC0415  it loads numpy

    refuse_same_file(path, output)
    report = strip_file(path, output, replace_units=replace)
    for name in report.lost:
        warn(f"tensor {name!r} is not in {output}: --replace would keep it")
    if as_json:
        found = {
            "stream": path,
            "output": output,
            "bytes": report.bytes_after,
            "bytes_before": report.bytes_before,
            "removed": report.removed,
            "replaced": list(report.replaced),
            "lost": list(report.lost),
        }
        print_json("nnref.strip/1", found)
    elif not quiet:
        print(
            f"{one_line(output)}: {count_text(report.bytes_after)} bytes, "
            f"{count_text(report.bytes_before)} before; {report.removed} private units, "
            f"{len(report.replaced)} tensors replaced, {len(report.lost)} lost"
        )
