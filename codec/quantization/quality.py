"""From a wanted quality to a qp. Encoder policy: nothing here is normative."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.kernels.trellis import search_path, trace_back
from nnref.codec.quantization.kernels.uniform import last_within, round_to_grid, squared_error
from nnref.codec.quantization.metrics import ratio_db, rounded_sqnr_db
from nnref.codec.quantization.overflow import extremes, smallest_fitting_qp
from nnref.codec.quantization.scan import to_scan
from nnref.codec.quantization.step import (
    exact_step,
    inverse_step32,
    normal_step,
    qp_for_step,
    qp_range,
    steps32,
)
from nnref.spec.errors import refusal

_DB_PER_OCTAVE = 20 * math.log10(2)
_SAMPLE_RUNS, _SAMPLE_RUN = 32, 128
"""Weights of a sample: runs of neighbours, as dependent quantization needs them."""
_PATIENCE = 8
"""Trials that follow the measured slope; later ones halve the interval."""
_ROUNDING_SLACK = 6.0
"""dB that rounding to a narrow type may add, as it brings values of that type back exactly."""

_ALMOST_EQUAL = 1 + 1e-9
"""A bound on an error that leaves a quality in dB to be compared itself."""

_Measure = Callable[[int], float]


def choose_qp(
    weights: npt.NDArray[np.float32],
    *,
    sqnr_db: float | None = None,
    step: float | None = None,
    qp_density: int = 2,
    dq_flag: bool = False,
    scan_order: int = 0,
    base_qp: int | None = 0,
    dtype: np.dtype[Any] | None = None,
) -> int:
    """The largest qp that gives the wanted quality; exactly one of `sqnr_db` and `step` is given.

    `weights` is float32 of any shape, C-contiguous. `sqnr_db` (dB, positive) is measured on the
    decoded tensor, rounded to `dtype` where one is given. Up to 4096 weights the result is the
    largest qp of all that meet it (with a `dtype`, about the largest); beyond, it meets it and the
    next one does not. A finite `sqnr_db` is never met by an all-zero tensor, whatever the scale of
    the weights. An all-zero or empty tensor gets the base qp.
    `base_qp=None` lifts the bound of 6 + qp_density bits (see `qp_range`).

    Raises `UsageError`: setting-conflict, setting-unknown, step-out-of-range when no legal qp
    meets the quality, tensor-out-of-range when no legal qp brings the weights into 32 bits,
    tensor-not-finite.
    """
    if (sqnr_db is None) == (step is None):
        raise refusal("setting-conflict", "give one of sqnr and step")
    if step is not None:
        return qp_for_step(step, qp_density, base_qp)
    assert sqnr_db is not None
    if not (math.isfinite(sqnr_db) and sqnr_db > 0):
        raise refusal("setting-unknown", f"sqnr {sqnr_db}: a positive number of dB is needed")
    low, high = extremes(weights)
    peak = max(-low, high)
    if peak == 0.0:
        return base_qp or 0
    candidates = _candidates(peak, qp_density, base_qp)
    scanned = to_scan(weights, scan_order if dq_flag else 0)
    sample = _sample(scanned)
    qp = _first_in_sample(sample, candidates, sqnr_db, qp_density, dq_flag, dtype)
    if sample.size < scanned.size:
        measure = _measure(scanned, qp_density, dq_flag, dtype)
        start = candidates[-1] if qp is None else qp
        qp = _settle(measure, candidates, start, sqnr_db, qp_density)
    if qp is None:
        raise refusal(
            "step-out-of-range",
            f"no qp of {candidates[0]}..{candidates[-1]} reaches {sqnr_db} dB for weights of "
            f"magnitude up to {peak:.6g}",
        )
    return qp


def _candidates(peak: float, qp_density: int, base_qp: int | None) -> range:
    """Legal qps that keep the weights inside 32 bits and do not make all of them zero."""
    legal, normal = qp_range(qp_density, base_qp), qp_range(qp_density, None)
    first, last = max(legal[0], normal[0]), min(legal[-1], normal[-1])
    fitting = smallest_fitting_qp(peak, qp_density)
    if fitting > last:
        raise refusal(
            "tensor-out-of-range",
            f"weights of magnitude up to {peak:.6g} need qp {fitting} or more to fit 32 bits; "
            f"the largest legal one is {last} (qp_density {qp_density}, base qp {base_qp})",
        )
    smallest_step = exact_step(first, qp_density)
    if 2 * peak < smallest_step:
        raise refusal(
            "step-out-of-range",
            f"weights of magnitude up to {peak:.6g} are zero with every legal step; the smallest "
            f"is {smallest_step:.6g} (qp_density {qp_density}, base qp {base_qp})",
        )
    largest_step = exact_step(last, qp_density)
    highest = qp_for_step(min(2 * peak, largest_step), qp_density, None)
    return range(max(first, fitting), highest + 1)


def _sample(scanned: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """All weights, or evenly spread runs of them."""
    if scanned.size <= _SAMPLE_RUNS * _SAMPLE_RUN:
        return scanned
    starts = np.linspace(0, scanned.size - _SAMPLE_RUN, _SAMPLE_RUNS).astype(np.int64)
    runs = [scanned[start : start + _SAMPLE_RUN] for start in starts]
    return to_scan(np.concatenate(runs), 0)


def _first_in_sample(
    sample: npt.NDArray[np.float32],
    candidates: range,
    target: float,
    qp_density: int,
    dq_flag: bool,
    dtype: np.dtype[Any] | None,
) -> int | None:
    """The largest candidate that meets the target on the sample; None when there is none.

    Every grid of dependent quantization lies in the uniform grid of the same step, so that a
    qp which fails with uniform quantization fails with both.
    """
    measure = _measure(sample, qp_density, dq_flag, dtype)
    steps, inverse_steps = steps32(candidates, qp_density)
    slack = _ROUNDING_SLACK if dtype is not None else 0.0
    bound = _signal(sample) * 10 ** ((slack - target) / 10) * _ALMOST_EQUAL
    last = len(candidates)
    while last > 0:
        last = last_within(sample, steps, inverse_steps, last - 1, bound)
        if last >= 0 and measure(candidates[last]) >= target:
            return candidates[last]
    return None


def _signal(weights: npt.NDArray[np.float32]) -> float:
    """Sum of the squares."""
    return float(squared_error(weights, np.zeros(weights.size, np.int32), np.float32(1)))


def _settle(
    measure: _Measure, candidates: range, start: int, target: float, qp_density: int
) -> int | None:
    """A candidate that meets the target while the next does not; None when all tried fail.

    Keeps `good` (meets it) below `bad` (fails) and follows the slope of the rate-distortion
    law, 6.02 dB for a factor of two in the step.
    """
    db_per_qp = _DB_PER_OCTAVE / (1 << qp_density)
    good, bad, qp = candidates[0] - 1, candidates[-1] + 1, start
    trials = 0
    while bad - good > 1:
        surplus = measure(qp) - target
        trials += 1
        if surplus >= 0:
            good = qp
        else:
            bad = qp
        if trials > _PATIENCE or math.isinf(surplus):
            qp = (good + bad) // 2 if trials > _PATIENCE else qp + int(math.copysign(1, surplus))
        else:
            qp += math.floor(surplus / db_per_qp)
        qp = min(max(qp, good + 1), bad - 1)
    return good if good in candidates else None


def _measure(
    scanned: npt.NDArray[np.float32],
    qp_density: int,
    dependent: bool,
    dtype: np.dtype[Any] | None = None,
) -> _Measure:
    """The function from a qp to the SQNR in dB of the weights, given in scan order."""
    q = np.empty(scanned.size, np.int32)
    signal = _signal(scanned)
    decisions = np.empty(scanned.size if dependent else 0, np.uint16)

    def measure(qp: int) -> float:
        step = normal_step(qp, qp_density)
        if dependent:
            state = search_path(scanned, 1.0 / step, decisions)
            trace_back(scanned, 1.0 / step, decisions, state, q)
        else:
            round_to_grid(scanned, inverse_step32(qp, qp_density), q)
        if dtype is not None:
            return rounded_sqnr_db(scanned, q, step, dtype)
        with np.errstate(over="ignore"):
            return ratio_db(signal, float(squared_error(scanned, q, np.float32(step))))

    return measure
