"""How a run ends: every failure becomes one line on stderr and one exit status."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

import click

from nnref.spec.errors import (
    FileError,
    IntegrityError,
    InvalidError,
    LimitExceededError,
    MalformedError,
    NnrError,
    UnsupportedError,
    UsageError,
    refusal,
)
from nnref.tools.cli.text import one_line

GOOD: Final = 0
STATUS: Final[Mapping[type[NnrError], int]] = {
    UsageError: 2,
    MalformedError: 3,
    InvalidError: 3,
    UnsupportedError: 4,
    LimitExceededError: 5,
    IntegrityError: 6,
    FileError: 7,
}
INTERNAL: Final = 70
"""A defect of nnref (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""The reader of stdout went away: what a shell reports for SIGPIPE."""

DEBUG_VARIABLE: Final = "NNREF_DEBUG"
"""Set to 1, a defect shows its traceback."""
ERROR_SCHEMA: Final = "nnref.error/1"


def exit_status(error: NnrError) -> int:
    """The exit status of the class of an error."""
    if error.id == "internal-error":
        return INTERNAL
    return STATUS[type(error)]


def tell(error: NnrError) -> int:
    """Write the one line of an error to stderr; returns the exit status."""
    print(one_line(f"nnref: error[{error.id}]: {error}"), file=sys.stderr)
    return exit_status(error)


def warn(text: str) -> None:
    """Write the one line of a warning to stderr."""
    print(one_line(f"nnref: warning: {text}"), file=sys.stderr)


def run_guarded(invoke: Callable[[], object], *, as_json: bool) -> int:
    """Call a command and return the exit status of the process.

    `invoke` returns its exit status, or None for success. With `as_json` an error is also printed
    to stdout as an object.
    """
    try:
        status = invoke()
        sys.stdout.flush()
    except BrokenPipeError:
        _close_quietly()
        return BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.exceptions.Exit as end:
        return end.exit_code
    except Exception as failure:
        error = _as_error(failure)
        if error.id == "internal-error" and os.environ.get(DEBUG_VARIABLE) == "1":
            raise
        _end_stdout(error if as_json else None)
        return tell(error)
    return status if isinstance(status, int) else GOOD


def _end_stdout(error: NnrError | None) -> None:
    """Print an error as an object, and all that was printed before; stdout may be the trouble."""
    try:
        if error is not None:
            print(json.dumps({"schema": ERROR_SCHEMA, "error": error.as_dict()}, indent=2))
        sys.stdout.flush()
    except OSError:
        _close_quietly()


def _as_error(failure: Exception) -> NnrError:
    """The refusal that says what went wrong, whatever was raised."""
    if isinstance(failure, NnrError):
        return failure
    if isinstance(failure, click.ClickException):
        return refusal("usage", _usage_detail(failure))
    if isinstance(failure, MemoryError):
        return refusal("limit-total-bytes", "this machine has not enough memory")
    if isinstance(failure, OSError):
        return refusal("file-write", str(failure))
    return refusal("internal-error", f"{type(failure).__name__}: {failure}")


def _usage_detail(failure: click.ClickException) -> str:
    message = failure.format_message().rstrip(".")
    if isinstance(failure, click.UsageError) and failure.ctx is not None:
        return f"{message} (see {failure.ctx.command_path} --help)"
    return message


def _close_quietly() -> None:
    """Send the rest of stdout nowhere, so that the interpreter does not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
