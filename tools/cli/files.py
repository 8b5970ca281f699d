"""Text files of commands: read whole, written whole or not at all, `-o` or stdout."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TextIO

from nnref.spec.errors import NnrError, refusal


def read_bytes(path: str | PathLike[str]) -> bytes:
    """The content of a file. Raises FileError (file-not-found)."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise refusal("file-not-found", f"{path}: {error.strerror or error}") from None


@contextmanager
def text_lines(path: str | PathLike[str]) -> Iterator[Iterator[str]]:
    """The lines of a text file in UTF-8. Raises FileError (file-not-found, file-format)."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            yield file
    except UnicodeDecodeError as error:
        raise refusal("file-format", f"{path}: no UTF-8: {error.reason}") from None
    except NnrError:
        raise  # a FileError is an OSError, too
    except OSError as error:
        raise refusal("file-not-found", f"{path}: {error.strerror or error}") from None


@contextmanager
def text_output(path: str | PathLike[str] | None) -> Iterator[TextIO]:
    """A file to write text to, in UTF-8 with line feeds; stdout for None.

    The file appears under its name when the block ends without an exception. Raises FileError
    (file-write).
    """
    if path is None:
        yield sys.stdout
        return
    from nnref.codec.model.files import atomic_write  # noqa: PLC0415  it loads numpy

    with atomic_write(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="\n")
        try:
            yield text
        finally:
            text.detach()  # writes what is left, and leaves the file open
