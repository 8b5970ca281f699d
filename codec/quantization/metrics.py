"""Distances between a tensor and its decoded form. Any shape and any real dtype."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nnref.codec.formats import rounded_to

_CHUNK = 1 << 16
"""Elements that are converted to binary64 at a time."""

_Pair = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def sqnr_db(original: npt.NDArray[Any], decoded: npt.NDArray[Any]) -> float:
    """10 log10(sum of squares / sum of squared errors) in dB, accumulated in binary64.

    Infinite when nothing differs (also for empty tensors), minus infinite for an error on a
    zero signal or where only one side is finite. Elements that are the same infinity or both
    NaN count as equal and not as signal.
    """
    signal = noise = 0.0
    for values, errors in _pairs(original, decoded):
        with np.errstate(over="ignore"):
            signal += float(np.sum(np.square(values)))
            noise += float(np.sum(np.square(errors)))
    return ratio_db(signal, noise)


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
    return max((float(errors.max()) for _, errors in _pairs(original, decoded)), default=0.0)


def ratio_db(signal: float, noise: float) -> float:
    """10 log10(signal / noise) with the limits of `sqnr_db`."""
    if noise == 0.0:
        return math.inf
    if signal == 0.0 or noise == math.inf:
        return -math.inf
    return 10.0 * (math.log10(signal) - math.log10(noise))


def _pairs(original: npt.NDArray[Any], decoded: npt.NDArray[Any]) -> Iterator[_Pair]:
    """Chunks of (values, magnitudes of the errors) in binary64; differing shapes are a defect."""
    if original.shape != decoded.shape:
        raise ValueError(f"shapes differ: {original.shape} and {decoded.shape}")
    first, second = original.reshape(-1), decoded.reshape(-1)
    for start in range(0, first.size, _CHUNK):
        a, b = first[start : start + _CHUNK], second[start : start + _CHUNK]
        yield (_integers if _both_integers(a, b) else _floats)(a, b)


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
