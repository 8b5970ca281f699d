"""Distances between a tensor and its decoded form. Any shape and any real dtype."""

import math
from collections.abc import Iterator
from functools import reduce
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nnref.codec.formats import rounded_to
from nnref.codec.quantization.scan import read_only

_CHUNK = 1 << 16
"""Elements that are converted to binary64 at a time."""

_Pair = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


class Distance(NamedTuple):
    """How far a decoded tensor is from the original."""

    signal: float
    """Sum of squares of the original."""
    noise: float
    """Sum of squared errors."""
    largest: float
    """The largest magnitude of an error."""

    def with_more(self, other: "Distance") -> "Distance":
        """Of these elements and some more."""
        largest = max(self.largest, other.largest)
        return Distance(self.signal + other.signal, self.noise + other.noise, largest)

    @property
    def sqnr_db(self) -> float:
        """10 log10(signal / noise) in dB."""
        return ratio_db(self.signal, self.noise)


NO_DISTANCE: Final = Distance(0.0, 0.0, 0.0)
"""Of no elements."""


def distance(original: npt.NDArray[Any], decoded: npt.NDArray[Any]) -> Distance:
    """The distance of two tensors, accumulated in binary64.

    Elements that are the same infinity or both NaN count as equal and not as signal; the error is
    infinite where only one side is finite.
    """
    if original.shape != decoded.shape:
        raise ValueError(f"shapes differ: {original.shape} and {decoded.shape}")
    if original.dtype == np.float32 == decoded.dtype:
        from nnref.codec.quantization.kernels.distance import float_distance  # noqa: PLC0415

        return Distance(*float_distance(read_only(original), read_only(decoded)))
    return reduce(Distance.with_more, _parts(original, decoded), NO_DISTANCE)


def sqnr_db(original: npt.NDArray[Any], decoded: npt.NDArray[Any]) -> float:
    """10 log10(sum of squares / sum of squared errors) in dB, accumulated in binary64.

    Infinite when nothing differs (also for empty tensors), minus infinite for an error on a
    zero signal or where only one side is finite. Elements that are the same infinity or both
    NaN count as equal and not as signal.
    """
    return distance(original, decoded).sqnr_db


def rounded_sqnr_db(
    weights: npt.NDArray[np.float32],
    quantized: npt.NDArray[np.int32],
    step: float,
    dtype: np.dtype[Any],
) -> float:
    """Clause 10.7: the SQNR in dB of weights that are decoded and rounded to their own type."""
    decoded = quantized.astype(np.float32) * np.float32(step)
    return sqnr_db(weights, rounded_to(decoded, dtype).astype(np.float32))


def max_abs_error(original: npt.NDArray[Any], decoded: npt.NDArray[Any]) -> float:
    """The largest magnitude of a difference; infinite where only one side is finite."""
    return distance(original, decoded).largest


def ratio_db(signal: float, noise: float) -> float:
    """10 log10(signal / noise) with the limits of `sqnr_db`."""
    if noise == 0.0:
        return math.inf
    if signal == 0.0 or noise == math.inf:
        return -math.inf
    return 10.0 * (math.log10(signal) - math.log10(noise))


def _parts(original: npt.NDArray[Any], decoded: npt.NDArray[Any]) -> Iterator[Distance]:
    """Chunks in binary64."""
    first, second = original.reshape(-1), decoded.reshape(-1)
    for start in range(0, first.size, _CHUNK):
        a, b = first[start : start + _CHUNK], second[start : start + _CHUNK]
        values, errors = (_integers if _both_integers(a, b) else _floats)(a, b)
        with np.errstate(over="ignore"):
            signal, noise = float(np.sum(np.square(values))), float(np.sum(np.square(errors)))
        yield Distance(signal, noise, float(errors.max()))


def _both_integers(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.dtype.kind in "iu"


def _integers(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> _Pair:
    # Unsigned subtraction of the smaller from the larger is exact for every integer dtype.
    unsigned = np.dtype(f"u{a.dtype.itemsize}")
    larger, smaller = np.maximum(a, b).view(unsigned), np.minimum(a, b).view(unsigned)
    return a.astype(np.float64), (larger - smaller).astype(np.float64)


def _floats(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> _Pair:
    values, other = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        errors = np.abs(values - other)
    same = (values == other) | (np.isnan(values) & np.isnan(other))
    errors[same] = 0.0
    errors[np.isnan(errors)] = math.inf
    values[~np.isfinite(values)] = 0.0
    return values, errors
