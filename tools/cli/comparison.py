"""How far decoded tensors are from those of a model."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model import dtype_name
from nnref.codec.quantization import max_abs_error, sqnr_db

Array = NDArray[Any]

_FARTHER_THAN_ZEROS: Final = -1.0
"""dB. Rounding to the nearest level never leaves a tensor farther from the original than zeros
are; rounding to a narrow type afterwards may cost a part of a dB."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is asked of every tensor that is not identical: dB, and an absolute error."""

    min_sqnr: float | None = None
    max_error: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One tensor compared. `problems` say why it is not the model's; the rest are measures."""

    name: str
    problems: tuple[str, ...]
    identical: bool = False
    max_error: float | None = None
    """The largest magnitude of a difference; None when the tensors cannot be compared."""
    sqnr: float | None = None
    """dB; infinite when nothing was lost, None when the tensors cannot be compared."""


def compare(name: str, expected: Array, decoded: Array, bounds: Bounds) -> Difference:
    """Compare a tensor of a model with the decoded one of the same name.

    Shape and dtype must agree, integers and booleans be equal, NaN and infinities stand in the
    same places, and floats be nearer to the model than zeros are; `bounds` come on top.
    """
    if expected.shape != decoded.shape:
        shapes = f"shape {list(decoded.shape)} instead of {list(expected.shape)}"
        return Difference(name, (shapes,))
    if expected.dtype != decoded.dtype:
        dtypes = f"dtype {dtype_name(decoded.dtype)} instead of {dtype_name(expected.dtype)}"
        return Difference(name, (dtypes,))
    if np.array_equal(_bytes(expected), _bytes(decoded)):
        return Difference(name, (), True, 0.0, inf)
    max_error, sqnr = max_abs_error(expected, decoded), sqnr_db(expected, decoded)
    problems = _problems(expected.dtype.kind in "iub", max_error, sqnr, bounds)
    return Difference(name, tuple(problems), False, max_error, sqnr)


def _bytes(array: Array) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _problems(integers: bool, max_error: float, sqnr: float, bounds: Bounds) -> Iterator[str]:
    if integers:
        yield "integers differ"
    elif max_error == inf:
        yield "NaN or infinities differ"
    elif sqnr < _FARTHER_THAN_ZEROS:
        yield f"SQNR {sqnr:.2f} dB: zeros would be nearer"
    elif bounds.min_sqnr is not None and sqnr < bounds.min_sqnr:
        yield f"SQNR {sqnr:.2f} dB is below {bounds.min_sqnr:g} dB"
    if bounds.max_error is not None and max_error > bounds.max_error:
        yield f"error {max_error:g} is above {bounds.max_error:g}"
