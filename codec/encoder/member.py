"""One tensor of a compressed data unit, quantized."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.encoder.quality import tensor_qp
from nnref.codec.encoder.rate_distortion import quantize_economically
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import narrow_type
from nnref.codec.quantization import (
    Codebook,
    QuantizationResult,
    check_qp,
    grid_qp,
    quantize_codebook,
    quantize_dependent,
    quantize_uniform,
    reconstruct_codebook,
    reconstruct_uniform,
)
from nnref.spec.errors import refusal
from nnref.spec.syntax import StreamState

Array = NDArray[Any]
Levels = NDArray[np.int32]


_PORTION: Final = 1 << 20
"""Weights that are decoded at a time."""


@dataclass(frozen=True, slots=True)
class CodedMember:
    """What the payload holds of one tensor."""

    name: str
    values: Array
    """The carrier (clause 10.7): float32 or int32 in the tensor's dimensions."""
    quantized: Levels | None
    """Quantized parameters in the same dimensions (codebook: levels); None for a raw tensor."""
    qp: int | None = None
    """None for integers and raw tensors."""
    codebook: Codebook | None = None
    role: str = "weight"
    """weight, G, H, ls, bias, bn.beta, bn.gamma, bn.mean or bn.var."""
    unary_length: int | None = None
    """What it is best coded with; None if nobody looked."""
    output_sqnr: float | None = None
    """DB of the layer's outputs, where it was quantized for these."""

    def decoded(self, qp_density: int | None) -> Array:
        """Clauses 10.2 and 10.4: the carrier that a decoder finds."""
        if self.quantized is None or self.qp is None or qp_density is None:
            return self.values
        if self.codebook is None:
            return reconstruct_uniform(self.quantized, self.qp, qp_density)
        entries, zero_offset = self.codebook.entries, self.codebook.zero_offset
        return reconstruct_codebook(self.quantized, entries, zero_offset, self.qp, qp_density)

    def decoded_portions(self, qp_density: int | None) -> Iterator[Array]:
        """The same as flat arrays one behind the other: little of it is there at a time."""
        if self.quantized is None:
            yield self.values.reshape(-1)
            return
        flat = self.quantized.reshape(-1)
        for start in range(0, flat.size, _PORTION):
            portion = replace(self, quantized=flat[start : start + _PORTION])
            yield portion.decoded(qp_density)


@dataclass(frozen=True, slots=True)
class UnitTools:
    """What all tensors of a unit share."""

    dq_flag: bool = False
    scan_order: int = 0
    unary_length: int | None = None
    """None: not decided yet, in the end that of the settings."""


def scan_order(shape: tuple[int, ...], settings: EncodeSettings) -> int:
    """Clause 7.8.8: the asked order for a tensor with rows and columns, else 0."""
    rows_and_columns = len(shape) > 1 and shape[0] > 1 and prod(shape[1:]) > 1
    return settings.scan_order if rows_and_columns else 0


def quantized_member(
    name: str,
    values: NDArray[np.float32],
    settings: EncodeSettings,
    tools: UnitTools,
    state: StreamState,
    role: str = "weight",
    *,
    dtype: np.dtype[Any] | None = None,
    moments: Moments | None = None,
) -> CodedMember:
    """Clause 10: finite float32 values as a member with a uniform or dependent quantizer.

    `settings` are the tensor's own. A unary length that neither they nor `tools` give is chosen
    with the quantized parameters. `dtype` is what decoded values are rounded to, if not binary32;
    with `moments` of the inputs of a weight the errors are those of its layer's outputs.
    Raises UsageError qp-out-of-range, step-out-of-range, tensor-out-of-range.
    """
    dtype = narrow_type(dtype) if dtype is not None else None
    if settings.plain:
        qp = tensor_qp(values, settings, state.base_qp, dq_flag=tools.dq_flag, dtype=dtype)
        result = quantize(values, qp, tools.dq_flag, tools.scan_order, settings)
        return CodedMember(name, values, result.q, result.qp, role=role)
    found = quantize_economically(
        values,
        settings,
        state,
        dq_flag=tools.dq_flag,
        scan_order=tools.scan_order,
        unary_length=tools.unary_length,
        dtype=dtype,
        moments=moments,
    )
    return CodedMember(
        name,
        values,
        found.q,
        found.qp,
        role=role,
        unary_length=found.unary_length,
        output_sqnr=found.output_sqnr,
    )


def quantize(
    values: NDArray[np.float32], qp: int, dq_flag: bool, scan_order: int, settings: EncodeSettings
) -> QuantizationResult:
    """Clause 10: quantized parameters of finite float32 values, in their shape."""
    overflow: Literal["raise", "compatible"] = "compatible" if settings.compatible else "raise"
    if dq_flag:
        return quantize_dependent(
            values, qp, settings.density, scan_order=scan_order, on_overflow=overflow
        )
    return quantize_uniform(values, qp, settings.density, on_overflow=overflow)


def codebook_member(
    name: str,
    values: NDArray[np.float32],
    settings: EncodeSettings,
    state: StreamState,
    role: str = "weight",
    *,
    entries: int,
    max_squared_error: float | None = None,
) -> CodedMember:
    """Clause 10.4: finite float32 values as a member with a codebook of its own.

    `entries` and `max_squared_error` are those of `quantize_codebook`. The settings' qp or step
    gives the grid of the entries, unless the encoder decides on the codebook; without one the grid
    is fine. Raises UsageError qp-out-of-range, step-out-of-range.
    """
    asked = max_squared_error is None and (settings.qp is not None or settings.step is not None)
    qp = (
        tensor_qp(values, settings, state.base_qp, dq_flag=False)
        if asked
        else grid_qp(values, settings.density, state.base_qp)
    )
    result = quantize_codebook(
        values,
        qp,
        settings.density,
        entries=entries,
        max_squared_error=max_squared_error,
        unary_length=settings.unary_length,
    )
    check_qp(result.qp, settings.density, state.base_qp)
    if not asked and values.any() and not any(result.codebook.entries):
        raise refusal("step-out-of-range", f"all entries are zero with the finest qp {result.qp}")
    return CodedMember(name, values, result.k, result.qp, result.codebook, role)
