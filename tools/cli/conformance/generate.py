"""`nnref conformance generate`: the suite from its descriptions."""

from pathlib import Path

import click

from nnref.tools.cli.options import json_option
from nnref.tools.cli.output import print_json


@click.command(short_help="Make the suite.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the suite.  [default: where nnref is installed]",
)
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """Make the suite.

    Streams, sheets and expected tensors are made of the descriptions in
    nnref.conformance.generator.families; the bytes are the same on every machine.
    """
    from nnref.conformance.generator.families import all_cases  # noqa: PLC0415  it loads numpy
    from nnref.conformance.generator.families.faults import all_faults  # noqa: PLC0415
    from nnref.conformance.generator.writing import write_suite  # noqa: PLC0415
    from nnref.conformance.suite import suite_folder  # noqa: PLC0415

    target = folder or suite_folder()
    written = write_suite(all_cases(), all_faults(), target)
    if as_json:
        print_json("nnref.generate/1", {"folder": str(target), **written})
    else:
        print(f"{target}: {written['cases']} cases, {written['bytes']} bytes")
