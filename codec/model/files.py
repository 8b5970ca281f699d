"""Files that appear whole or not at all, and errors of the file system as refusals."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from nnref.spec.errors import NnrError, refusal

StrPath = str | os.PathLike[str]


def not_of_its_format(path: StrPath, detail: str) -> NnrError:
    """The refusal of a file that is not what its name says, ready to raise."""
    return refusal("file-format", f"{os.fspath(path)}: {detail}")


@contextmanager
def reading(path: StrPath) -> Iterator[None]:
    """Turns errors of the file system inside the block into file-not-found."""
    with _refusing("file-not-found", path):
        yield


@contextmanager
def writing(path: StrPath) -> Iterator[None]:
    """Turns errors of the file system inside the block into file-write."""
    with _refusing("file-write", path):
        yield


@contextmanager
def _refusing(rule_id: str, path: StrPath) -> Iterator[None]:
    try:
        yield
    except NnrError:
        raise  # a FileError is an OSError too
    except OSError as error:
        raise refusal(rule_id, f"{os.fspath(path)}: {error.strerror or error}") from error


class PendingFile:
    """A file under a temporary name beside `path`, which `commit` moves there.

    `file` is open for reading and writing at any position. Symbolic links are followed. Raises
    `FileError` (file-write) when the file cannot be made or `path` is not a regular file.
    """

    file: BinaryIO

    def __init__(self, path: StrPath) -> None:
        self.path = Path(path)
        with writing(self.path):
            self._target = self.path.resolve()
            if self._target.exists() and not self._target.is_file():
                # Moving a file onto /dev/null would replace the device.
                raise refusal("file-write", f"{self.path}: not a regular file")
            self._temporary = self._target.with_name(f".nnref-{os.urandom(6).hex()}.part")
            self.file = cast(BinaryIO, self._temporary.open("x+b"))

    def commit(self) -> None:
        """Makes the file durable and moves it to `path`, over an older file if there is one."""
        with writing(self.path):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self._temporary.replace(self._target)

    def discard(self) -> None:
        """Removes the temporary file; whatever was at `path` before stays as it was."""
        with suppress(OSError):  # closing writes what is buffered, which may fail again
            self.file.close()
        self._temporary.unlink(missing_ok=True)


@contextmanager
def atomic_write(path: StrPath) -> Iterator[BinaryIO]:
    """A binary file that is at `path` once the block ends well, and nowhere otherwise.

    Raises `FileError` (file-write) when it cannot be made or written; an `OSError` of the block
    counts as that.
    """
    pending = PendingFile(path)
    try:
        with writing(path):
            yield pending.file
        pending.commit()
    except BaseException:  # KeyboardInterrupt leaves nothing behind either
        pending.discard()
        raise
