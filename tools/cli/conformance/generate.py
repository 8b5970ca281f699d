"""`nnref conformance generate`: the suite from its descriptions, or random streams."""

from pathlib import Path

import click

from nnref.spec.errors import refusal
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
@click.option(
    "--random",
    "chains",
    type=click.IntRange(1),
    metavar="N",
    help="Make N chains of one to three random streams instead; needs -o.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the first chain.")
@json_option
def command(folder: Path | None, chains: int | None, seed: int, as_json: bool) -> None:
    """Make the suite.

    Streams, sheets and expected tensors are made of the descriptions in
    nnref.conformance.generator.families; the bytes are the same on every machine. A folder of
    random streams is a suite, too: nnref conformance run --suite DIR.
    """
    if chains is not None and folder is None:
        raise refusal("usage", "--random does not replace the installed suite: say where, -o DIR")
    from nnref.conformance.generator.families import all_cases  # noqa: PLC0415  it loads numpy
    from nnref.conformance.generator.families.faults import all_faults  # noqa: PLC0415
    from nnref.conformance.generator.random_cases import random_cases  # noqa: PLC0415
    from nnref.conformance.generator.writing import write_suite  # noqa: PLC0415
    from nnref.conformance.suite import suite_folder  # noqa: PLC0415

    target = folder or suite_folder()
    if chains is None:
        written = write_suite(all_cases(), all_faults(), target)
    else:
        written = write_suite(random_cases(chains, seed), (), target)
    if as_json:
        print_json("nnref.generate/1", {"folder": str(target), **written})
    else:
        print(f"{target}: {written['cases']} cases, {written['bytes']} bytes")
