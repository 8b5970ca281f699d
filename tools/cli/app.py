"""The `nnref` command: a table of subcommands, each imported only when it is run."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click

from nnref.tools.cli.failures import run_guarded
from nnref.tools.cli.lazy import Entry, LazyGroup

COMMANDS: Final[Mapping[str, Entry]] = {
    "encode": Entry("nnref.tools.cli.encode", "Encode a model as an NNR stream."),
    "calibrate": Entry(
        "nnref.tools.cli.calibrate", "Collect moments of a network's inputs, for encode."
    ),
    "plan": Entry("nnref.tools.cli.plan", "Predict sizes and qualities, without encoding."),
    "decode": Entry("nnref.tools.cli.decode", "Decode an NNR stream to a tensor file."),
    "inspect": Entry("nnref.tools.cli.inspect", "Show units, elements, tensors and sizes."),
    "verify": Entry("nnref.tools.cli.verify", "Check a stream, alone or against a model."),
    "trace": Entry("nnref.tools.cli.trace", "Write every element and every bin, as decoded."),
    "diverge": Entry("nnref.tools.cli.diverge", "Find where another decoder's trace leaves ours."),
    "disassemble": Entry("nnref.tools.cli.disassemble", "Write a stream, good or bad, as text."),
    "assemble": Entry("nnref.tools.cli.assemble", "Rebuild a stream from its text."),
    "syntax": Entry("nnref.tools.cli.syntax", "Look up an element, a unit or a clause."),
    "conformance": Entry(
        "nnref.tools.cli.conformance", "Test a decoder with the conformance suite."
    ),
    "experiment": Entry("nnref.tools.cli.experiment", "Measure methods on trained networks."),
    "strip": Entry("nnref.tools.cli.strip", "Remove or replace nnref's private units."),
    "demo": Entry("nnref.tools.cli.demo", "Encode, decode and test a small trained network."),
}

HELP: Final = """Reference codec for compressed neural networks (NNR, ISO/IEC 15938-17).

\b
Exit status:
  0    good
  2    wrong usage
  3    malformed or invalid stream
  4    unsupported stream
  5    limit exceeded
  6    integrity or comparison failed
  7    a file could not be read or written
  70   a defect of nnref; NNREF_DEBUG=1 shows the traceback
  130  interrupted (Ctrl-C)
  141  the reader of the output went away
"""


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
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
