"""`nnref conformance list`: the cases of the suite."""

from collections import Counter
from pathlib import Path

import click

from nnref.tools.cli.options import json_option
from nnref.tools.cli.output import print_json, print_table


@click.command("list", short_help="List the cases of the suite.")
@click.option(
    "--suite",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of another suite.  [default: the installed one]",
)
@click.option("--group", help="Only the cases of one group.")
@click.option("--feature", help="Only the cases with one feature, for example scan-order-1.")
@click.option("--features", is_flag=True, help="List the features, with the number of cases.")
@json_option
def command(
    folder: Path | None, group: str | None, feature: str | None, features: bool, as_json: bool
) -> None:
    """List the cases of the suite.

    A case is known by its id; kind is valid, invalid or must-skip. The features are those that a
    capabilities file of `nnref conformance run` names.
    """
    from nnref.conformance.runner.case import needs_of  # noqa: PLC0415  only to run it
    from nnref.conformance.suite import load, sheet_to_json  # noqa: PLC0415

    sheets = [
        sheet
        for sheet in load(folder)
        if group in (None, sheet.group) and (feature is None or feature in sheet.features)
    ]
    if as_json:
        print_json("nnref.cases/1", {"cases": [sheet_to_json(sheet) for sheet in sheets]})
        return
    if features:
        counts = Counter(one for sheet in sheets for one in needs_of(sheet))
        print_table(
            "", ["<feature", "cases"], ((name, str(counts[name])) for name in sorted(counts))
        )
        return
    rows = ((s.group, s.id, s.kind, str(s.stream.bytes), s.title) for s in sheets)
    print_table(f"{len(sheets)} cases", ["<group", "<id", "<kind", "bytes", "<title"], rows)
