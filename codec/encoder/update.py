"""One tensor of an update (clause 12): nothing, an increment, or the complete tensor.

An increment is the difference to what a decoder has by now, not to what an encoder once had: errors
of one update are made good by the next. Quality is that of the sum.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.decoder.chain import is_integer, sum_of
from nnref.codec.decoder.updates import UpdateState
from nnref.codec.encoder.calibrated_model import output_energy
from nnref.codec.encoder.quality import tensor_qp, wanted_sqnr
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import (
    EncodedTensor,
    comes_complete,
    encode_tensor,
    tensor_carrier,
)
from nnref.codec.encoder.unit import Lineage
from nnref.codec.model import TensorInfo, dtype_name
from nnref.codec.quantization import choose_qp, max_abs_error, sqnr_db
from nnref.spec.errors import UsageError, refusal
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import PayloadType

Array = NDArray[Any]

_ATTEMPTS: Final = 6
"""To reach an SQNR after the sum was rounded to the tensor's type."""
_SURPLUS: Final = 0.02
"""dB beyond what was missing that the second attempt asks for; each later one four times more."""
_LEAST, _MOST = 1e-3, 200.0
"""dB that can be asked of an increment."""


@dataclass(frozen=True, slots=True)
class Parent:
    """What a tensor of an update is added to, and what is stored of it (clause 12.2)."""

    array: Array
    state: UpdateState


class UpdatedTensor(NamedTuple):
    """The bytes of a unit, none where a tensor is left out, and its report."""

    data: bytes
    report: EncodedTensor


class _Job(NamedTuple):
    """A tensor of the new model, its own settings, and where it goes."""

    name: str
    array: Array
    settings: EncodeSettings
    state: StreamState
    parameter_id: int
    moments: Moments | None
    """Of its inputs, where a calibration has them."""


def encode_update(
    name: str,
    array: Array,
    settings: EncodeSettings,
    state: StreamState,
    parameter_id: int,
    parent: Parent | None,
    moments: Moments | None = None,
) -> UpdatedTensor:
    """The shortest way found from `parent` to `array`, with the quality asked for.

    Without a parent the tensor is new. Arguments and errors are those of `encode_tensor`; also
    raises UsageError update-impossible.
    """
    job = _Job(name, array, settings, state, parameter_id, moments)
    found = None if parent is None else _increment(job, parent)
    if found is not None and (settings.predictive or not found.data):
        return found
    if parent is not None and settings.predictive:
        detail = "its numbers and their quality are out of reach of residuals"
        if _info(parent.array) != _info(array):
            detail = f"{_info(parent.array)} cannot become {_info(array)} by residuals alone"
        raise refusal("update-impossible", detail, tensor=name)
    stored = UpdateState() if parent is None else parent.state
    complete = encode_tensor(*job[:-1], Lineage(stored, named=False), moments)
    if found is not None and len(found.data) <= len(complete.data):
        return found
    report = complete.report
    return UpdatedTensor(complete.data, replace(report, tools=("complete", *report.tools)))


def _increment(job: _Job, parent: Parent) -> UpdatedTensor | None:
    """Nothing, or an increment that leads to the quality asked for; None where there is none."""
    new, old = job.array, parent.array
    if _info(new) != _info(old):
        return None
    if np.array_equal(_bytes(new), _bytes(old)):
        return _unchanged(job, parent)
    if comes_complete(new, job.settings):
        return None
    if is_integer(new):
        return _added(job, parent, _integer_difference(new, old), job.settings)
    if tensor_carrier(new, job.settings).payload_type != PayloadType.NNR_PT_FLOAT:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        difference = np.asarray(new.astype(np.float32) - old.astype(np.float32))
    if not np.isfinite(difference).all():
        return None
    try:
        return _quantized(job, parent, difference)
    except UsageError as error:
        if error.id not in ("tensor-out-of-range", "step-out-of-range", "qp-out-of-range"):
            raise
        return None  # the difference is out of reach of steps that suit the tensor


def _integer_difference(new: Array, old: Array) -> Array:
    """Clause 12.6: what is added modulo 2^bits, signed to be small; of booleans the changes."""
    if new.dtype == np.bool_:
        return np.asarray(np.not_equal(new, old))
    with np.errstate(over="ignore"):
        difference = np.asarray(np.subtract(new, old))
    return difference.view(np.dtype(f"i{difference.itemsize}"))


def _quantized(job: _Job, parent: Parent, difference: Array) -> UpdatedTensor | None:
    """An increment of floating-point numbers with which the sum is as good as asked.

    A qp or step that is asked for is that of the increment. An SQNR is that of the sum.
    """
    values = tensor_carrier(job.array, job.settings).values
    if job.moments is not None:
        return _calibrated(job, parent, difference, job.moments)
    target = wanted_sqnr(values, job.settings)
    if target is None or (values.ndim > 1 and _has_other_quality(job.settings)):
        return _added(job, parent, difference, job.settings)
    if values.ndim > 1:
        return _matrix_at_sqnr(job, parent, difference, target)
    return _vector_at_sqnr(job, parent, difference, target, values)


