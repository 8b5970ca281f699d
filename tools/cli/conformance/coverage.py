"""`nnref conformance coverage`: what the suite reaches of the coverage contract."""

import sys
from pathlib import Path

import click

from nnref.tools.cli.files import text_output
from nnref.tools.cli.options import json_option
from nnref.tools.cli.output import print_json, print_table


@click.command(short_help="Show what the suite reaches.")
@click.option(
    "--suite",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of another suite.  [default: the installed one]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Markdown file to write: every item with its clause and the smallest stream.",
)
@json_option
def command(folder: Path | None, output: Path | None, as_json: bool) -> int:
    """Show what the suite reaches.

    Items are the values of every element at their edges, contexts, states and table entries of the
    coder, rules, and lines and branches of the literal decoder. Exit status 6 when an item has
    neither a stream nor a waiver. Needs the extra `coverage`.
    """
    from nnref.conformance.coverage.measure import Suite  # noqa: PLC0415  only to run it
    from nnref.conformance.coverage.report import (  # noqa: PLC0415
        as_object,
        coverage,
        page,
        summary,
    )
    from nnref.conformance.suite import load  # noqa: PLC0415

    items = coverage(Suite(load(folder)))
    if output is not None:
        with text_output(output) as file:
            print(page(items), end="", file=file)
    if as_json:
        print_json("nnref.coverage/1", as_object(items))
    else:
        rows = ((kind, *map(str, counts.values())) for kind, counts in summary(items).items())
        print_table("Coverage", ["<kind", "items", "reached", "waived", "open"], rows)
        for one in items:
            if one.is_open:
                print(f"open: {one.item} (clause {one.clause})", file=sys.stderr)
    return 6 if any(one.is_open for one in items) else 0
