"""Methods beyond the standard (clause 15) on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from nnref.tools.cli.options import number_or_auto
from nnref.tools.cli.output_formats import output_formats_given

Command = Callable[..., Any]


def method_options(command: Command) -> Command:
    """`--method` and the options of the methods."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _rank(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)


_OPTIONS = (
    click.option(
        "--method",
        type=click.Choice(["lowrank", "hierarchical", "templates", "video", "deep-compression"]),
        help="A method beyond the standard for the tensors that it suits; NNCodec stops at their "
        "units.  [default: none]",
    ),
    click.option(
        "--tools",
        type=click.Choice(["chosen", "auto"]),
        help="Code every matrix with the tools chosen here, or with the one of all tools and "
        "methods that takes fewest bytes for no more error.  [default: chosen]",
    ),
    click.option(
        "--kernel-rank",
        metavar="N|PART|auto",
        callback=number_or_auto(_rank, "a rank, a part of the numbers such as 0.5,"),
        help="--method lowrank: rank of the kernels, or factors with PART of their numbers, or "
        "where it pays.  [default: auto]",
    ),
    click.option(
        "--kernel-error",
        type=float,
        metavar="PART",
        help="--method lowrank: the smallest rank that leaves out no more than PART of a weight.",
    ),
    click.option(
        "--shared-bits",
        type=click.IntRange(1, 10),
        help="Bits of an index of shared values.  [default: with --method deep-compression 8 in "
        "convolutions, 5 elsewhere; with hierarchical the fewest of 4 to 8 that reach the quality]",
    ),
    click.option(
        "--grouping/--no-grouping",
        default=None,
        help="--method hierarchical: weights share values.  [default: on]",
    ),
    click.option(
        "--fixed-point/--no-fixed-point",
        default=None,
        help="--method hierarchical: values are fixed-point numbers.  [default: on]",
    ),
    click.option(
        "--fixed-point-bits",
        type=click.IntRange(1, 24),
        help="Bits of fixed-point numbers.  [default: 6 in fully connected layers, 10 elsewhere]",
    ),
    click.option(
        "--output-formats",
        type=click.Path(path_type=Path, dir_okay=False),
        callback=output_formats_given,
        metavar="FILE",
        help="--method hierarchical: JSON file with the formats of layer outputs.",
    ),
    click.option(
        "--templates",
        metavar="N|auto",
        callback=number_or_auto(int, "an integer"),
        help="--method templates: kernels as N scaled and shifted templates, or where it pays.  "
        "[default: auto]",
    ),
    click.option(
        "--template-residual/--no-template-residual",
        default=None,
        help="Code what templates leave over, with the quality asked for.  [default: on]",
    ),
    click.option(
        "--template-distance",
        type=click.Choice(["absolute", "signed"]),
        help="Compare kernels with templates by |r| or r, Pearson's correlation.  "
        "[default: absolute]",
    ),
    click.option(
        "--video-depth",
        type=click.Choice(["8", "10", "12"]),
        callback=lambda _ctx, _param, text: None if text is None else int(text),
        help="--method video: bits of the integers that become pictures.  [default: 8]",
    ),
    click.option(
        "--video-qp",
        metavar="N",
        type=click.IntRange(0, 51),
        help="QP of the pictures.  [default: without loss]",
    ),
    click.option(
        "--video-scales",
        type=click.Choice(["tensor", "row"]),
        help="One scale for a tensor, or for each of its rows.  [default: tensor]",
    ),
    click.option(
        "--video-layout",
        type=click.Choice(["rows", "kernels", "square"]),
        help="A line of a picture for each row; each kernel a rectangle, a line of them for each "
        "row; or weights one behind the other in a picture like a square.  [default: rows]",
    ),
    click.option(
        "--video-chroma/--no-video-chroma",
        default=None,
        help="Add chroma that means nothing (4:2:0), for decoders that have no other pictures.  "
        "[default: off]",
    ),
    click.option(
        "--video-layers",
        type=click.Choice(["all", "fc"]),
        help="Which weights become pictures: all, or fully connected ones.  [default: all]",
    ),
)
