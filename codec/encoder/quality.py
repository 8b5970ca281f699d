"""Which qp a tensor gets: asked for directly, by step, by SQNR, or following the data."""

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.settings import DEFAULT_SQNR, VECTOR_SQNR_MARGIN, EncodeSettings
from nnref.codec.quantization import (
    check_qp,
    choose_qp,
    qp_for_step,
    qp_range,
    quantize_uniform,
    reconstruct_uniform,
    sqnr_db,
)
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
    values: NDArray[np.float32], settings: EncodeSettings, base_qp: int, *, dq_flag: bool
) -> int:
    """The qp for a finite float32 tensor under its own settings (rules already applied).

    `dq_flag` says whether it is meant for dependent quantization.
    Raises UsageError qp-out-of-range, step-out-of-range.
    """
    density = settings.density
    qp = _asked_qp(values, settings)
    if values.ndim < 2 and qp is None:
        qp = _vector_qp(values, settings, base_qp, dq_flag)
    if qp is None:
        sqnr = DEFAULT_SQNR if settings.sqnr is None else settings.sqnr
        qp = choose_qp(
            values,
            sqnr_db=sqnr,
            qp_density=density,
            dq_flag=dq_flag,
            scan_order=settings.scan_order,
            base_qp=base_qp,
        )
    check_qp(qp, density, base_qp)
    return qp


def tensor_sqnr(values: NDArray[np.float32], settings: EncodeSettings) -> float | None:
    """The SQNR in dB that a tensor with at least two dimensions has to reach.

    None for vectors and scalars and where the settings name a qp or a step.
    """
    if values.ndim < 2 or _asked_qp(values, settings) is not None:
        return None
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
    return settings.qp is None and settings.step is None


def _asked_qp(values: NDArray[np.float32], settings: EncodeSettings) -> int | None:
    """The qp that the settings name outright, or None."""
    if values.ndim < 2 and settings.nonweight_qp is not None:
        return settings.nonweight_qp
    if values.ndim < 2 and not settings.holds_for_vectors:
        return COMPATIBLE_NONWEIGHT_QP if settings.compatible else None
    if settings.qp is not None:
        return settings.qp
    if settings.step is not None:
        return qp_for_step(settings.step, settings.density)
    return COMPATIBLE_QP if settings.compatible and settings.sqnr is None else None


def _vector_qp(
    values: NDArray[np.float32], settings: EncodeSettings, base_qp: int, dq_flag: bool
) -> int:
    density = settings.density
    of_weights = DEFAULT_SQNR if settings.sqnr is None else settings.sqnr
    sqnr = of_weights + VECTOR_SQNR_MARGIN
    qp = choose_qp(
        values,
        sqnr_db=sqnr,
        qp_density=density,
        dq_flag=dq_flag,
        scan_order=0,
        base_qp=base_qp,
    )
    magnitudes = np.abs(values[values != 0])
    both_signs = values.size and values.min() < 0 < values.max()
    if magnitudes.size == 0 or both_signs:
        return qp
    small = float(np.quantile(magnitudes, _SMALL_VALUE_QUANTILE))
    small *= _SMALL_VALUE_ERROR * 10 ** (-of_weights / 20)
    step = max(small, float(magnitudes.max()) * _FINEST_STEP)
    finest, finer = qp_range(density, base_qp)[0], qp_below(step, density)
    if finer >= qp:
        return qp
    # A finer step is not always a better one: a number may lie on the coarser grid by chance.
    while finer > finest and _uniform_sqnr(values, finer, density) < sqnr:
        finer -= 1
    return max(finer, finest)


def _uniform_sqnr(values: NDArray[np.float32], qp: int, qp_density: int) -> float:
    q = quantize_uniform(values, qp, qp_density).q
    return sqnr_db(values, reconstruct_uniform(q, qp, qp_density))
