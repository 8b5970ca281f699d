"""Clause 15.1: a weight with LNQ, where that takes fewer bytes for no more error."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods import MethodUnit
from nnref.codec.decoder.methods.lnq import LnqTensor, decode_layer
from nnref.codec.encoder.lnq_class import ClassEncoder
from nnref.codec.encoder.lnq_point import Operation
from nnref.codec.encoder.lnq_published import PublishedEncoder, PublishedOptions
from nnref.codec.encoder.lnq_shape import UnitShape, class_shapes
from nnref.codec.encoder.member import CodedMember
from nnref.codec.encoder.quality import tensor_sqnr
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.encoder.weight import Weight
from nnref.codec.entropy import ClassSyntax, LnqPayloadEncoder, PublishedSyntax
from nnref.codec.formats import from_carrier
from nnref.spec.syntax import StreamState, lnq_class_elements, read_unit_at, write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import Dialect, LayerType, LnqMode, LuType, Method
from nnref.spec.tables.private_units import METHOD_UNIT

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class LnqReport:
    """What LNQ makes of one layer."""

    mode: str
    """`class` or `published`."""
    layer_type: LayerType
    weights: int
    lnq_weights: int
    """Weights of units with LNQ; in class mode all."""
    classes: int
    bits: dict[str, int] = field(default_factory=dict)
    """By what they say: header, map (or flags), shift parameters, codebooks, levels, symbols."""
    squared_error: float = 0.0
    without_bytes: int = 0
    """Bytes of the unit without LNQ that it replaces."""

    @property
    def side_bits(self) -> int:
        """Bits that are of no weight: header, map and codebooks."""
        return sum(self.bits[name] for name in ("header", "map", "codebooks"))


@dataclass(frozen=True, slots=True)
class LnqUnit:
    """A weight with LNQ as a method data unit (clause 14.2.2)."""

    data: bytes
    member: CodedMember
    """What a uniform quantizer would code for the same numbers."""
    qp: int
    tools: tuple[str, ...]
    report: LnqReport
    is_codebook: bool
    """Whether a codebook says the same: one class, dq_flag 0."""


def can_have_lnq(weight: Weight, unit: DataUnit) -> bool:
    """Whether a weight is a plainly quantized matrix that is alone in its unit."""
    (first, *others) = unit.members
    plain = first.qp is not None and first.codebook is None and not others
    return plain and weight.has_forms and weight.coded.size > 0 and weight.scaling is None


def smallest_lnq(
    weight: Weight,
    unit: DataUnit,
    plain: bytes,
    decoded: Array,
    state: StreamState,
    *,
    published: bool,
) -> LnqUnit | None:
    """The smallest unit found in class or published mode, perhaps larger than `plain`, or None.

    `unit` is the one without LNQ, `plain` its bytes and `decoded` what becomes of its weight. The
    error may be as large as that of the plain unit, or as the SQNR that is asked for allows.
    """
    allowed = _allowed_error(weight, decoded)
    (member,) = unit.members
    assert member.qp is not None
    assert member.quantized is not None
    q = member.quantized.reshape(-1)
    where = (member.qp, int(unit.tools.dq_flag), allowed, unit.unary_length)
    operation = Operation(*where, 8.0 * len(plain), q)
    make = _published if published else _in_classes
    coded = make(weight, operation, state)
    if coded is None:
        return None
    found = _written(weight, unit, coded, state, len(plain))
    return found if found and found.report.squared_error <= allowed else None


@dataclass(frozen=True, slots=True)
class _Coded:
    """The codeword of a layer, and what its header and its record say."""

    encoder: LnqPayloadEncoder
    header: dict[str, Any]
    qp: int
    mode: str
    tools: tuple[str, ...]
    lnq_weights: int
    classes: int = 1
    is_codebook: bool = False


def _in_classes(weight: Weight, operation: Operation, state: StreamState) -> _Coded | None:
    settings, dimensions = weight.settings, weight.coded.shape
    shapes = class_shapes(settings.lnq_units, dimensions)
    if not shapes:
        return None
    found = ClassEncoder(
        _flat(weight),
        tuple(shape.over(dimensions) for shape in shapes),
        settings.density,
        state.base_qp,
        settings.shift_search != "off",
        settings.dq,
    ).best(operation)
    if found is None:
        return None
    choice, syntax = found.choice, found.choice.syntax()
    encoder = LnqPayloadEncoder()
    encoder.iae(6 + settings.density, found.qp - state.base_qp)
    encoder.encode_classes(choice.q, choice.class_map, syntax, settings.shift_search)
    one = syntax.classes == 1
    shape = next((each for each in shapes if each.over(dimensions) == syntax.shape), shapes[0])
    header = class_header(syntax, UnitShape(LuType.TENSOR) if one else shape)
    tools = ("lnq", f"classes{syntax.classes}", *["dq"] * syntax.dq_flag)
    numbers = (weight.coded.size, syntax.classes, one and not syntax.dq_flag)
    return _Coded(encoder, header, found.qp, "class", tools, *numbers)


def _published(weight: Weight, operation: Operation, state: StreamState) -> _Coded | None:
    settings = weight.settings
    shape = UnitShape.of(settings.lnq_units or "layer")
    if not shape.fits(weight.coded.shape):
        return None
    options = PublishedOptions(
        levels=settings.lnq_levels, economical=settings.rd_lambda != 0 and not settings.plain
    )
    over = shape.over(weight.coded.shape)
    exact = settings.shift_search != "off"
    where = (over, settings.density, state.base_qp, options, exact)
    point = PublishedEncoder(_flat(weight), *where).best(operation)
    if point is None:
        return None
    bits, delta = 6 + settings.density, point.qp - state.base_qp
    encoder = point.coded(bits, delta, settings.shift_search)
    header = published_header(point.syntax, shape)
    return _Coded(encoder, header, point.qp, "published", ("lnq", "published"), point.lnq_weights)


def _flat(weight: Weight) -> NDArray[np.float32]:
    return np.ascontiguousarray(weight.coded, np.float32).reshape(-1)


def _written(
    weight: Weight, unit: DataUnit, coded: _Coded, state: StreamState, without_bytes: int
) -> LnqUnit | None:
    """The unit of a layer, decoded again; None where it is larger than the one without."""
    payload = coded.encoder.finish()
    fields = unit_fields(weight, unit, state) | {"lnq_header": coded.header}
    data = write_unit(METHOD_UNIT, fields, payload, state)
    if len(data) > without_bytes and not coded.is_codebook:
        return None
    layer = decoded_layer(data, state, weight)
    member = CodedMember(weight.name, weight.coded, layer.integers, layer.qp)
    report = LnqReport(
        coded.mode,
        layer_type_of(weight.coded.shape),
        weight.coded.size,
        coded.lnq_weights,
        coded.classes,
        {"header": 8 * (len(data) - len(payload))} | coded.encoder.spent,
        squared_error(weight, member.decoded(state.qp_density)),
        without_bytes,
    )
    return LnqUnit(data, member, coded.qp, coded.tools, report, coded.is_codebook)


def unit_fields(weight: Weight, unit: DataUnit, state: StreamState) -> dict[str, Any]:
    """Clause 14.2.2: the elements in front of the method's."""
    fields: dict[str, Any] = {
        "method_idc": int(Method.LNQ),
        "count_tensor_dimensions": len(unit.dimensions),
        "tensor_dimensions": list(unit.dimensions),
        "nnr_decompressed_data_format_present_flag": int(unit.format_code is not None),
    }
    if unit.format_code is not None:
        fields["nnr_decompressed_data_format"] = unit.format_code
    if state.mps_topology_indexed_reference_flag:
        return fields | {"topology_elem_id_index": state.reference_list.index(weight.name)}
    return fields | {"topology_elem_id": weight.name}


