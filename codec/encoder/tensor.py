"""One tensor into one compressed data unit (clauses 6.9 and 6.12)."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.quality import tensor_qp
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.entropy import EntryPoint, PayloadEncoder, TensorSyntax
from nnref.codec.formats import Carrier, is_quantized, to_carrier
from nnref.codec.model import TensorInfo, dtype_name
from nnref.codec.quantization import (
    QuantizationResult,
    max_abs_error,
    quantize_dependent,
    quantize_uniform,
    reconstruct_uniform,
    sqnr_db,
)
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import StreamState, entry_point_elements, write_unit
from nnref.spec.tables.enums import PayloadType, UnitType

Array = NDArray[Any]

_SKIPPED_ROW_BITS = 0.03
"""What a zero weight in a row of zeros costs at least, when the row is not skipped."""


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


@dataclass(frozen=True, slots=True)
class _Payload:
    data: bytes
    qp: int | None = None
    dq_flag: bool = False
    scan_order: int = 0
    row_skip: bool = False
    entry_points: tuple[EntryPoint, ...] = ()
    quantized: NDArray[np.int32] | None = None


def encode_tensor(
    name: str, array: Array, settings: EncodeSettings, state: StreamState, parameter_id: int
) -> tuple[bytes, EncodedTensor]:
    """The unit of one tensor and its report; `settings` are the tensor's own (rules applied).

    `parameter_id` is the tensor's position in the model. Raises UsageError naming the tensor.
    """
    try:
        carrier = _carrier(array, settings)
        payload = _payload(carrier, settings, state)
        fields = _fields(name, carrier, payload, settings, parameter_id)
        unit = write_unit(UnitType.NNR_NDU, fields, payload.data, state)
    except NnrError as error:
        raise error.at(tensor=name) from None
    return unit, _report(name, array, carrier, payload, state, len(unit))


def _carrier(array: Array, settings: EncodeSettings) -> Carrier:
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


def _payload(carrier: Carrier, settings: EncodeSettings, state: StreamState) -> _Payload:
    if carrier.payload_type == PayloadType.NNR_PT_RAW_FLOAT:
        return _Payload(carrier.values.astype("<f4").tobytes())
    if carrier.payload_type == PayloadType.NNR_PT_INT:
        scan_order = _scan_order(carrier.values, settings)
        return _coded(carrier.values, None, False, scan_order, settings, state)
    qp = tensor_qp(carrier.values, settings, state.base_qp)
    dq_flag = settings.dq and (carrier.values.ndim > 1 or settings.compatible)
    scan_order = _scan_order(carrier.values, settings)
    result = quantize(carrier.values, qp, dq_flag, scan_order, settings)
    return _coded(result.q, result.qp, dq_flag, scan_order, settings, state)


def quantize(
    values: NDArray[np.float32], qp: int, dq_flag: bool, scan_order: int, settings: EncodeSettings
) -> QuantizationResult:
    """Clause 10: quantized parameters of finite float32 values, in their shape."""
    overflow: Literal["raise", "compatible"] = "compatible" if settings.compatible else "raise"
    if dq_flag:
        return quantize_dependent(
            values, qp, settings.qp_density, scan_order=scan_order, on_overflow=overflow
        )
    return quantize_uniform(values, qp, settings.qp_density, on_overflow=overflow)


def _scan_order(values: Array, settings: EncodeSettings) -> int:
    """Block scans need rows and columns; without them the element is absent or must be 0."""
    rows_and_columns = values.ndim > 1 and values.shape[0] > 1 and values[0].size > 1
    return settings.scan_order if rows_and_columns else 0


def _coded(
    quantized: NDArray[np.int32],
    qp: int | None,
    dq_flag: bool,
    scan_order: int,
    settings: EncodeSettings,
    state: StreamState,
) -> _Payload:
    rows = quantized.shape[0]
    columns = quantized[0].size if rows else int(np.prod(quantized.shape[1:]))
    syntax = TensorSyntax(
        rows=rows,
        columns=columns,
        unary_length=settings.cabac_unary_length_minus1 + 1,
        dq_flag=dq_flag,
        scan_order=scan_order,
        profile=state.profile,
        parent=False,
        temporal=False,
    )
    asked = _row_skip(quantized, syntax, settings)
    for row_skip in dict.fromkeys((asked, False)):
        encoder = PayloadEncoder()
        if qp is not None:
            encoder.iae(6 + settings.qp_density, qp - state.base_qp)
        try:
            encoder.encode_tensor(
                quantized.reshape(-1),
                syntax,
                shift_search=_shift_search(settings),
                row_skip=row_skip,
            )
        except NnrError as error:
            # A skipped row of a block scan advances the DQ state by whole rows, which the
            # quantizer's path does not (clause 9.6.5): such a tensor is coded without skipping.
            if not row_skip or error.id != "levels-off-grid":
                raise
            continue
        break
    data = encoder.finish()
    entry_points = tuple(encoder.entry_points[0])
    return _Payload(data, qp, dq_flag, scan_order, row_skip, entry_points, quantized)


def _shift_search(settings: EncodeSettings) -> str:
    if settings.compatible and settings.shift_search == "exact":
        return "compatible"
    return settings.shift_search


def _row_skip(quantized: NDArray[np.int32], syntax: TensorSyntax, settings: EncodeSettings) -> bool:
    if syntax.profile == 0 or syntax.rows < 2 or syntax.columns < 2:
        return False
    if settings.row_skip is not None:
        return settings.row_skip
    if settings.compatible:
        return False
    zero_rows = int((~quantized.reshape(syntax.rows, -1).any(axis=1)).sum())
    flag_bits = syntax.rows * _entropy(zero_rows / syntax.rows)
    return zero_rows * syntax.columns * _SKIPPED_ROW_BITS > flag_bits


def _entropy(probability: float) -> float:
    if probability in (0.0, 1.0):
        return 0.05
    rest = 1.0 - probability
    return float(-probability * np.log2(probability) - rest * np.log2(rest))


def _fields(
    name: str, carrier: Carrier, payload: _Payload, settings: EncodeSettings, parameter_id: int
) -> dict[str, Any]:
    raw = carrier.payload_type == PayloadType.NNR_PT_RAW_FLOAT
    identified = settings.compatible and settings.profile == 1
    fields: dict[str, Any] = {
        "independently_decodable_flag": 1,
        "partial_data_counter_present_flag": 0,
        "nnr_compressed_data_unit_payload_type": int(carrier.payload_type),
        "nnr_multiple_topology_elements_present_flag": 0,
        "nnr_decompressed_data_format_present_flag": int(carrier.format_code is not None),
        "input_parameters_present_flag": 1,
        "topology_elem_id": name,
        "node_id_present_flag": int(identified),
        "codebook_present_flag": 0,
        "dq_flag": int(payload.dq_flag),
        "tensor_dimensions_flag": 1,
        "cabac_unary_length_flag": int(not raw),
        "compressed_parameter_types": 0,
        "count_tensor_dimensions": carrier.values.ndim,
        "tensor_dimensions": list(carrier.values.shape),
        "first_tensor_dimension_shift": 0,
        "scan_order": payload.scan_order,
    }
    if payload.scan_order:
        fields["entry_points"] = entry_point_elements(payload.entry_points)
    if carrier.format_code is not None:
        fields["nnr_decompressed_data_format"] = carrier.format_code
    if not raw:
        fields["cabac_unary_length_minus1"] = settings.cabac_unary_length_minus1
    if identified:
        fields |= {"device_id": 0, "parameter_id": parameter_id, "put_node_depth": 0}
    return fields


def _report(
    name: str, array: Array, carrier: Carrier, payload: _Payload, state: StreamState, size: int
) -> EncodedTensor:
    tools = tuple(
        tool
        for tool, used in (
            ("dq", payload.dq_flag),
            (f"scan{payload.scan_order}", payload.scan_order),
            ("row-skip", payload.row_skip),
            ("lossless", payload.qp is None),
        )
        if used
    )
    info = TensorInfo(dtype_name(array.dtype), array.shape)
    report = EncodedTensor(name, info, carrier.payload_type, tools, size)
    if payload.qp is None or payload.quantized is None or state.qp_density is None:
        return report
    decoded = reconstruct_uniform(payload.quantized, payload.qp, state.qp_density)
    return replace_quality(report, carrier.values, decoded, payload.qp)


def replace_quality(
    report: EncodedTensor, original: Array, decoded: Array, qp: int
) -> EncodedTensor:
    """`report` with what quantization with `qp` did to the values."""
    return EncodedTensor(
        report.name,
        report.info,
        report.payload_type,
        report.tools,
        report.unit_bytes,
        qp,
        sqnr_db(original, decoded),
        max_abs_error(original, decoded),
        bool(original.any() and not decoded.any()),
    )
