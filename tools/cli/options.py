"""Options that several commands share, so that they are spelled and explained once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect

Command = Callable[..., Any]

OUT_OF_BAND_FILE: Final = "nnref.out_of_band"
"""Where a click context keeps the path that `--out-of-band` was given."""

DIALECTS: Final = {dialect.label: dialect for dialect in Dialect}


def number_or_auto(number: Callable[[str], Any], what: str) -> Callable[..., Any]:
    """A callback for options that take a number or `auto`."""

    def converted(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Any:
        if text is None or text == "auto":
            return text
        try:
            return number(text)
        except ValueError:
            raise click.BadParameter(f"{text!r} is neither {what} nor 'auto'") from None

    return converted


def json_option(command: Command) -> Command:
    """`--json`: machine-readable output on stdout, errors included."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def quiet_option(command: Command) -> Command:
    """`-q`: no summary and no progress bar."""
    text = "Print only warnings and errors."
    return click.option("-q", "--quiet", is_flag=True, help=text)(command)


def limit_option(command: Command) -> Command:
    """`--limit`: the limits of `nnref.spec.limits.Limits`."""
    return click.option(
        "--limit",
        "limits",
        metavar="NAME=N",
        multiple=True,
        callback=_limits,
        help="Change a limit, for example max_total_bytes=1000000. Can be repeated.",
    )(command)


def dialect_option(command: Command) -> Command:
    """`--dialect`: annex A."""
    return click.option(
        "--dialect",
        type=click.Choice(list(DIALECTS)),
        default="nncodec-2.x",
        callback=_dialect,
        show_default=True,
        help="Whose payload rules the stream follows.",
    )(command)


def base_option(command: Command) -> Command:
    """`--base`: the earlier streams of an update chain."""
    return click.option(
        "--base",
        "bases",
        metavar="STREAM",
        type=click.Path(readable=False),
        multiple=True,
        help="Earlier stream of the update chain, the oldest first. Can be repeated.",
    )(command)


def semantics_option(command: Command) -> Command:
    """`--semantics`: what the updates of a chain are added to."""
    return click.option(
        "--semantics",
        type=click.Choice(["cumulative", "non-cumulative"]),
        help="What updates are added to: the result so far, or the last one to the base alone.  "
        "[default: cumulative]",
    )(command)


def as_coded_option(command: Command) -> Command:
    """`--as-coded`: clause 10.6 left undone."""
    text = "Every coded tensor under its own name: no factors multiplied, no scaling applied."
    return click.option("--as-coded", is_flag=True, help=text)(command)


def jobs_option(command: Command) -> Command:
    """`--jobs`: how many tensors are worked on at a time."""
    return click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        default=1,
        show_default=True,
        help="Tensors worked on at the same time, in threads.",
    )(command)


def out_of_band_option(command: Command) -> Command:
    """`--out-of-band`: what a stream leaves out, as `nnref encode` has written it."""
    return click.option(
        "--out-of-band",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=_out_of_band,
        help="JSON file with the dimensions and unary lengths that the stream leaves out.",
    )(command)


def dialect_name(dialect: Dialect) -> str:
    """How `--dialect` spells a dialect."""
    return dialect.label


def _limits(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> Limits:
    return Limits().with_options(dict(map(_limit, values)))


def _limit(text: str) -> tuple[str, int]:
    name, separator, number = text.partition("=")
    if not separator or not number.isdecimal():
        raise click.BadParameter(f"{text!r} is not NAME=N with a number N")
    return name, int(number)


def _out_of_band(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Any:
    ctx.meta[OUT_OF_BAND_FILE] = path
    from nnref.tools.cli.out_of_band import read_out_of_band  # noqa: PLC0415  it loads numpy

    return None if path is None else read_out_of_band(path)


def _dialect(_ctx: click.Context, _param: click.Parameter, name: str) -> Dialect:
    return DIALECTS[name]
