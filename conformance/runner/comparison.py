"""The first difference between the tensors a decoder handed out and the right ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from nnref.codec.model import dtype_name, numpy_dtype, stored_dtype
from nnref.conformance.runner.case import Array, Tensors
from nnref.spec.errors import NnrError

_SHOWN_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a decoder's tensors first leave the right ones.

    `index` has one number per dimension. `ulps` counts representable numbers from the expected one
    to the value, for integers it is their distance; None where one of them is NaN.
    """

    text: str
    tensor: str | None = None
    index: tuple[int, ...] | None = None
    value: str | None = None
    expected: str | None = None
    ulps: int | None = None
    differing: int | None = None
    """Elements of this tensor that differ."""

    def as_dict(self) -> dict[str, Any]:
        """The known parts by name."""
        parts = {name: value for name, value in asdict(self).items() if value is not None}
        if self.index is not None:
            parts["index"] = list(self.index)
        return parts


def first_difference(
    expected: Tensors, found: Tensors, file_format: str = "safetensors"
) -> Difference | None:
    """None when names, data types, shapes and all bytes are equal; the order of names is free.

    `file_format` (safetensors, npz, raw) says which data types the output could hold: what `.npz`
    has no type for is expected in the type that represents its values exactly.
    """
    missing = [name for name in expected if name not in found]
    if missing:
        return Difference(f"missing: {_listed(missing)}", missing[0])
    surplus = [name for name in found if name not in expected]
    if surplus:
        return Difference(f"not in the stream: {_listed(surplus)}", surplus[0])
    for name, right in expected.items():
        difference = _of_tensor(name, _as_stored(right, file_format), found[name])
        if difference is not None:
            return difference
    return None


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN_NAMES]))
    rest = len(names) - _SHOWN_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _as_stored(array: Array, file_format: str) -> Array:
    if file_format != "npz":
        return array
    return array.astype(numpy_dtype(stored_dtype("out.npz", dtype_name(array.dtype))))


def _of_tensor(name: str, right: Array, found: Array) -> Difference | None:
    kinds = _dtype_text(found), _dtype_text(right)
    if kinds[0] != kinds[1]:
        return Difference(f"{name!r} is {kinds[0]}, not {kinds[1]}", name, None, *kinds)
    shapes = str(list(found.shape)), str(list(right.shape))
    if shapes[0] != shapes[1]:
        text = f"{name!r} has the shape {shapes[0]}, not {shapes[1]}"
        return Difference(text, name, None, *shapes)
    differs = np.flatnonzero(_bits(found) != _bits(right))
    if not len(differs):
        return None
    return _of_element(name, right, found, differs)


def _of_element(name: str, right: Array, found: Array, differs: Array) -> Difference:
    first = int(differs[0])
    index = tuple(map(int, np.unravel_index(first, right.shape))) if right.shape else ()
    values = str(found.reshape(-1)[first]), str(right.reshape(-1)[first])
    ulps = _distance(found.reshape(-1)[first : first + 1], right.reshape(-1)[first : first + 1])
    away = "" if ulps is None else f", {ulps} {'apart' if _is_exact(right) else 'ULP'}"
    text = (
        f"{name!r}{list(index)} is {values[0]}, not {values[1]}{away}; "
        f"{len(differs)} of {right.size} differ"
    )
    return Difference(text, name, index, *values, ulps, len(differs))


def _dtype_text(array: Array) -> str:
    try:
        return dtype_name(array.dtype)
    except NnrError:
        return str(array.dtype)


def _is_exact(array: Array) -> bool:
    return array.dtype.kind in "iub"


def _bits(array: Array) -> Array:
    """The bit patterns of the elements, in row-major order."""
    plain = np.ascontiguousarray(array).reshape(-1)
    return plain.astype(plain.dtype.newbyteorder("=")).view(f"u{array.dtype.itemsize}")


def _distance(one: Array, other: Array) -> int | None:
    """How many representable numbers lie between two of them, plus one."""
    if _is_exact(one):
        return abs(int(one[0]) - int(other[0]))
    if one[0] != one[0] or other[0] != other[0]:  # NaN
        return None
    return abs(_rank(one) - _rank(other))


def _rank(number: Array) -> int:
    """The place of a floating-point number among all of its type; both zeros have place 0."""
    bits = int(_bits(number)[0])
    if _has_no_sign(number):
        return bits
    magnitude = bits & ((1 << (8 * number.dtype.itemsize - 1)) - 1)
    return magnitude if magnitude == bits else -magnitude


def _has_no_sign(number: Array) -> bool:
    return number.dtype.name == "float8_e8m0fnu"


def same_tensors(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    """Whether two sets of tensors are equal, bit by bit."""
    return first_difference(one, other) is None
