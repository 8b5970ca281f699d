"""Safetensors files: read through a memory map, written in place."""

import mmap
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import numpy as np

from nnref.codec.model import safetensors_header
from nnref.codec.model.files import StrPath, not_of_its_format, reading
from nnref.codec.model.safetensors_header import METADATA
from nnref.codec.model.sink import TensorSink
from nnref.codec.model.source import TensorSource
from nnref.codec.model.tensors import Array, TensorInfo, is_text, item_bytes, numpy_dtype
from nnref.spec.errors import NnrError, refusal


class SafetensorsSource(TensorSource):
    """A safetensors file. Tensors are views of the memory map, so reading one costs no memory.

    Raises `FileError` (file-not-found, file-format) and, for packed or complex data types,
    `UsageError` (tensor-dtype-unsupported).
    """

    def __init__(self, path: StrPath) -> None:
        self._map = _map(path)
        try:
            header = safetensors_header.parse(self._map)
        except NnrError as error:
            self._map.close()
            raise refusal(error.id, f"{path}: {error.detail}", tensor=error.place.tensor) from None
        self.metadata = MappingProxyType(dict(header.metadata))
        self._slots = header.slots
        self._infos = {name: slot.info for name, slot in header.slots.items()}
        self._data_start = header.data_start
        self._resident = (0, 0)

    def header(self) -> bytes:
        """The JSON text of the header, without the spaces behind it."""
        return bytes(self._map[safetensors_header.SIZE_BYTES : self._data_start]).rstrip(b" ")

    def _load(self, name: str) -> Array:
        slot = self._slots[name]
        dtype = numpy_dtype(slot.info.dtype).newbyteorder("<")
        start = self._data_start + slot.begin
        self._release()
        self._resident = (start, self._data_start + slot.end)
        if slot.info.size == 0:
            return np.empty(slot.info.shape, dtype)
        return np.frombuffer(self._map, dtype, slot.info.size, start).reshape(slot.info.shape)

    def _release(self) -> None:
        """Drops the pages of the tensor read before, so that a large file never becomes resident.

        A view of it that is still in use stays valid: its pages are read again when touched.
        """
        begin, end = self._resident
        begin -= begin % mmap.PAGESIZE
        if end > begin and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED, begin, end - begin)

    def close(self) -> None:
        """Closes the map, or leaves that to the last array that was read from it."""
        with suppress(BufferError):
            self._map.close()


def read_header(path: StrPath) -> bytes:
    """The JSON text of a file's header, without the spaces behind it; no tensor is read.

    Raises as `SafetensorsSource` does.
    """
    with SafetensorsSource(path) as source:
        return source.header()


def _map(path: StrPath) -> mmap.mmap:
    with reading(path), Path(path).open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise not_of_its_format(path, "the file is empty") from None


class SafetensorsSink(TensorSink):
    """Writes a safetensors file: the header at once, every tensor to its place."""

    def __init__(
        self, path: StrPath, infos: Mapping[str, TensorInfo], metadata: Mapping[str, str]
    ) -> None:
        if METADATA in infos:
            raise refusal("tensor-name-unsupported", f"{METADATA} is no tensor name in safetensors")
        if not all(is_text(key) and is_text(text) for key, text in metadata.items()):
            raise refusal("setting-unknown", "metadata maps text to text")
        self._metadata = metadata
        super().__init__(path, infos)

    def _begin(self) -> None:
        self._slots = safetensors_header.layout(self._infos)
        self._header = safetensors_header.build(self._slots, self._metadata)
        self._file.write(self._header)

    def _store(self, name: str, _info: TensorInfo, portions: Iterable[Array]) -> None:
        self._file.seek(len(self._header) + self._slots[name].begin)
        for portion in portions:
            self._file.write(item_bytes(portion).data)

    def _finish(self) -> None:
        """Nothing follows the tensors; their places cover the file."""
