"""Local non-linear quantization (clause 15.1) on the command line."""

import math
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


def _sparsity(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    """A part, 0..1, or `ratio:R` for the part that leaves one number of R."""
    if text is None:
        return None
    kind, _, number = text.rpartition("ratio:")
    try:
        found = 1 - 1 / float(number) if "ratio:" in text else float(number)
    except (ValueError, ZeroDivisionError):
        found = math.nan
    if kind or not 0 <= found < 1:
        detail = f"{text!r} is neither a part of the numbers, 0..1, nor like ratio:20"
        raise click.BadParameter(detail)
    return found


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
        callback=_sparsity,
        help="Set this part of every matrix to 0 first, the smallest magnitudes; ratio:20 leaves "
        "one of 20 numbers.",
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
