"""`nnref conformance`: the suite that proves a decoder right or wrong."""

from collections.abc import Mapping
from typing import Final

import click

from nnref.tools.cli.lazy import Entry, LazyGroup

COMMANDS: Final[Mapping[str, Entry]] = {
    "list": Entry("nnref.tools.cli.conformance.listing", "List the cases of the suite."),
    "run": Entry("nnref.tools.cli.conformance.run", "Run any decoder over the suite."),
    "check": Entry(
        "nnref.tools.cli.conformance.check", "Judge streams of any encoder by every rule."
    ),
    "shrink": Entry(
        "nnref.tools.cli.conformance.shrink",
        "Find the smallest stream that a decoder still gets wrong.",
    ),
    "kill": Entry(
        "nnref.tools.cli.conformance.kill",
        "Plant faults in a decoder, and count those that the suite finds.",
    ),
    "coverage": Entry("nnref.tools.cli.conformance.coverage", "Show what the suite reaches."),
    "generate": Entry("nnref.tools.cli.conformance.generate", "Make the suite."),
}


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    no_args_is_help=False,
    short_help="Test a decoder with the conformance suite.",
)
def command() -> None:
    """Test a decoder with the conformance suite.

    The suite is installed with nnref: small streams, each with a sheet that says what it is about
    and what decoding it gives.
    """
