"""One tensor into one compressed data unit."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.decoder.updates import UpdateState
from nnref.codec.encoder.data_unit import WrittenUnit, write_data_unit
from nnref.codec.encoder.every_tool import smallest_of_every_tool
from nnref.codec.encoder.forms import WeightForm, smallest_unit
from nnref.codec.encoder.lnq import LnqReport, can_have_lnq, smallest_lnq
from nnref.codec.encoder.member import CodedMember, UnitTools, scan_order
from nnref.codec.encoder.methods import MethodTask, coded_with_method
from nnref.codec.encoder.quality import is_out_of_reach, tensor_sqnr
from nnref.codec.encoder.rate_distortion import unary_length_of
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.sparsity import is_clustered
from nnref.codec.encoder.uniform_units import uniform_units
from nnref.codec.encoder.unit import DataUnit, Lineage
from nnref.codec.encoder.weight import Weight
from nnref.codec.encoder.weight_members import weight_members
from nnref.codec.formats import Carrier, is_quantized, rounded_to, to_carrier
from nnref.codec.model import TensorInfo, dtype_name
from nnref.codec.quantization.metrics import NO_DISTANCE, distance
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import OutOfBand, StreamState
from nnref.spec.tables.enums import PayloadType

Array = NDArray[Any]


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
    output_sqnr: float | None = None
    """dB of the layer's outputs, where it was quantized for these by a calibration."""
    max_error: float = 0.0
    all_zero: bool = False
    """The quantized tensor is zero everywhere although the original is not."""
    out_of_reach: str = ""
    """Why it is carried without quantization though nobody asked for that."""
    lnq: LnqReport | None = None
    """Of a layer with local non-linear quantization."""
    out_of_band: OutOfBand | None = None
    """What the stream leaves out of its unit, for the decoder's mapping by name."""


@dataclass(frozen=True, slots=True)
class CodedArray:
    """The unit of an array, its report, and what a decoder adds up or hands out."""

    data: bytes
    report: EncodedTensor
    weight: Weight
    members: tuple[CodedMember, ...]
    """Of the unit."""
    qp_density: int | None

    @property
    def decoded(self) -> Array:
        """Carrier (clause 10.7): float32 or int32 numbers in the unit's tensor dimensions."""
        return self.weight.decoded(self.members, self.qp_density)


def encode_tensor(
    name: str,
    array: Array,
    settings: EncodeSettings,
    state: StreamState,
    parameter_id: int,
    lineage: Lineage | None = None,
    moments: Moments | None = None,
) -> CodedArray:
    """The unit of one tensor; `settings` are the tensor's own (rules applied).

    `parameter_id` is the tensor's position in the model, `lineage` that of a unit of an update,
    `moments` are those of its inputs, if it is to be quantized for its layer's outputs. A tensor
    whose scale no step suits is carried without quantization, unless the settings refuse.
    Raises UsageError naming the tensor.
    """
    array = pruned(array, settings)

    def encoded(own: EncodeSettings) -> CodedArray:
        return _encoded(name, array, own, state, parameter_id, lineage, moments)

    try:
        if settings.tools == "auto" and array.ndim > 1:
            return smallest_of_every_tool(encoded, settings)
        return encoded(settings)
    except NnrError as error:
        may_keep = settings.out_of_reach != "error" and not settings.compatible
        if not may_keep or not is_out_of_reach(error, array.ndim, settings):
            raise error.at(tensor=name) from None
        kept = EncodeSettings.from_options(settings, {"lossless": True})
        coded = _encoded(name, array, kept, state, parameter_id, lineage)
        return replace(coded, report=replace(coded.report, out_of_reach=error.detail))


