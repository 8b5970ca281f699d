"""Decoding whole streams: into memory, or one tensor at a time into a tensor file."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

from numpy.typing import NDArray

from nnref.codec.decoder.buffer import StreamSource
from nnref.codec.decoder.headers import StreamTensor
from nnref.codec.decoder.stream import Stream
from nnref.codec.model import create_model
from nnref.spec.errors import NnrError

Progress = Callable[[int, int, str], None]
"""Called with (tensors done, tensors in all, name of the next one)."""


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """What was decoded: the tensors as their headers describe them, and tolerated findings."""

    tensors: tuple[StreamTensor, ...]
    stream_bytes: int
    findings: tuple[NnrError, ...]

    @property
    def tensor_bytes(self) -> int:
        """Bytes of all decoded tensors."""
        return sum(tensor.info.nbytes for tensor in self.tensors)


def open_stream(source: StreamSource, **options: Any) -> Stream:
    """Open a stream (bytes or a path) for reading; options are those of `Stream`."""
    return Stream(source, **options)


def decode(
    source: StreamSource,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> dict[str, NDArray[Any]]:
    """All tensors of a stream (bytes or a path), by name, in decoding order.

    `jobs` of them are decoded at the same time: in threads, or in any `executor` of
    `concurrent.futures` (then `jobs` is best the number of its workers); the result is the same.
    Options are those of `Stream`: limits, dialect, strict, out_of_band, base, as_coded,
    skip_aggregates.
    Raises NnrError: malformed, invalid, unsupported, limit exceeded, integrity.
    """
    decoded = Stream(source, **options).decoded(jobs=jobs, executor=executor)
    return {tensor.name: array for tensor, array in decoded}


def decode_file(
    source: StreamSource,
    path: str | PathLike[str],
    *,
    progress: Progress | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> DecodeReport:
    """Decode a stream into a tensor file (.safetensors, .npz, .pt), a few units at a time.

    A safetensors file gets the free text of the one that was encoded, if the stream carries it.
    Large tensors are written as they are decoded, a million numbers at a time; not so with several
    `jobs`, and where they are composed of others. `jobs` and `executor` are those of `decode`; the
    file is the same whatever they are. It appears under its name only when everything is decoded
    and written.
    Raises NnrError as `decode`, and FileError.
    """
    stream = Stream(source, **options)
    decoded = stream.decoded_in_portions(jobs=jobs, executor=executor)
    infos = {tensor.name: tensor.info for tensor in stream.tensors()}
    with create_model(path, infos, stream.metadata) as sink:
        for done, (tensor, portions) in enumerate(decoded):
            if progress is not None:
                progress(done, len(stream), tensor.name)
            sink.write_portions(tensor.name, portions)
        sink.commit()
    return DecodeReport(tuple(stream.tensors()), stream.size, tuple(stream.findings))
