"""The bytes of a stream, wherever they are."""

import mmap
from os import PathLike
from pathlib import Path

from nnref.spec.errors import refusal

StreamSource = str | PathLike[str] | bytes | bytearray | memoryview


def stream_buffer(source: StreamSource) -> memoryview:
    """The bytes of a stream; a path is mapped into memory, not read.

    Raises FileError file-not-found, UsageError input-type.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return memoryview(source).cast("B")
    if not isinstance(source, str | PathLike):
        raise refusal("input-type", f"a {type(source).__name__} is no stream")
    path = Path(source)
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise refusal("file-not-found", f"{path}: {error.strerror or error}") from None
