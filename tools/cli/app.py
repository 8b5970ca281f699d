"""The `nnref` command: a table of subcommands, each imported only when it is run."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import click

from nnref.tools.cli.failures import run_guarded


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a subcommand lives (the attribute `command` of a module) and its line in the help."""

    module: str
    summary: str


COMMANDS: Final[Mapping[str, Entry]] = {
    "encode": Entry("nnref.tools.cli.encode", "Encode a model as an NNR stream."),
    "decode": Entry("nnref.tools.cli.decode", "Decode an NNR stream to a tensor file."),
    "inspect": Entry("nnref.tools.cli.inspect", "Show units, elements, tensors and sizes."),
    "verify": Entry("nnref.tools.cli.verify", "Check a stream, alone or against a model."),
    "trace": Entry("nnref.tools.cli.trace", "Write every element and every bin, as decoded."),
    "diverge": Entry("nnref.tools.cli.diverge", "Find where another decoder's trace leaves ours."),
    "disassemble": Entry("nnref.tools.cli.disassemble", "Write a stream, good or bad, as text."),
    "assemble": Entry("nnref.tools.cli.assemble", "Rebuild a stream from its text."),
    "syntax": Entry("nnref.tools.cli.syntax", "Look up an element, a unit or a clause."),
    "demo": Entry("nnref.tools.cli.demo", "Encode, decode and test a small trained network."),
}

HELP: Final = """Reference codec for compressed neural networks (NNR, ISO/IEC 15938-17).

\b
Exit status:
  0  good
  2  wrong usage
  3  malformed or invalid stream
  4  unsupported stream
  5  limit exceeded
  6  integrity or comparison failed
  7  a file could not be read or written
"""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(entry.module).command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    help=HELP,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="nnref", prog_name="nnref", message="%(prog)s %(version)s")
def application() -> None:
    """See `HELP`."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its exit status."""

    def invoke() -> object:
        with application.make_context("nnref", list(arguments)) as context:
            return application.invoke(context)

    return run_guarded(invoke, as_json="--json" in arguments)


def main() -> None:
    """The entry point of the `nnref` script."""
    if "_NNREF_COMPLETE" in os.environ:
        application.main(prog_name="nnref")  # the shell asks for completions
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is shown escaped instead of ending the program.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))
