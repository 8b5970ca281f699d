"""Options that the commands of `nnref conformance` share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal

if TYPE_CHECKING:
    from nnref.conformance.runner import Decoder

Command = Callable[..., Any]

BUILT_IN: Final = {
    "literal": "nnref.conformance.runner.literal:decode_literally",
    "fast": "nnref.conformance.runner.fast:decode_fast",
}
"""Adapters that come with nnref."""
PEER: Final = "nncodec"
"""The one that needs an environment of its own."""
_MEBIBYTE: Final = 1 << 20
_COMMAND_SECONDS: Final = 10.0
_ADAPTER_SECONDS: Final = 120.0
"""Kernels are compiled where they are first met, which may be in any case."""


def suite_option(command: Command) -> Command:
    """`--suite`: another suite than the installed one."""
    return click.option(
        "--suite",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder of the suite.  [default: the installed one]",
    )(command)


def decoder_options(command: Command) -> Command:
    """`--decoder`, `--adapter` and how a decoder is run."""
    options = (
        click.option(
            "--decoder",
            metavar="COMMAND",
            help="Command line of the decoder: 'mydec {stream} {out}'.",
        ),
        click.option(
            "--adapter",
            metavar="MODULE:FUNCTION",
            help="A decoder in Python; literal and fast are nnref's own, nncodec is NNCodec 2.1.3.",
        ),
        click.option(
            "--peer-python",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Python of the virtual environment of NNCodec.",
        ),
        click.option(
            "--output-format",
            "file_format",
            type=click.Choice(["safetensors", "npz", "raw"]),
            default="safetensors",
            show_default=True,
            help="What {out} is; raw is a JSON file that names files of numbers.",
        ),
        click.option(
            "--start-seconds",
            type=click.FloatRange(0, min_open=True),
            help="Seconds added to the budget of every case: the decoder has to start, or to be "
            "compiled.  [default: 10, of adapters 120]",
        ),
        click.option(
            "--start-memory",
            type=click.IntRange(1),
            metavar="MIB",
            default=2048,
            show_default=True,
            help="Address space in MiB that is added in the same way.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def make_decoder(
    decoder: str | None,
    adapter: str | None,
    peer_python: Path | None,
    file_format: str,
    start_seconds: float | None,
    start_memory: int,
) -> "Decoder":
    """The decoder that the options ask for. Raises UsageError."""
    from nnref.conformance.runner import (  # noqa: PLC0415  it loads numpy
        AdaptedDecoder,
        Allowance,
        CommandDecoder,
    )

    if (decoder is None) == (adapter is None):
        text = "say which decoder: --decoder 'mydec {stream} {out}', or --adapter module:function"
        raise refusal("usage", text)
    if adapter == PEER:
        return _peer(peer_python)
    usual = _COMMAND_SECONDS if adapter is None else _ADAPTER_SECONDS
    allowance = Allowance(start_memory * _MEBIBYTE, start_seconds or usual)
    if adapter is not None:
        name = f"nnref, {adapter} decoder" if adapter in BUILT_IN else None
        return AdaptedDecoder(BUILT_IN.get(adapter, adapter), allowance, name)
    assert decoder is not None
    return CommandDecoder(decoder, file_format, allowance)


def _peer(python: Path | None) -> "Decoder":
    from nnref.conformance.interop.environment import default_folder  # noqa: PLC0415
    from nnref.conformance.runner.peer import PeerDecoder  # noqa: PLC0415  it loads numpy

    found = python or default_folder() / "bin" / "python"
    if not found.exists():
        text = f"{found}: python -m nnref.conformance.interop makes the environment"
        raise refusal("peer-unavailable", text)
    return PeerDecoder(found)