def _calibrated(
    job: _Job, parent: Parent, difference: Array, moments: Moments
) -> UpdatedTensor | None:
    """An increment for the least error of the layer's outputs, which asks for as many dB less as it
    changes them.
    """
    signal, change = (output_energy(array, moments) for array in (job.array, difference))
    if change <= 0:
        return _unchanged(job, parent)
    less = 10 * math.log10(change / signal) if signal > 0 else 0.0
    settings, wanted = job.settings, wanted_sqnr(job.array, job.settings)
    if moments.share is not None:
        moments = replace(moments, share=moments.share + less)
    elif wanted is not None:
        settings = replace(settings, sqnr=min(max(_LEAST, wanted + less), _MOST))
    found = _added(job._replace(moments=moments), parent, difference, settings)
    of_difference = found.report.output_sqnr
    if of_difference is None:
        return found
    report = replace(found.report, output_sqnr=of_difference - less)
    return UpdatedTensor(found.data, report)


def _matrix_at_sqnr(
    job: _Job, parent: Parent, difference: Array, target: float
) -> UpdatedTensor | None:
    """The increment needs as many dB less as the tensor has without it."""
    known = sqnr_db(job.array, parent.array)
    if known >= target:
        return _unchanged(job, parent)
    wanted = target - known
    for attempt in range(_ATTEMPTS if np.isfinite(wanted) else 0):
        own = replace(job.settings, sqnr=min(max(wanted, _LEAST), _MOST))
        found = _added(job, parent, difference, own)
        if found.report.sqnr >= target:
            return found
        wanted += target - found.report.sqnr + _SURPLUS * 4**attempt
    return None


def _vector_at_sqnr(
    job: _Job, parent: Parent, difference: Array, target: float, values: Array
) -> UpdatedTensor | None:
    """The step is the one that suits the vector itself, or a finer one."""
    settings, base_qp = job.settings, job.state.base_qp
    qp = tensor_qp(values, settings, base_qp, dq_flag=False)
    wanted = target - sqnr_db(job.array, parent.array)
    if np.isfinite(wanted) and wanted > 0:
        flat = difference.reshape(-1)
        finer = choose_qp(flat, sqnr_db=wanted, qp_density=settings.density, base_qp=base_qp)
        qp = min(qp, finer)
    for octave in range(_ATTEMPTS):
        own = replace(settings, nonweight_qp=qp - (octave << settings.density))
        found = _added(job, parent, difference, own)
        if found.report.sqnr >= target:
            return found
    return None


def _has_other_quality(settings: EncodeSettings) -> bool:
    """Whether a number of entries or a rank decides what is lost."""
    ranks = (settings.low_rank, settings.low_rank_error)
    return any(asked not in (None, "auto") for asked in (settings.codebook, *ranks))


def _added(job: _Job, parent: Parent, difference: Array, settings: EncodeSettings) -> UpdatedTensor:
    """An increment that is coded under some settings, and the quality of the sum."""
    lineage = Lineage(parent.state, named=True)
    where = job.state, job.parameter_id, lineage, job.moments
    coded = encode_tensor(job.name, difference, settings, *where)
    if not coded.decoded.any():
        return _unchanged(job, parent)
    report = replace(coded.report, info=_info(job.array), tools=("increment", *coded.report.tools))
    if not is_integer(job.array):
        report = _with_quality(report, job.array, _sum(job, parent, coded.decoded))
    return UpdatedTensor(coded.data, report)


def _sum(job: _Job, parent: Parent, increment: Array) -> Array:
    return sum_of(parent.array, increment.reshape(job.array.shape), job.name)


def _unchanged(job: _Job, parent: Parent) -> UpdatedTensor:
    """Clause 12.5: the tensor is left out."""
    payload_type = tensor_carrier(job.array, job.settings).payload_type
    report = EncodedTensor(job.name, _info(job.array), payload_type, ("unchanged",), 0)
    return UpdatedTensor(b"", _with_quality(report, job.array, parent.array))


def _with_quality(report: EncodedTensor, new: Array, decoded: Array) -> EncodedTensor:
    return replace(
        report,
        sqnr=sqnr_db(new, decoded),
        max_error=max_abs_error(new, decoded),
        all_zero=bool(np.any(new) and not np.any(decoded)),
    )


def _bytes(array: Array) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _info(array: Array) -> TensorInfo:
    return TensorInfo(dtype_name(array.dtype), array.shape)
