"""The header of a safetensors file: read with distrust, written as the reference writer does.

A file is the header's size (8 bytes, little-endian), the header (JSON, padded with spaces) and
the items of all tensors without gaps. The header maps names to data type, shape and the range of
bytes after the header, and `__metadata__` to free text.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from nnref.codec.model.tensors import ITEM_BYTES, TensorInfo, is_text
from nnref.spec.errors import NnrError, refusal

MAX_HEADER_BYTES: Final = 100_000_000
"""The format's own limit."""
METADATA: Final = "__metadata__"
SIZE_BYTES: Final = 8
_ALIGNMENT: Final = 8

_DTYPES: Final[Mapping[str, str]] = {
    "BOOL": "bool",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
_CODES: Final[Mapping[str, str]] = {name: code for code, name in _DTYPES.items()}
_UNSUPPORTED: Final = frozenset({"F4", "F6_E2M3", "F6_E3M2", "C64"})
"""Data types of the format that have no coded form."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One tensor and its byte range, counted from the end of the header."""

    info: TensorInfo
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """A checked header: tensors in its order, free text, and where the items begin."""

    slots: Mapping[str, Slot]
    metadata: Mapping[str, str]
    data_start: int


def _broken(detail: str) -> NnrError:
    return refusal("file-format", detail)


def parse(data: Any) -> Header:
    """Reads and checks the header of a whole file given as a bytes-like object.

    Raises `FileError` (file-format) unless the header is well formed, its sizes agree with each
    other and its byte ranges cover the rest of the file exactly; `UsageError`
    (tensor-dtype-unsupported) for a tensor of a packed or complex data type.
    """
    size = int.from_bytes(data[:SIZE_BYTES], "little")
    data_start = SIZE_BYTES + size
    if size > MAX_HEADER_BYTES or data_start > len(data):
        raise _broken(f"a header of {size} bytes in a file of {len(data)} bytes")
    fields = _json_object(data[SIZE_BYTES:data_start])
    metadata = _metadata(fields.pop(METADATA, {}))
    if not all(is_text(name) for name in fields):
        raise _broken("a name in the header is half a surrogate pair")
    slots = {name: _slot(name, field) for name, field in fields.items()}
    _check_ranges(slots.values(), len(data) - data_start)
    return Header(slots, metadata, data_start)


def metadata_of(header: bytes) -> Mapping[str, str]:
    """The free text of a header alone, given as its JSON text.

    Raises `FileError` (file-format) where there is none that could be read.
    """
    found = _metadata(_json_object(header).get(METADATA, {}))
    if not all(is_text(key) and is_text(text) for key, text in found.items()):
        raise _broken(f"{METADATA} holds half a surrogate pair")
    return found


def _json_object(raw: bytes) -> dict[str, Any]:
    if not raw.startswith(b"{"):
        raise _broken("the header is not a JSON object")
    try:
        fields: dict[str, Any] = json.loads(str(raw, "utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _broken(f"the header is not valid JSON: {error}") from None
    return fields


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _broken("a name occurs twice in the header")
    return fields


def _metadata(field: Any) -> dict[str, str]:
    if not isinstance(field, dict) or not all(isinstance(text, str) for text in field.values()):
        raise _broken(f"{METADATA} does not map strings to strings")
    return field


def _slot(name: str, field: Any) -> Slot:
    if not isinstance(field, dict) or set(field) != {"dtype", "shape", "data_offsets"}:
        raise _broken(f"{name!r} needs dtype, shape and data_offsets and nothing else")
    shape, offsets = _sizes(name, field["shape"]), _sizes(name, field["data_offsets"])
    if len(offsets) != 2:
        raise _broken(f"{name!r} has {len(offsets)} data_offsets")
    begin, end = offsets
    info = TensorInfo(_dtype(name, field["dtype"]), shape)
    if not info.possible:  # before anything is computed from the shape, which may be monstrous
        raise _broken(f"{name!r} has an impossible shape of {len(shape)} dimensions")
    if end - begin != info.nbytes:
        raise _broken(f"{name!r}, {info}, does not fit bytes {begin} to {end}")
    return Slot(info, begin, end)


def _sizes(name: str, field: Any) -> tuple[int, ...]:
    # type() and not isinstance(): JSON's true and 1.0 are no sizes.
    if not isinstance(field, list) or not all(type(size) is int and size >= 0 for size in field):
        raise _broken(f"{name!r} has a shape or data_offsets that are not counts")
    return tuple(field)


def _dtype(name: str, field: Any) -> str:
    if isinstance(field, str) and field in _UNSUPPORTED:
        raise refusal("tensor-dtype-unsupported", f"safetensors data type {field}", tensor=name)
    if not isinstance(field, str) or field not in _DTYPES:
        raise _broken(f"{name!r} has the unknown data type {field!r}")
    return _DTYPES[field]


def _check_ranges(slots: Iterable[Slot], data_bytes: int) -> None:
    ranges = sorted((slot.begin, slot.end) for slot in slots)
    edges = [(0, 0), *ranges, (data_bytes, data_bytes)]
    for (_, end), (begin, _) in pairwise(edges):
        if begin != end:
            raise _broken(f"the byte ranges leave a gap, overlap or end early at byte {end}")


def layout(infos: Mapping[str, TensorInfo]) -> dict[str, Slot]:
    """Byte ranges for a file to be written, in the order of `infos`.

    Wide items lie first, so that every tensor is aligned to its items; the header keeps the
    order of the model.
    """
    begins = {}
    position = 0
    for name in sorted(infos, key=lambda name: -ITEM_BYTES[infos[name].dtype]):
        begins[name] = position
        position += infos[name].nbytes
    return {
        name: Slot(info, begins[name], begins[name] + info.nbytes) for name, info in infos.items()
    }


def build(slots: Mapping[str, Slot], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a file before its items: size and padded header."""
    fields: dict[str, Any] = {METADATA: dict(metadata)} if metadata else {}
    for name, slot in slots.items():
        fields[name] = {
            "dtype": _CODES[slot.info.dtype],
            "shape": list(slot.info.shape),
            "data_offsets": [slot.begin, slot.end],
        }
    header = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGNMENT)
    return len(header).to_bytes(SIZE_BYTES, "little") + header
