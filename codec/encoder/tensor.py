"""One tensor into one compressed data unit."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.data_unit import DataUnit, WrittenUnit, write_data_unit
from nnref.codec.encoder.member import (
    CodebookFit,
    CodedMember,
    UnitTools,
    scan_order,
    unit_tools,
    weight_member,
)
from nnref.codec.encoder.rate_distortion import unary_length_of
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import Carrier, is_quantized, to_carrier
from nnref.codec.model import TensorInfo, dtype_name
from nnref.codec.quantization import max_abs_error, sqnr_db
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import OutOfBand, StreamState
from nnref.spec.tables.enums import PayloadType

Array = NDArray[Any]

_AUTO_ENTRIES = 256
"""Entries of a codebook that the encoder chooses by itself, at most."""


@dataclass(frozen=True, slots=True)
class EncodedTensor:
    """One encoded tensor: its unit's size, and what coding did to it."""

    name: str
    info: TensorInfo
    payload_type: PayloadType
    tools: tuple[str, ...]
    unit_bytes: int
    """Bytes of its unit; 0 for the tensors of a block beside its weight."""
    qp: int | None = None
    sqnr: float = float("inf")
    """dB; infinite when nothing was lost."""
    max_error: float = 0.0
    all_zero: bool = False
    """The quantized tensor is zero everywhere although the original is not."""
    out_of_band: OutOfBand | None = None
    """What the stream leaves out of its unit, for the decoder's mapping by name."""


class UnitBuilder(Protocol):
    """Makes a unit whose weight has a codebook of so many entries (0: none), at the most."""

    def __call__(self, entries: int, max_squared_error: float | None = None, /) -> DataUnit:
        """The unit; the codebook is the smallest that keeps to an error."""


def encode_tensor(
    name: str, array: Array, settings: EncodeSettings, state: StreamState, parameter_id: int
) -> tuple[bytes, EncodedTensor]:
    """The unit of one tensor and its report; `settings` are the tensor's own (rules applied).

    `parameter_id` is the tensor's position in the model. Raises UsageError naming the tensor.
    """
    try:
        carrier = tensor_carrier(array, settings)

        def build(entries: int, max_squared_error: float | None = None) -> DataUnit:
            fitting = CodebookFit(entries, max_squared_error)
            return _data_unit(name, carrier, settings, state, parameter_id, fitting, array.dtype)

        unit, written = smallest_unit(build, settings, state)
    except NnrError as error:
        raise error.at(tensor=name) from None
    size = len(written.data)
    return written.data, member_report(unit.members[0], array, unit, written, state, size)


def smallest_unit(
    build: UnitBuilder, settings: EncodeSettings, state: StreamState
) -> tuple[DataUnit, WrittenUnit]:
    """The unit that `build` makes, with the codebook that the settings ask for.

    With "auto" a codebook is taken that has no more error and makes the unit smaller.
    """
    entries = settings.codebook if isinstance(settings.codebook, int) else 0
    unit = build(entries)
    written = write_data_unit(unit, state)
    if settings.codebook != "auto" or not _takes_codebook(unit):
        return unit, written
    error = _squared_error(unit, state)
    other = build(_AUTO_ENTRIES, error)
    if _squared_error(other, state) > error:
        return unit, written
    other_written = write_data_unit(other, state)
    smaller = len(other_written.data) < len(written.data)
    return (other, other_written) if smaller else (unit, written)


def tensor_carrier(array: Array, settings: EncodeSettings) -> Carrier:
    """Clause 10.7: what a payload is to hold of an array, under the tensor's own settings.

    Raises UsageError tensor-not-finite, tensor-dtype-unsupported, tensor-out-of-range,
    setting-conflict.
    """
    if settings.compatible and array.dtype not in (np.float32, np.int32):
        raise refusal("setting-conflict", f"compatible coding of {array.dtype} tensors")
    lossless = settings.lossless
    if is_quantized(dtype_name(array.dtype)) and not lossless and not _all_finite(array):
        if settings.non_finite == "error":
            raise refusal("tensor-not-finite")
        lossless = True
    return to_carrier(array, lossless=lossless)


def _all_finite(array: Array) -> bool:
    flat = array.reshape(-1)
    chunk = 1 << 20
    return all(
        bool(np.isfinite(flat[start : start + chunk]).all()) for start in range(0, flat.size, chunk)
    )


def _data_unit(
    name: str,
    carrier: Carrier,
    settings: EncodeSettings,
    state: StreamState,
    parameter_id: int,
    fitting: CodebookFit,
    dtype: np.dtype[Any],
) -> DataUnit:
    values = carrier.values
    tools, member = UnitTools(), CodedMember(name, values, None)
    if carrier.payload_type == PayloadType.NNR_PT_INT:
        order = scan_order(values.shape, settings)
        tools = UnitTools(False, order, unary_length_of(values, settings, state, order))
        member = CodedMember(name, values, values)
    elif carrier.payload_type == PayloadType.NNR_PT_FLOAT:
        tools = unit_tools(values.shape, settings, fitting)
        member = weight_member(name, values, settings, tools, state, fitting, dtype=dtype)
        tools = replace(tools, unary_length=member.unary_length)
    return DataUnit(
        carrier.payload_type,
        (member,),
        values.shape,
        tools,
        settings,
        parameter_id,
        carrier.format_code,
    )


def _takes_codebook(unit: DataUnit) -> bool:
    quantized = unit.payload_type in (PayloadType.NNR_PT_FLOAT, PayloadType.NNR_PT_BLOCK)
    return quantized and len(unit.dimensions) > 1


def _squared_error(unit: DataUnit, state: StreamState) -> float:
    """Of the weight, which is what a codebook is for."""
    weight = next(member for member in unit.members if member.role == "weight")
    difference = weight.values.astype(np.float64) - weight.decoded(state.qp_density)
    return float(np.vdot(difference, difference))


def member_report(
    member: CodedMember,
    array: Array,
    unit: DataUnit,
    written: WrittenUnit,
    state: StreamState,
    unit_bytes: int,
) -> EncodedTensor:
    """What coding did to a tensor of the model; `unit_bytes` are what it is to account for."""
    used_tools = (
        ("dq", unit.tools.dq_flag),
        ("codebook", member.codebook is not None),
        ("block", unit.payload_type == PayloadType.NNR_PT_BLOCK),
        (f"scan{unit.tools.scan_order}", unit.tools.scan_order),
        ("row-skip", member.name in written.skipping),
        ("lossless", member.qp is None),
    )
    tools = tuple(tool for tool, used in used_tools if used)
    info = TensorInfo(dtype_name(array.dtype), array.shape)
    report = EncodedTensor(member.name, info, unit.payload_type, tools, unit_bytes)
    if member.role == "weight":
        report = replace(report, out_of_band=unit.out_of_band)
    if member.qp is None:
        return report
    decoded = member.decoded(state.qp_density)
    return replace(
        report,
        qp=member.qp,
        sqnr=sqnr_db(member.values, decoded),
        max_error=max_abs_error(member.values, decoded),
        all_zero=bool(member.values.any() and not decoded.any()),
    )
