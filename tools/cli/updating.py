"""Options that make `nnref encode` write an update, and what the summary says of one."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

import click

from nnref import codec

Command = Callable[..., Any]

_WAYS: Final = ("increment", "complete", "unchanged")
"""What an update can do with a tensor, as its report calls it."""


def update_options(command: Command) -> Command:
    """`--base`, `--semantics`, `--parent-id`, `--device-id` and `--predictive`."""
    options = (
        click.option(
            "--base",
            "bases",
            metavar="STREAM",
            type=click.Path(readable=False),
            multiple=True,
            help="Write an update of this stream; give a base and its updates, the oldest first.",
        ),
        click.option(
            "--semantics",
            type=click.Choice(["cumulative", "non-cumulative"]),
            help="What the update is added to: the result so far, or the first stream alone.  "
            "[default: cumulative]",
        ),
        click.option(
            "--parent-id",
            type=click.Choice(["ids", "sha256", "sha512"]),
            help="How each tensor of an update names the one it is for.  [default: ids]",
        ),
        click.option(
            "--device-id",
            type=click.IntRange(0),
            help="Whose update it is.  [default: 0, and no ids without --base]",
        ),
        click.option(
            "--predictive",
            is_flag=True,
            default=None,
            help="Mark the update as residuals alone (nnr_pre_flag).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def update_summary(tensors: "Iterable[codec.EncodedTensor]") -> str:
    """How many tensors are coded in which way; nothing for a stream that is no update."""
    counted = Counter(way for tensor in tensors for way in _WAYS if way in tensor.tools)
    return ", ".join(f"{counted[way]} {way}" for way in _WAYS if counted[way])
