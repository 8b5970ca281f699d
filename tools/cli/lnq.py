"""Local non-linear quantization (clause 15.1) on the command line."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nnref.codec.encoder.lnq import LnqReport

Command = Callable[..., Any]


def lnq_options(command: Command) -> Command:
    """`--lnq`, `--lu`, `--levels`, `--prune`, `--prune-deviations`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--lnq",
        type=click.Choice(["off", "auto", "class", "published"]),
        help="Local non-linear quantization where it saves bytes; NNCodec stops at such units, "
        "nnref strip replaces them.  [default: off]",
    ),
    click.option(
        "--lu",
        "lnq_units",
        metavar="SHAPE",
        help="Units of --lnq: filter, 8x8, kernel, row, tensor, layer, or RxC with * for all.",
    ),
    click.option(
        "--levels",
        "lnq_levels",
        type=click.IntRange(2, 8),
        help="Values of a unit with --lnq published, at most.  [default: 3]",
    ),
    click.option(
        "--prune",
        metavar="SPARSITY",
        type=float,
        help="Set this part of every matrix to 0 first, the smallest magnitudes.",
    ),
    click.option(
        "--prune-deviations",
        metavar="RATIO",
        type=float,
        help="Set what is smaller than this many standard deviations of its matrix to 0 first.",
    ),
)


def lnq_object(report: "LnqReport") -> dict[str, Any]:
    """The JSON form of what LNQ made of a layer; `sl` is the share of weights in LNQ units."""
    return {
        "mode": report.mode,
        "layer_type": report.layer_type.name.lower(),
        "sl": report.lnq_weights / report.weights,
        "classes": report.classes,
        "bits": report.bits,
        "side_bits": report.side_bits,
        "squared_error": report.squared_error,
        "without_bytes": report.without_bytes,
    }
