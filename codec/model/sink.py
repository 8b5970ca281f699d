"""Models as they are written: announced whole, then given one tensor at a time."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from nnref.codec.model.files import PendingFile, StrPath, writing
from nnref.codec.model.tensors import Array, TensorInfo, dtype_name, is_text, plain
from nnref.spec.errors import refusal


class TensorSink(ABC):
    """A model file that is written one tensor at a time and appears whole or not at all.

    A context manager: the file is at its path when the block ends well, and nowhere when it
    does not. A format gives `_begin`, `_store` and `_finish`.
    """

    def __init__(self, path: StrPath, infos: Mapping[str, TensorInfo]) -> None:
        for name in infos:
            _check_name(name)
        self._infos = dict(infos)
        self._missing = dict(infos)
        self._path = path
        self._pending = PendingFile(path)
        self._open = True
        try:
            with writing(path):
                self._begin()
        except BaseException:
            self.discard()
            raise

    @property
    def _file(self) -> BinaryIO:
        return self._pending.file

    @abstractmethod
    def _begin(self) -> None:
        """Writes what comes before all tensors."""

    @abstractmethod
    def _store(self, name: str, info: TensorInfo, portions: Iterable[Array]) -> None:
        """Writes one tensor: `plain` flat arrays, checked against its announcement."""

    @abstractmethod
    def _finish(self) -> None:
        """Writes what comes after all tensors."""

    def write(self, name: str, array: Array) -> None:
        """Writes one tensor, of any memory layout and byte order; names come in any order.

        Raises `UsageError` (tensor-announced) when the name was not announced or was written
        before, or data type or shape are not the announced ones; `FileError` (file-write).
        """
        announced, array = self._announced(name), np.asarray(array)
        given = TensorInfo.of(array)
        if given != announced:
            raise refusal("tensor-announced", f"{given} instead of {announced}", tensor=name)
        self.write_portions(name, (array.reshape(-1),))

    def write_portions(self, name: str, portions: Iterable[Array]) -> None:
        """Writes one tensor given as flat arrays, one behind the other in row-major order.

        Raises as `write`, and what taking the portions raises.
        """
        info = self._announced(name)
        with writing(self._path):
            self._store(name, info, _counted(name, info, portions))
        del self._missing[name]

    def _announced(self, name: str) -> TensorInfo:
        if name not in self._missing:
            state = "was written before" if name in self._infos else "was not announced"
            raise refusal("tensor-announced", f"it {state}", tensor=name)
        return self._infos[name]

    def commit(self) -> None:
        """Finishes the file and moves it to its path; does nothing the second time.

        Raises `UsageError` (tensor-announced) when a tensor was not written and `FileError`
        (file-write); then no file is left.
        """
        if not self._open:
            return
        try:
            if self._missing:
                missing = next(iter(self._missing))
                raise refusal("tensor-announced", "it was not written", tensor=missing)
            with writing(self._path):
                self._finish()
            self._pending.commit()
        except BaseException:
            self.discard()
            raise
        self._open = False

    def discard(self) -> None:
        """Removes what was written, unless it was committed."""
        if self._open:
            self._pending.discard()
            self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


def _counted(name: str, info: TensorInfo, portions: Iterable[Array]) -> Iterator[Array]:
    """The portions as `plain` arrays; refuses those that do not make up the tensor."""
    items = 0
    for portion in portions:
        array = plain(portion)
        items += array.size
        if dtype_name(array.dtype) != info.dtype or items > info.size:
            detail = f"{items} items of {array.dtype} instead of {info}"
            raise refusal("tensor-announced", detail, tensor=name)
        yield array
    if items != info.size:
        raise refusal("tensor-announced", f"{items} items instead of {info}", tensor=name)


def _check_name(name: str) -> None:
    """No format here can hold, or no reader would give back, a name that is not text."""
    if not is_text(name) or "\0" in name:
        raise refusal("tensor-name-unsupported", repr(name))
