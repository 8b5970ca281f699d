"""Models as they are read: names, then one tensor at a time."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from nnref.codec.model.tensors import Array, TensorInfo, plain
from nnref.spec.errors import refusal


class TensorSource(ABC):
    """A model that is read one tensor at a time; a context manager that closes it.

    A format gives `_infos`, `_load` and `close`.
    """

    metadata: Mapping[str, str] = MappingProxyType({})
    """Free text the file carries beside its tensors; empty where the format has no place for it."""

    _infos: Mapping[str, TensorInfo]

    @abstractmethod
    def _load(self, name: str) -> Array:
        """The tensor, in any memory layout and byte order."""

    def names(self) -> tuple[str, ...]:
        """All tensor names, in the order of the file."""
        return tuple(self._infos)

    def info(self, name: str) -> TensorInfo:
        """Data type and shape without reading the tensor.

        Raises `UsageError` (tensor-unknown) for a name that is not in `names()`.
        """
        if name not in self._infos:
            raise refusal("tensor-unknown", f"no tensor {name!r} in the model")
        return self._infos[name]

    def read(self, name: str) -> Array:
        """The tensor as a C-contiguous, aligned, read-only array of native byte order.

        It is a view of the file or of the caller's array where that needs no conversion.
        Raises `UsageError` (tensor-unknown), or `FileError` where the file is damaged.
        """
        self.info(name)
        view = plain(self._load(name)).view()
        view.flags.writeable = False
        return view

    @abstractmethod
    def close(self) -> None:
        """Lets go of the file. Arrays that were read stay valid."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