def _encoded(
    name: str,
    array: Array,
    settings: EncodeSettings,
    state: StreamState,
    parameter_id: int,
    lineage: Lineage | None,
    moments: Moments | None = None,
) -> CodedArray:
    weight = Weight.of(name, tensor_carrier(array, settings), settings, array.dtype, moments)

    def build(form: WeightForm) -> DataUnit:
        return replace(_data_unit(weight, state, parameter_id, form), lineage=lineage)

    unit, written = smallest_unit(build, weight, state)
    report = weight_report(weight, array, unit, written, state)
    coded = CodedArray(written.data, report, weight, unit.members, state.qp_density)
    if settings.method is not None and (lineage is None or comes_complete(array, settings)):
        base = UpdateState() if lineage is None else lineage.stored
        task = MethodTask(weight, unit, written.data, coded.decoded, state, base)
        return _with_method(task, array, coded)
    if settings.lnq == "off" or lineage is not None or not can_have_lnq(weight, unit):
        return coded
    modes = {"class": (False,), "published": (True,)}.get(settings.lnq, (False, True))
    others = [
        other
        for published in modes
        for other in _with_lnq(weight, array, unit, coded, state, published=published)
    ]
    wanted = tensor_sqnr(weight.coded, settings)
    if settings.lnq == "auto" and wanted is not None and is_clustered(weight.coded):
        uniform = replace(settings, lnq="off", dq=False, codebook="auto")
        others.append(_encoded(name, array, uniform, state, parameter_id, lineage))
    return min([coded, *others], key=lambda one: len(one.data))


def comes_complete(array: Array, settings: EncodeSettings) -> bool:
    """Clause 15.2.4: whether an update has a tensor as pictures, which are never increments."""
    if settings.method != "video" or settings.predictive or array.ndim < 2:
        return False
    is_wanted = settings.video_layers == "all" or array.ndim == 2
    return is_wanted and is_quantized(dtype_name(array.dtype))


def _with_lnq(
    weight: Weight,
    array: Array,
    unit: DataUnit,
    coded: CodedArray,
    state: StreamState,
    *,
    published: bool,
) -> list[CodedArray]:
    """A tensor with LNQ, and with a codebook that gives the same where there is one."""
    found = smallest_lnq(weight, unit, coded.data, coded.decoded, state, published=published)
    if found is None:
        return []
    density, member = state.qp_density, found.member
    report = replace(
        coded.report,
        tools=found.tools,
        unit_bytes=len(found.data),
        lnq=found.report,
        out_of_band=None,
        **(_quality(found.qp, array, member.decoded_portions(density))),
    )
    units = [CodedArray(found.data, report, weight, (member,), density)]
    if found.is_codebook and member.quantized is not None and member.qp is not None:
        where = (member.qp, weight.settings, state, weight.carrier.format_code)
        for ordinary in uniform_units(weight.name, member.quantized, *where):
            written = write_data_unit(ordinary, state)
            own = weight_report(weight, array, ordinary, written, state)
            units.append(CodedArray(written.data, own, weight, ordinary.members, density))
    return units


def pruned(array: Array, settings: EncodeSettings) -> Array:
    """A matrix with the asked part of its numbers set to 0, those of least magnitude, or those that
    are smaller than the asked part of their standard deviation.

    Of equal magnitudes the first ones in row-major order go first.
    """
    deviations = settings.prune_deviations
    asked = settings.prune or deviations
    if not asked or array.ndim < 2 or not is_quantized(dtype_name(array.dtype)):
        return array
    numbers, rest = array.reshape(-1).astype(np.float32), array.reshape(-1).copy()
    magnitudes = np.abs(numbers)
    if deviations:
        rest[magnitudes < deviations * np.std(numbers, dtype=np.float64)] = 0
        return rest.reshape(array.shape)
    smallest = np.argsort(magnitudes, kind="stable")[: int(asked * magnitudes.size)]
    rest[smallest] = 0
    return rest.reshape(array.shape)


def _with_method(task: MethodTask, array: Array, plain: CodedArray) -> CodedArray:
    """Clause 15: a tensor as the method of its settings codes it, or as it is without."""
    found = coded_with_method(task)
    if found is None:
        return plain
    report = replace(
        plain.report,
        tools=found.tools,
        unit_bytes=len(found.data),
        output_sqnr=None,
        out_of_band=None,
        **(_quality(found.qp, array, [found.decoded.reshape(-1)])),
    )
    member = CodedMember(task.weight.name, found.decoded, None)
    return replace(plain, data=found.data, report=report, members=(member,))


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


