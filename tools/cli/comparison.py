"""How far decoded tensors are from those of a model.

Errors are taken in float64. With signal S = sum(x^2) and noise N = sum((x - y)^2) over the finite
elements, the SQNR is 10 log10(S / N) dB; it is infinite without noise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log10
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_CHUNK: Final = 1 << 20
"""Elements that are converted to float64 at a time."""


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
    max_error: float = inf
    signal: float = 0.0
    noise: float = 0.0

    @property
    def sqnr(self) -> float:
        """Signal to quantization noise ratio in dB."""
        return sqnr(self.signal, self.noise)


def sqnr(signal: float, noise: float) -> float:
    """10 log10(signal / noise) in dB; infinite without noise, else -infinite without signal."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal > 0 else -inf


def compare(name: str, expected: Array, decoded: Array, bounds: Bounds) -> Difference:
    """Compare a tensor of a model with the decoded one of the same name.

    Shape and dtype must agree, integers and booleans be equal, NaN and infinities stand in the
    same places; `bounds` come on top.
    """
    if expected.shape != decoded.shape:
        shapes = f"shape {list(decoded.shape)} instead of {list(expected.shape)}"
        return Difference(name, (shapes,))
    if expected.dtype != decoded.dtype:
        return Difference(name, (f"dtype {decoded.dtype} instead of {expected.dtype}",))
    return _measured(name, expected, decoded, bounds)


def _measured(name: str, expected: Array, decoded: Array, bounds: Bounds) -> Difference:
    identical, same_non_finite = True, True
    max_error = signal = noise = 0.0
    for a, b in zip(_chunks(expected), _chunks(decoded), strict=True):
        identical = identical and a.tobytes() == b.tobytes()
        x, y = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(x) & np.isfinite(y)
        same_non_finite = same_non_finite and np.array_equal(x[~finite], y[~finite], equal_nan=True)
        x, error = x[finite], np.abs(x[finite] - y[finite])
        max_error = max(max_error, float(error.max(initial=0.0)))
        signal += float(np.sum(x * x))
        noise += float(np.sum(error * error))
    found = Difference(name, (), identical, max_error, signal, noise)
    if identical:
        return found
    problems = (
        *(["NaN or infinities differ"] if not same_non_finite else []),
        *(["integers differ"] if expected.dtype.kind in "iub" else []),
        *_beyond(found, bounds),
    )
    return Difference(name, problems, identical, max_error, signal, noise)


def _chunks(array: Array) -> Iterator[Array]:
    flat = np.ascontiguousarray(array).reshape(-1)
    return (flat[start : start + _CHUNK] for start in range(0, flat.size, _CHUNK))


def _beyond(found: Difference, bounds: Bounds) -> Iterator[str]:
    if bounds.min_sqnr is not None and found.sqnr < bounds.min_sqnr:
        yield f"SQNR {found.sqnr:.2f} dB is below {bounds.min_sqnr:g} dB"
    if bounds.max_error is not None and found.max_error > bounds.max_error:
        yield f"error {found.max_error:g} is above {bounds.max_error:g}"
