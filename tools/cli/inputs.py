"""The files a command reads: none is overwritten, and updates come after their bases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref import codec
from nnref.spec.errors import refusal

if TYPE_CHECKING:
    from nnref.codec.decoder.updates import UpdateState


def refuse_same_file(source: str, target: str) -> None:
    """Raise UsageError setting-conflict when the output would replace the input."""
    if Path(source).exists() and Path(target).exists() and Path(source).samefile(target):
        raise refusal("setting-conflict", f"{target} is both input and output")


def state_after(bases: Sequence[str], options: Mapping[str, Any]) -> "UpdateState | None":
    """Clause 12.2: what an update needs to know of the streams before it, the oldest first.

    `options` are those of `codec.open_stream`. Raises NnrError as decoding the streams does.
    """
    state = None
    for base in bases:
        state = codec.open_stream(base, base=state, **options).next_state()
    return state


def check_chain(
    streams: Sequence[str], semantics: str | None, of_one_stream: Mapping[str, Any]
) -> None:
    """Raise UsageError for options that mean nothing for so many streams.

    `of_one_stream` holds the options that are for one stream, and what was given for them.
    """
    context = click.get_current_context()
    if len(streams) == 1:
        if semantics is not None:
            raise click.UsageError("--semantics needs updates", context)
        return
    for option in (option for option, given in of_one_stream.items() if given):
        raise click.UsageError(f"{option} is for one stream, not for a sum of several", context)