def _data_unit(weight: Weight, state: StreamState, parameter_id: int, form: WeightForm) -> DataUnit:
    carrier, settings = weight.carrier, weight.settings
    values, payload_type = carrier.values, carrier.payload_type
    tools, members = UnitTools(), [CodedMember(weight.name, values, None)]
    if payload_type == PayloadType.NNR_PT_INT:
        order = scan_order(values.shape, settings)
        tools = UnitTools(False, order, unary_length_of(values, settings, state, order))
        members = [CodedMember(weight.name, values, values)]
    elif payload_type == PayloadType.NNR_PT_FLOAT:
        members, tools = weight_members(weight, state, form)
        if len(members) > 1:
            payload_type = PayloadType.NNR_PT_BLOCK
    return DataUnit(
        payload_type,
        tuple(members),
        values.shape,
        tools,
        settings,
        parameter_id,
        carrier.format_code,
    )


def weight_report(
    weight: Weight, array: Array, unit: DataUnit, written: WrittenUnit, state: StreamState
) -> EncodedTensor:
    """What coding did to the weight of a unit, which accounts for all its bytes.

    `array` is the weight as the model has it.
    """
    members = [member for member in unit.members if weight.is_part(member)]
    tools = _tools(members, unit, written)
    info = TensorInfo(dtype_name(array.dtype), array.shape)
    quality: dict[str, Any] = {}
    if members[0].qp is not None:
        decoded = weight.decoded_portions(unit.members, state.qp_density)
        quality = _quality(members[0].qp, array, decoded)
    return EncodedTensor(
        weight.name,
        info,
        unit.payload_type,
        tools,
        len(written.data),
        output_sqnr=members[0].output_sqnr,
        out_of_band=unit.out_of_band,
        **quality,
    )


def member_report(
    member: CodedMember, array: Array, unit: DataUnit, written: WrittenUnit, state: StreamState
) -> EncodedTensor:
    """What coding did to a tensor beside the weight of a block."""
    info = TensorInfo(dtype_name(array.dtype), array.shape)
    tools = _tools([member], unit, written)
    assert member.qp is not None
    quality = _quality(member.qp, array, member.decoded_portions(state.qp_density))
    return EncodedTensor(member.name, info, unit.payload_type, tools, 0, **quality)


def _tools(members: list[CodedMember], unit: DataUnit, written: WrittenUnit) -> tuple[str, ...]:
    ranks = [member.values.shape[1] for member in members if member.role == "G"]
    used = (
        ("dq", unit.tools.dq_flag),
        ("codebook", any(member.codebook is not None for member in members)),
        ("block", unit.payload_type == PayloadType.NNR_PT_BLOCK),
        *((f"rank{rank}", True) for rank in ranks),
        ("local-scaling", len(members) > 1 and members[-1].role == "ls"),
        (f"scan{unit.tools.scan_order}", unit.tools.scan_order),
        ("row-skip", any(member.name in written.payload.skipping for member in members)),
        ("temporal", written.payload.temporal),
        ("history", any(member.name in written.payload.history for member in members)),
        ("calibrated", members[0].output_sqnr is not None),
        ("lossless", members[0].qp is None),
    )
    return tuple(tool for tool, present in used if present)


def _quality(qp: int | None, original: Array, carrier: Iterable[Array]) -> dict[str, Any]:
    """What became of a tensor whose decoded carrier, in portions, is rounded to its data type."""
    flat, position = original.reshape(-1), 0
    found, any_left = NO_DISTANCE, False
    for portion in carrier:
        decoded = rounded_to(portion, original.dtype)
        found = found.with_more(distance(flat[position : position + decoded.size], decoded))
        any_left = any_left or bool(decoded.any())
        position += decoded.size
    return {
        "qp": qp,
        "sqnr": found.sqnr_db,
        "max_error": found.largest,
        "all_zero": found.signal > 0 and not any_left,
    }
