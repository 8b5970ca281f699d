"""`.npz` archives: one `.npy` member for each tensor, never a pickle."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.lib import format as npy

from nnref.codec.model import npy_header
from nnref.codec.model.files import StrPath, not_of_its_format, reading
from nnref.codec.model.sink import TensorSink
from nnref.codec.model.source import TensorSource
from nnref.codec.model.tensors import Array, TensorInfo, item_bytes, needs_ml_dtypes, numpy_dtype
from nnref.spec.errors import NnrError, refusal

_SUFFIX: Final = ".npy"
_CHUNK_BYTES: Final = 1 << 20
_LARGEST_RATIO: Final = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
"""The ways numpy packs members, and by how much each can shrink its input at most."""
_MAX_NAME_BYTES: Final = 65_535 - len(_SUFFIX)


def stored_dtype(dtype: str) -> str:
    """The data type an `.npz` holds instead: float32, which is exact, for those numpy lacks."""
    return "float32" if needs_ml_dtypes(dtype) else dtype


@dataclass(frozen=True, slots=True)
class _Member:
    """One tensor of the archive: where it is, and how its items lie after the `.npy` header."""

    entry: zipfile.ZipInfo
    header: npy_header.Header


class NpzSource(TensorSource):
    """An `.npz` archive, stored or deflated; tensors are copied out of it one by one.

    Raises `FileError` (file-not-found, file-format) and, for arrays of objects, strings and
    other types without a coded form, `UsageError` (tensor-dtype-unsupported).
    """

    def __init__(self, path: StrPath) -> None:
        self._path = path
        with reading(path):
            self._file = Path(path).open("rb")  # noqa: SIM115 (closed by close)
            self._file_bytes = self._file.seek(0, 2)
        try:
            with self._checking():
                self._archive = zipfile.ZipFile(self._file)
            self._members = self._read_members()
        except BaseException:
            self.close()
            raise
        self._infos = {name: member.header.info for name, member in self._members.items()}

    @contextmanager
    def _checking(self) -> Iterator[None]:
        """Turns what zipfile raises for damaged archives into file-format."""
        try:
            yield
        except NnrError as error:
            detail = f"{self._path}: {error.detail}"
            raise refusal(error.id, detail, tensor=error.place.tensor) from None
        except (
            EOFError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError,
            zipfile.BadZipFile, zlib.error,
        ) as error:  # fmt: skip
            raise not_of_its_format(self._path, str(error)) from None

    def _read_members(self) -> dict[str, _Member]:
        members: dict[str, _Member] = {}
        for entry in self._archive.infolist():
            name = entry.filename.removesuffix(_SUFFIX)
            with self._checking():
                if name == entry.filename or name in members:
                    raise refusal("file-format", f"a surplus member {entry.filename!r}")
                members[name] = self._read_member(name, entry)
        return members

    def _read_member(self, name: str, entry: zipfile.ZipInfo) -> _Member:
        ratio = _LARGEST_RATIO.get(entry.compress_type, 0)
        if entry.file_size > ratio * min(entry.compress_size, self._file_bytes):
            raise refusal("file-format", f"the size or compression of {name!r}", tensor=name)
        with self._archive.open(entry) as stream:
            try:
                header = npy_header.read(stream)
            except NnrError as error:
                raise error.at(tensor=name) from None
        if entry.file_size != header.size + header.info.nbytes:
            raise refusal("file-format", f"{header.info} in {entry.file_size} bytes", tensor=name)
        return _Member(entry, header)

    def _load(self, name: str) -> Array:
        member = self._members[name]
        header = member.header
        items = np.empty(header.info.size, header.numpy_dtype)
        with self._checking(), self._archive.open(member.entry) as stream:
            stream.read(header.size)
            _fill(items.view(np.uint8), stream)
        return items.reshape(header.info.shape, order=header.order)

    def close(self) -> None:
        """Closes the archive."""
        self._file.close()


def _fill(target: Array, stream: IO[bytes]) -> None:
    """Reads exactly to the end of the member, where zipfile compares its checksum."""
    position = 0
    while chunk := stream.read(_CHUNK_BYTES):
        target[position : position + len(chunk)] = np.frombuffer(chunk, np.uint8)
        position += len(chunk)
    if position != target.size:
        raise EOFError(f"{position} bytes instead of {target.size}")


class NpzSink(TensorSink):
    """Writes an uncompressed `.npz` in the order of writing.

    Tensors of the data types numpy lacks become float32 (`stored_dtype`). The format has no
    place for metadata.
    """

    def __init__(self, path: StrPath, infos: Mapping[str, TensorInfo]) -> None:
        for name in infos:
            if len(name.encode(errors="replace")) > _MAX_NAME_BYTES:
                raise refusal("tensor-name-unsupported", f"{len(name)} characters in an .npz")
        super().__init__(path, infos)

    def _begin(self) -> None:
        self._archive = zipfile.ZipFile(self._file, "w")

    def _store(self, name: str, info: TensorInfo, portions: Iterable[Array]) -> None:
        dtype = numpy_dtype(stored_dtype(info.dtype))
        header = {
            "descr": npy.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": info.shape,
        }
        entry = zipfile.ZipInfo(name + _SUFFIX)  # dated 1980: equal tensors make equal files
        with self._archive.open(entry, "w", force_zip64=True) as stream:
            npy.write_array_header_1_0(stream, header)
            for portion in portions:
                stream.write(item_bytes(portion.astype(dtype, copy=False)).data)

    def _finish(self) -> None:
        self._archive.close()

    def discard(self) -> None:
        """Removes what was written, unless it was committed."""
        with suppress(OSError, ValueError):  # closing writes the directory, which may fail again
            self._archive.close()
        super().discard()