def class_header(syntax: ClassSyntax, shape: UnitShape) -> dict[str, Any]:
    """Clause 15.1.1: the header of a layer in class mode."""
    return {
        "lnq_layer_flag": 1,
        "dq_flag": syntax.dq_flag,
        "cabac_unary_length_minus1": syntax.unary_length - 1,
        "lnq_mode": int(LnqMode.CLASSES),
        "lnq_fraction_bits": syntax.fraction_bits,
        **shape.elements(),
        "lnq_num_classes_minus1": syntax.classes - 1,
        "lnq_zero_class_flag": syntax.zero_class,
        "lnq_classes": lnq_class_elements(syntax.offsets),
    }


def published_header(syntax: PublishedSyntax, shape: UnitShape) -> dict[str, Any]:
    """Clause 15.1.1: the header of a layer in published mode, without dictionary and codebook."""
    return {
        "lnq_layer_flag": 1,
        "dq_flag": syntax.dq_flag,
        "cabac_unary_length_minus1": syntax.unary_length - 1,
        "lnq_mode": int(LnqMode.PUBLISHED),
        "lnq_fraction_bits": syntax.fraction_bits,
        **shape.elements(),
        "lnq_levels": syntax.levels,
        "lnq_variable_levels_flag": syntax.variable_levels,
        "lnq_zero_centroid_flag": syntax.zero_centroid,
        "lnq_group_order": int(syntax.group_order),
        "lnq_context_mode": int(syntax.context_mode),
        "lnq_centroid_mode": int(syntax.centroid_mode),
        "lnq_merge_enabled_flag": syntax.merge,
        "lnq_centroid_egk": syntax.egk,
        "codebook_present_flag": 0,
    }


def decoded_layer(data: bytes, state: StreamState, weight: Weight) -> LnqTensor:
    """Clause 15.1: what a decoder makes of a unit."""
    unit = read_unit_at(data, 0, state)
    member = Member(weight.name, "weight", weight.coded.shape)
    return decode_layer(MethodUnit(unit, member, Dialect.NNCODEC_2, strict=True))


def squared_error(weight: Weight, decoded: Array) -> float:
    """That of the weight as a user gets it, rounded to its data type."""
    carrier = weight.carrier
    output = from_carrier(decoded, carrier.format_code, carrier.payload_type)
    difference = carrier.values.astype(np.float64) - output.astype(np.float64).reshape(
        carrier.values.shape
    )
    return float(np.vdot(difference, difference))


def _allowed_error(weight: Weight, decoded: Array) -> float:
    """The error of the plain unit, or a larger one that still reaches the SQNR asked for."""
    values = weight.carrier.values
    error = squared_error(weight, decoded)
    wanted = tensor_sqnr(values, weight.settings)
    if wanted is None:
        return error
    signal = float(np.vdot(values.astype(np.float64), values.astype(np.float64)))
    return max(error, signal * 10 ** (-wanted / 10))
