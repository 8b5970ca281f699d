"""Weighing errors against bits: how the settings of a tensor ask for an operating point."""

from dataclasses import replace
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.encoder.calibrated import CalibratedSearch
from nnref.codec.encoder.operating_point import PointSearch, Work
from nnref.codec.encoder.quality import tensor_qp, tensor_sqnr
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.sparsity import is_sparse
from nnref.codec.encoder.unary_length import UNARY_LENGTHS, best_unary_length
from nnref.codec.entropy import TensorSyntax
from nnref.codec.quantization.coding_cost import CostModel
from nnref.codec.quantization.overflow import usable_qp
from nnref.codec.quantization.scan import to_scan
from nnref.spec.syntax import StreamState

_WORK: Final = {"default": Work(), "best": Work(passes=4, prices=(0.65, 1.0, 1.4))}
_SPARSE_WORK: Final = {
    "default": Work(prices=(0.4, 1.0)),
    "best": Work(passes=4, prices=(0.2, 0.4, 0.65, 1.0, 1.4)),
}
"""Weights that were pruned have a smallest magnitude, and bytes at equal error go up and down with
where the levels lie beside it."""
_CALIBRATED_PASSES: Final = {"default": 3, "best": 6}


class Quantized(NamedTuple):
    """The quantized parameters of a tensor, int32 in its shape, and how they are coded."""

    q: NDArray[np.int32]
    qp: int
    unary_length: int
    output_sqnr: float | None = None
    """DB of the layer's outputs, where the tensor was quantized for these."""


def quantize_economically(
    values: NDArray[np.float32],
    settings: EncodeSettings,
    state: StreamState,
    *,
    dq_flag: bool,
    scan_order: int,
    unary_length: int | None,
    dtype: np.dtype[Any] | None = None,
    moments: Moments | None = None,
) -> Quantized:
    """Clause 10: few bits for the quality that the settings ask for, and the unary length for them.

    `values` are finite; `unary_length` None leaves it to the settings, and theirs None to us.
    An SQNR is that of decoded values rounded to `dtype`, where one is given, and with `moments` of
    the inputs that of the layer's outputs, rounding left aside, if there is such a choice.
    Vectors and scalars are quantized to the nearest values. Raises UsageError qp-out-of-range,
    step-out-of-range, tensor-out-of-range.
    """
    density, base_qp = settings.density, state.base_qp
    if unary_length is None and settings.cabac_unary_length_minus1 is not None:
        unary_length = settings.unary_length
    lengths = UNARY_LENGTHS if unary_length is None else (unary_length,)
    syntax = _syntax(values.shape, state, dq_flag=dq_flag, scan_order=scan_order)
    if moments is not None:
        found = _calibrated(values, settings, state, syntax, lengths, moments)
        if found is not None:
            return found
    search = PointSearch(
        values,
        syntax,
        qp_density=density,
        base_qp=base_qp,
        unary_lengths=lengths,
        search=settings.shift_search != "off",
        price=settings.rd_lambda if values.ndim > 1 else 0.0,
        work=(_SPARSE_WORK if is_sparse(values) else _WORK)[settings.effort],
        dtype=dtype,
    )
    target = tensor_sqnr(values, settings)
    if target is None:
        qp = tensor_qp(values, settings, base_qp, dq_flag=dq_flag, dtype=dtype)
        usable_qp(values, qp, density, dependent=dq_flag, on_overflow="raise")
        point = search.at_qp(qp)
    else:
        point = search.at_sqnr(target)
    return Quantized(search.quantized(point), point.qp, point.unary_length)


def _calibrated(
    values: NDArray[np.float32],
    settings: EncodeSettings,
    state: StreamState,
    syntax: TensorSyntax,
    lengths: tuple[int, ...],
    moments: Moments,
) -> Quantized | None:
    """The choice for the least error of the layer's outputs; None where there is none of use."""
    search = CalibratedSearch(
        values,
        syntax,
        moments,
        qp_density=settings.density,
        base_qp=state.base_qp,
        unary_lengths=lengths,
        search=settings.shift_search != "off",
        price=settings.rd_lambda,
        passes=_CALIBRATED_PASSES[settings.effort],
    )
    target = tensor_sqnr(values, settings)
    if moments.share is not None:
        point = search.at_share(moments.share)
    elif target is None:
        qp = tensor_qp(values, settings, state.base_qp, dq_flag=bool(syntax.dq_flag))
        usable_qp(values, qp, settings.density, dependent=bool(syntax.dq_flag), on_overflow="raise")
        point = search.at_qp(qp)
    else:
        point = search.at_sqnr(target)
    if point is None:
        return None
    q = point.choice.q.reshape(values.shape)
    return Quantized(q, point.qp, point.unary_length, search.sqnr(point.choice))


def unary_length_of(
    integers: NDArray[np.int32], settings: EncodeSettings, state: StreamState, scan_order: int
) -> int:
    """That of the settings, or the one with which integers take the fewest bits."""
    if settings.plain or settings.cabac_unary_length_minus1 is not None:
        return settings.unary_length
    syntax = _syntax(integers.shape, state, dq_flag=False, scan_order=scan_order)

    def model(length: int) -> CostModel:
        coded = replace(syntax, unary_length=length)
        return CostModel(integers.shape, coded, search=settings.shift_search != "off")

    scanned = to_scan(integers, scan_order).copy()  # kernels are compiled for writable arrays
    return best_unary_length(scanned, model, UNARY_LENGTHS)[0]


def _syntax(
    shape: tuple[int, ...], state: StreamState, *, dq_flag: bool, scan_order: int
) -> TensorSyntax:
    return TensorSyntax(
        rows=shape[0],
        columns=prod(shape[1:]),
        dq_flag=int(dq_flag),
        scan_order=scan_order,
        profile=state.profile,
    )
