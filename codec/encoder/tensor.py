"""One tensor into one compressed data unit."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.data_unit import DataUnit, WrittenUnit, write_data_unit
from nnref.codec.encoder.member import (
    CodedMember,
    UnitTools,
    codebook_member,
    quantized_member,
)
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import Carrier, is_quantized, to_carrier
from nnref.codec.model import TensorInfo, dtype_name
from nnref.codec.quantization import max_abs_error, sqnr_db
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import StreamState
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
    qp: int | None = None
    sqnr: float = float("inf")
    """dB; infinite when nothing was lost."""
    max_error: float = 0.0
    all_zero: bool = False
    """The quantized tensor is zero everywhere although the original is not."""


def encode_tensor(
    name: str, array: Array, settings: EncodeSettings, state: StreamState, parameter_id: int
) -> tuple[bytes, EncodedTensor]:
    """The unit of one tensor and its report; `settings` are the tensor's own (rules applied).

    `parameter_id` is the tensor's position in the model. Raises UsageError naming the tensor.
    """
    try:
        carrier = tensor_carrier(array, settings)
        unit = _data_unit(name, carrier, settings, state, parameter_id)
        written = write_data_unit(unit, state)
        if settings.codebook == "auto" and _takes_codebook(unit):
            unit, written = _smaller_with_codebook(unit, written, state)
    except NnrError as error:
        raise error.at(tensor=name) from None
    return written.data, _report(array, unit, written, state)


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
    name: str, carrier: Carrier, settings: EncodeSettings, state: StreamState, parameter_id: int
) -> DataUnit:
    values = carrier.values
    tools, member = UnitTools(), CodedMember(name, values, None)
    if carrier.payload_type == PayloadType.NNR_PT_INT:
        tools = UnitTools(scan_order=scan_order(values.shape, settings))
        member = CodedMember(name, values, values)
    elif carrier.payload_type == PayloadType.NNR_PT_FLOAT:
        entries = settings.codebook if isinstance(settings.codebook, int) and values.ndim > 1 else 0
        dq_flag = not entries and settings.dq and (values.ndim > 1 or settings.compatible)
        tools = UnitTools(dq_flag, scan_order(values.shape, settings))
        if entries:
            member = codebook_member(name, values, settings, state, entries=entries)
        else:
            member = quantized_member(name, values, settings, tools, state)
    return DataUnit(
        carrier.payload_type,
        (member,),
        values.shape,
        tools,
        settings,
        parameter_id,
        carrier.format_code,
    )


def scan_order(shape: tuple[int, ...], settings: EncodeSettings) -> int:
    """Clause 7.8.8: the asked order for a tensor with rows and columns, else 0."""
    rows_and_columns = len(shape) > 1 and shape[0] > 1 and int(np.prod(shape[1:])) > 1
    return settings.scan_order if rows_and_columns else 0


def _takes_codebook(unit: DataUnit) -> bool:
    return unit.payload_type == PayloadType.NNR_PT_FLOAT and len(unit.dimensions) > 1


def _smaller_with_codebook(
    unit: DataUnit, written: WrittenUnit, state: StreamState
) -> tuple[DataUnit, WrittenUnit]:
    """The unit, or the same with a codebook that has no more error and takes fewer bytes."""
    member = unit.members[0]
    error = _squared_error(member.values, member.decoded(state.qp_density))
    settings = replace(unit.settings, qp=None, step=None)
    with_codebook = codebook_member(
        member.name,
        member.values,
        settings,
        state,
        entries=_AUTO_ENTRIES,
        max_squared_error=error,
    )
    if _squared_error(member.values, with_codebook.decoded(state.qp_density)) > error:
        return unit, written
    tools = replace(unit.tools, dq_flag=False)
    other = replace(unit, members=(with_codebook,), tools=tools)
    other_written = write_data_unit(other, state)
    return (
        (other, other_written) if len(other_written.data) < len(written.data) else (unit, written)
    )


def _squared_error(original: Array, decoded: Array) -> float:
    difference = original.astype(np.float64) - decoded
    return float(np.vdot(difference, difference))


def _report(
    array: Array, unit: DataUnit, written: WrittenUnit, state: StreamState
) -> EncodedTensor:
    member = unit.members[0]
    tools = tuple(
        tool
        for tool, used in (
            ("dq", unit.tools.dq_flag),
            ("codebook", member.codebook is not None),
            (f"scan{unit.tools.scan_order}", unit.tools.scan_order),
            ("row-skip", member.name in written.skipping),
            ("lossless", member.qp is None),
        )
        if used
    )
    info = TensorInfo(dtype_name(array.dtype), array.shape)
    report = EncodedTensor(member.name, info, unit.payload_type, tools, len(written.data))
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
