"""The header of an `.npy` member, read with distrust: nothing in it can become code or a pickle."""

import ast
from dataclasses import dataclass
from typing import IO, Any, Final, Literal

import numpy as np

from nnref.codec.model.tensors import ITEM_BYTES, TensorInfo, needs_ml_dtypes, numpy_dtype
from nnref.spec.errors import refusal

_MAGIC: Final = b"\x93NUMPY"
_SIZE_FIELD: Final = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
"""Version to bytes of the field that holds the size of the header's text."""
_MAX_TEXT_BYTES: Final = 10_000
"""numpy's own bound for files that are not trusted."""
_DTYPES: Final = {
    np.dtype(name).str[1:]: name for name in ITEM_BYTES if not needs_ml_dtypes(name)
}  # fmt: skip
"""Kind and size of an item, as in `f4`, to data type."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an `.npy` header says, and its size in bytes."""

    info: TensorInfo
    order: Literal["C", "F"]
    numpy_dtype: np.dtype[Any]
    """Data type with the byte order of the file."""
    size: int


def read(stream: IO[bytes]) -> Header:
    """Reads the header from the start of `stream`.

    Raises `FileError` (file-format) for a header that is not well formed, `UsageError`
    (tensor-dtype-unsupported) for arrays without a coded form: objects, strings, structures.
    """
    prefix = stream.read(len(_MAGIC) + 2)
    size_field = _SIZE_FIELD.get(prefix[len(_MAGIC) :])
    if not prefix.startswith(_MAGIC) or size_field is None:
        raise refusal("file-format", "the member is not an .npy file of a known version")
    text_bytes = int.from_bytes(stream.read(size_field), "little")
    if text_bytes > _MAX_TEXT_BYTES:
        raise refusal("file-format", f"an .npy header of {text_bytes} bytes")
    fields = _fields(stream.read(text_bytes))
    descr, fortran_order, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    if type(fortran_order) is not bool or not _is_shape(shape):
        raise refusal("file-format", "the .npy header has a wrong fortran_order or shape")
    dtype = _DTYPES.get(descr[1:]) if isinstance(descr, str) and descr[:1] in "<>|=" else None
    if dtype is None:
        raise refusal("tensor-dtype-unsupported", f".npy data type {descr!r}")
    info = TensorInfo(dtype, shape)
    if not info.possible:
        raise refusal("file-format", f"an impossible shape of {len(shape)} dimensions")
    stored = numpy_dtype(dtype).newbyteorder(descr[0])
    order: Literal["C", "F"] = "F" if fortran_order else "C"
    return Header(info, order, stored, len(prefix) + size_field + text_bytes)


def _fields(text: bytes) -> dict[str, Any]:
    try:
        fields = ast.literal_eval(str(text, "latin-1").strip())
    except (MemoryError, RecursionError, SyntaxError, TypeError, ValueError):
        fields = None  # the parser's ways to refuse nonsense
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise refusal("file-format", "the .npy header is not a dictionary of its three fields")
    return fields


def _is_shape(value: object) -> bool:
    return isinstance(value, tuple) and all(type(extent) is int for extent in value)
