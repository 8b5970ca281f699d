"""Which qp a tensor gets: asked for directly, by step, by SQNR, or following the data."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.settings import DEFAULT_SQNR, VECTOR_SQNR_MARGIN, EncodeSettings
from nnref.codec.quantization import (
    check_qp,
    choose_qp,
    exact_step,
    qp_for_step,
    qp_range,
    quantize_uniform,
    reconstruct_uniform,
    sqnr_db,
)
from nnref.codec.quantization.metrics import rounded_sqnr_db
from nnref.codec.quantization.step import qp_below
from nnref.spec.errors import NnrError

COMPATIBLE_QP = -38
COMPATIBLE_NONWEIGHT_QP = -75
"""Defaults of NNCodec 2.1.3's compress()."""

_SMALL_VALUE_QUANTILE = 0.05
_SMALL_VALUE_ERROR = 2.0
_FINEST_STEP = 2.0**-20
"""Of a vector without both signs, as variances are, small values (the 5 % quantile of the
magnitudes) count as well: a variance that is rounded to zero ruins a batch normalization. The step
is at most twice the part of them that is noise in the weights (1/10 at 20 dB), so that their error,
half a step at most, is no larger; but never finer than 2**-20 of the largest value."""


def tensor_qp(
    values: NDArray[np.float32],
    settings: EncodeSettings,
    base_qp: int,
    *,
    dq_flag: bool,
    dtype: np.dtype[Any] | None = None,
) -> int:
    """The qp for a finite float32 tensor under its own settings (rules already applied).

    `dq_flag` says whether it is meant for dependent quantization. An SQNR is that of decoded values
    rounded to `dtype`, where one is given.
    Raises UsageError qp-out-of-range, step-out-of-range.
    """
    density = settings.density
    qp = _asked_qp(values, settings, base_qp)
    if values.ndim < 2 and qp is None:
        qp = _vector_qp(values, settings, base_qp, dq_flag, dtype)
    if qp is None:
        qp = choose_qp(
            values,
            sqnr_db=_of_weights(settings),
            qp_density=density,
            dq_flag=dq_flag,
            scan_order=settings.scan_order,
            base_qp=base_qp,
            dtype=dtype,
        )
    check_qp(qp, density, base_qp)
    return qp


def tensor_sqnr(values: NDArray[np.float32], settings: EncodeSettings) -> float | None:
    """The SQNR in dB that a tensor with at least two dimensions has to reach.

    None for vectors and scalars and where the settings name a qp or a step.
    """
    if values.ndim < 2 or _asked_qp(values, settings, None) is not None:
        return None
    return _of_weights(settings)


def wanted_sqnr(values: NDArray[np.float32], settings: EncodeSettings) -> float | None:
    """The SQNR in dB that the settings want for a tensor of any shape; None as in `tensor_sqnr`."""
    if values.ndim > 1:
        return tensor_sqnr(values, settings)
    if _asked_qp(values, settings, None) is not None:
        return None
    return _of_weights(settings) + VECTOR_SQNR_MARGIN


def _of_weights(settings: EncodeSettings) -> float:
    return DEFAULT_SQNR if settings.sqnr is None else settings.sqnr


def is_out_of_reach(error: NnrError, dimensions: int, settings: EncodeSettings) -> bool:
    """Whether a tensor was refused for the scale of its values alone.

    Not so for a qp or a step that the settings name and that nobody reaches.
    """
    if error.id == "tensor-out-of-range":
        return True
    if error.id not in ("step-out-of-range", "qp-out-of-range"):
        return False
    if dimensions < 2 and not settings.holds_for_vectors:
        return settings.nonweight_qp is None
    return settings.qp is None and (settings.step is None or bool(settings.steps))


def _asked_qp(
    values: NDArray[np.float32], settings: EncodeSettings, base_qp: int | None
) -> int | None:
    """The qp that the settings name outright, or None."""
    if values.ndim < 2 and settings.nonweight_qp is not None:
        return settings.nonweight_qp
    if values.ndim < 2 and not settings.holds_for_vectors:
        return COMPATIBLE_NONWEIGHT_QP if settings.compatible else None
    if settings.qp is not None:
        return settings.qp
    if settings.step is not None:
        return qp_for_step(settings.step, settings.density, base_qp)
    return COMPATIBLE_QP if settings.compatible and settings.sqnr is None else None


def _vector_qp(
    values: NDArray[np.float32],
    settings: EncodeSettings,
    base_qp: int,
    dq_flag: bool,
    dtype: np.dtype[Any] | None,
) -> int:
    density = settings.density
    of_weights = _of_weights(settings)
    sqnr = of_weights + VECTOR_SQNR_MARGIN
    wanted = choose_qp(
        values,
        sqnr_db=sqnr,
        qp_density=density,
        dq_flag=dq_flag,
        scan_order=0,
        base_qp=base_qp,
    )
    qp = _small_values_qp(values, wanted, of_weights, density)
    if qp == wanted and dtype is None:
        return qp
    # A finer step is not always a better one: a number may lie on the coarser grid by chance.
    finest = qp_range(density, base_qp)[0]
    while qp > finest and not _meets(values, qp, density, sqnr, of_weights, dtype):
        qp -= 1
    return max(qp, finest)


def _small_values_qp(values: NDArray[np.float32], qp: int, of_weights: float, density: int) -> int:
    """`qp`, or what the small values of a vector without both signs need."""
    magnitudes = np.abs(values[values != 0])
    if magnitudes.size == 0 or values.min() < 0 < values.max():
        return qp
    small = float(np.quantile(magnitudes, _SMALL_VALUE_QUANTILE))
    small *= _SMALL_VALUE_ERROR * 10 ** (-of_weights / 20)
    return min(qp, qp_below(max(small, float(magnitudes.max()) * _FINEST_STEP), density))


def _meets(
    values: NDArray[np.float32],
    qp: int,
    qp_density: int,
    sqnr: float,
    rounded_sqnr: float,
    dtype: np.dtype[Any] | None,
) -> bool:
    """Whether a qp gives a vector one SQNR in dB, and another one when rounded to `dtype`."""
    q = quantize_uniform(values, qp, qp_density).q
    if sqnr_db(values, reconstruct_uniform(q, qp, qp_density)) < sqnr:
        return False
    step = exact_step(qp, qp_density)
    return dtype is None or rounded_sqnr_db(values, q, step, dtype) >= rounded_sqnr
