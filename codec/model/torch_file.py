"""Torch state dictionaries: `.pt`, `.pth` and `.bin`. The only module that imports torch."""

import importlib
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec.model.arrays import MappingSource
from nnref.codec.model.files import StrPath, not_of_its_format, reading
from nnref.codec.model.sink import TensorSink
from nnref.codec.model.tensors import Array, TensorInfo, item_bytes, numpy_dtype
from nnref.codec.model.torch_tensors import from_numpy, is_tensor
from nnref.spec.errors import NnrError, refusal

_WRAPPERS: Final = ("state_dict", "model_state_dict", "model")
"""Keys under which training checkpoints keep the state dictionary, in order of preference."""
_ALIGNMENT: Final = 64


def import_torch(path: StrPath) -> Any:
    """The torch module; raises `FileError` (extra-missing) where it is not installed."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        detail = f"{path} needs torch: pip install 'nnref[torch]'"
        raise refusal("extra-missing", detail) from None


class TorchSource(MappingSource):
    """A torch state dictionary, mapped into memory and loaded without running code.

    A checkpoint that keeps it under a key of `_WRAPPERS` is unwrapped, the rest of such a
    checkpoint (optimizer, epoch) is left alone. Every entry of the state dictionary has to be a
    tensor: skipping one could lose what the model needs. Files older than torch 1.6 are read
    whole. Raises `FileError` (file-not-found, file-format, extra-missing) and `UsageError`
    (tensor-dtype-unsupported) for tensors without dense values.
    """

    def __init__(self, path: StrPath) -> None:
        torch = import_torch(path)
        with reading(path), Path(path).open("rb"):
            mapped = zipfile.is_zipfile(path)
        try:
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except Exception as error:
            # torch states no contract for damaged files, and its advice is to run their code.
            reason = type(error).__name__
            raise not_of_its_format(
                path, f"not a plain torch state dictionary ({reason})"
            ) from None
        try:
            super().__init__(_state_dict(loaded))
        except NnrError as error:
            raise refusal(error.id, f"{path}: {error.detail}", tensor=error.place.tensor) from None


def _state_dict(loaded: object) -> Mapping[str, Any]:
    """The state dictionary in what was loaded."""
    state = loaded
    if isinstance(loaded, Mapping):
        inner = (loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), Mapping))
        state = next(inner, loaded)
    if not isinstance(state, Mapping):
        raise refusal("file-format", f"a {type(state).__name__} instead of a state dictionary")
    for name, value in state.items():
        if not is_tensor(value):
            detail = f"entry {name!r} is a {type(value).__name__}, not a tensor"
            raise refusal("file-format", f"{detail}; save model.state_dict()")
    return state


class TorchSink(TensorSink):
    """Writes a torch state dictionary, in the order of the announcement.

    torch writes all tensors at once, so they wait in an unnamed file beside the output and are
    mapped into memory from there. The format has no place for metadata.
    """

    def __init__(self, path: StrPath, infos: Mapping[str, TensorInfo]) -> None:
        self._torch = import_torch(path)
        self._places: dict[str, int] = {}
        super().__init__(path, infos)

    def _begin(self) -> None:
        folder = Path(self._path).resolve().parent
        self._waiting = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by discard)

    def _store(self, name: str, info: TensorInfo, portions: Iterable[Array]) -> None:
        from_numpy(np.empty(0, numpy_dtype(info.dtype)), self._torch)  # refuse a data type early
        end = self._waiting.seek(0, 2)
        self._places[name] = self._waiting.seek(end + -end % _ALIGNMENT)
        for portion in portions:
            self._waiting.write(item_bytes(portion).data)

    def _finish(self) -> None:
        self._waiting.flush()
        state = {name: from_numpy(self._map(name), self._torch) for name in self._infos}
        try:
            self._torch.save(state, self._file)
        except RuntimeError as error:  # torch's word for an error of the file below it
            raise refusal("file-write", f"{self._path}: {error}") from None
        self._waiting.close()

    def _map(self, name: str) -> Array:
        info = self._infos[name]
        dtype = numpy_dtype(info.dtype)
        if info.size == 0:
            return np.empty(info.shape, dtype)
        mapped: Array = np.memmap(self._waiting, dtype, "c", self._places[name], info.shape)
        return mapped.view(np.ndarray)

    def discard(self) -> None:
        """Removes what was written, unless it was committed."""
        self._waiting.close()
        super().discard()
