"""Which format a name stands for. Modules of formats are imported when one is met."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal

from nnref.codec.model.files import StrPath, not_of_its_format
from nnref.codec.model.sink import TensorSink
from nnref.codec.model.source import TensorSource
from nnref.codec.model.tensors import TensorInfo, numpy_dtype
from nnref.spec.errors import refusal

ModelInput = StrPath | Mapping[str, Any] | TensorSource
"""What `open_model` takes."""

_Format = Literal["safetensors", "npz", "torch"]
_FORMATS: Final[Mapping[str, _Format]] = {
    ".safetensors": "safetensors",
    ".npz": "npz",
    ".pt": "torch",
    ".pth": "torch",
    ".bin": "torch",
}


def _format(path: StrPath) -> _Format:
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise not_of_its_format(path, f"a model's name ends in one of {', '.join(_FORMATS)}")
    return _FORMATS[suffix]


def open_model(model: ModelInput) -> TensorSource:
    """Opens a model for reading, one tensor at a time.

    `model` is a mapping of names to numpy arrays, torch tensors or what numpy makes an array of;
    or the path of a `.safetensors`, `.npz`, `.pt`, `.pth` or `.bin` file or of a Hugging Face
    folder. An open source is returned as it is. Raises `FileError` (file-not-found, file-format,
    extra-missing) and `UsageError` (input-type, tensor-dtype-unsupported,
    tensor-name-unsupported).
    """
    if isinstance(model, TensorSource):
        return model
    if not isinstance(model, str | PathLike | Mapping):
        raise refusal("input-type", f"a {type(model).__name__} is no model")
    if isinstance(model, Mapping):
        from nnref.codec.model.arrays import MappingSource  # noqa: PLC0415

        return MappingSource(model)
    if Path(model).is_dir():
        from nnref.codec.model.folder import FolderSource  # noqa: PLC0415

        return FolderSource(Path(model))
    match _format(model):
        case "safetensors":
            from nnref.codec.model.safetensors_file import SafetensorsSource  # noqa: PLC0415

            return SafetensorsSource(model)
        case "npz":
            from nnref.codec.model.npz_file import NpzSource  # noqa: PLC0415

            return NpzSource(model)
        case "torch":
            from nnref.codec.model.torch_file import TorchSource  # noqa: PLC0415

            return TorchSource(model)


def create_model(
    path: StrPath,
    infos: Mapping[str, TensorInfo],
    metadata: Mapping[str, str] | None = None,
) -> TensorSink:
    """Starts a model file that holds exactly the tensors of `infos`.

    The suffix of `path` chooses among `.safetensors`, `.npz`, `.pt`, `.pth` and `.bin`; only
    safetensors has a place for `metadata`. See `stored_dtype` for what `.npz` cannot hold.
    Raises `FileError` (file-format, file-write, extra-missing) and `UsageError`
    (tensor-name-unsupported).
    """
    match _format(path):
        case "safetensors":
            from nnref.codec.model.safetensors_file import SafetensorsSink  # noqa: PLC0415

            return SafetensorsSink(path, infos, metadata or {})
        case "npz":
            from nnref.codec.model.npz_file import NpzSink  # noqa: PLC0415

            return NpzSink(path, infos)
        case "torch":
            from nnref.codec.model.torch_file import TorchSink  # noqa: PLC0415

            return TorchSink(path, infos)


def stored_dtype(path: StrPath, dtype: str) -> str:
    """The data type a tensor of `dtype` has in the file `create_model` writes at `path`.

    It is `dtype` itself, except that `.npz` holds bfloat16 and the float8 kinds as float32,
    which represents all their values exactly. Raises as `create_model` does.
    """
    numpy_dtype(dtype)
    if _format(path) != "npz":
        return dtype
    from nnref.codec.model.npz_file import stored_dtype as in_npz  # noqa: PLC0415

    return in_npz(dtype)
