"""The weight of a unit, quantized in a form: one member or two factors, with local scaling."""

import math
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.forms import WeightForm
from nnref.codec.encoder.local_scaling import scaling_member
from nnref.codec.encoder.member import (
    CodedMember,
    UnitTools,
    codebook_member,
    quantized_member,
    scan_order,
)
from nnref.codec.encoder.settings import DEFAULT_SQNR
from nnref.codec.encoder.weight import Weight
from nnref.codec.formats import rounded_to
from nnref.codec.quantization import local_scaling, recomposition, sqnr_db
from nnref.codec.transform.local_scaling import fitted_factors
from nnref.spec.syntax import StreamState

Float32 = NDArray[np.float32]
Members = tuple[list[CodedMember], UnitTools]

_NEAR: Final = 0.1
"""dB above the quality wanted of a composed weight that are near enough."""
_GUIDED, _ATTEMPTS = 3, 10
"""Attempts that come nearer to it, and all attempts to reach it."""
_FINEST: Final = 200.0
"""dB that can be asked for."""


class _Part(NamedTuple):
    """A matrix that is coded of a weight."""

    name: str
    role: str
    values: Float32
    margin: float = 0.0
    """dB by which it is to be finer than the whole."""


def weight_members(weight: Weight, state: StreamState, form: WeightForm) -> Members:
    """The members that stand for a float weight of finite values, and the tools of its unit.

    Where a decoder composes the weight (clause 10.6), it is the composed one that reaches the SQNR
    asked for. Raises UsageError as `quantized_member` and `codebook_member` do.
    """
    wanted = _wanted(weight, form)
    reference = _reference(weight, form)
    if wanted is None:
        return _members(weight, reference, state, form, None)
    finer, spare, best = 0.0, math.inf, None
    for attempt in range(_ATTEMPTS):
        found = _members(weight, reference, state, form, wanted + finer)
        decoded = rounded_to(weight.decoded(found[0], state.qp_density), weight.dtype)
        surplus = sqnr_db(reference, decoded) - wanted
        if surplus >= 0 and (best is None or surplus < spare):
            spare, best = surplus, found
        near = 0 <= surplus <= _NEAR or surplus == math.inf
        if near or (best is not None and attempt >= _GUIDED):
            break
        finer += _NEAR / 2 - surplus
    return best or found


def _wanted(weight: Weight, form: WeightForm) -> float | None:
    """DB that a composed weight has to reach; None if nothing is composed or it has a step."""
    if form.entries or (form.factors is None and weight.scaling is None):
        return None
    if form.factors is not None and form.factors.sqnr is not None:
        return form.factors.sqnr
    settings = weight.settings
    if settings.qp is not None or settings.step is not None:
        return None
    return DEFAULT_SQNR if settings.sqnr is None else settings.sqnr


def _reference(weight: Weight, form: WeightForm) -> Float32:
    """What the members stand for before they are quantized: the weight, or what a rank leaves."""
    values: Float32 = weight.carrier.values
    if form.factors is None:
        return values
    product = recomposition(form.factors.g, form.factors.h).reshape(values.shape)
    if weight.scaling is None:
        return product
    return local_scaling(product, fitted_factors(values, product, weight.scaling))


def _members(
    weight: Weight, reference: Float32, state: StreamState, form: WeightForm, sqnr: float | None
) -> Members:
    """The members at an SQNR of the composed weight in dB; None leaves quality to the settings."""
    parts = _parts(weight, form)
    order = min(scan_order(part.values.shape, weight.settings) for part in parts)
    if form.entries and weight.coded.ndim > 1:
        tools = UnitTools(False, order)
        members = [_with_codebook(part, weight, state, form) for part in parts]
    else:
        dependent = weight.settings.dq and form.dependent
        dq_flag = dependent and (weight.coded.ndim > 1 or weight.settings.compatible)
        members, tools = _quantized(parts, weight, state, UnitTools(dq_flag, order), sqnr)
    if weight.scaling is not None:
        members.append(scaling_member(weight, reference, members, state, tools))
    return members, tools


def _parts(weight: Weight, form: WeightForm) -> list[_Part]:
    if form.factors is None:
        return [_Part(weight.name, "weight", weight.coded)]
    g, h = form.factors.margins
    return [
        _Part(f"{weight.name}_G", "G", form.factors.g, g),
        _Part(f"{weight.name}_H", "H", form.factors.h, h),
    ]


def _with_codebook(
    part: _Part, weight: Weight, state: StreamState, form: WeightForm
) -> CodedMember:
    return codebook_member(
        part.name,
        part.values,
        weight.settings,
        state,
        part.role,
        entries=form.entries,
        max_squared_error=form.max_squared_error,
    )


def _quantized(
    parts: list[_Part], weight: Weight, state: StreamState, tools: UnitTools, sqnr: float | None
) -> Members:
    """Parts with a step each. The first one's unary length is that of the unit."""
    members: list[CodedMember] = []
    composed = sqnr is not None
    for part in parts:
        settings = weight.settings
        if sqnr is not None:
            own = min(max(1.0, sqnr + part.margin), _FINEST)
            settings = replace(settings, qp=None, step=None, sqnr=own)
        dtype = None if composed else weight.dtype
        member = quantized_member(
            part.name,
            part.values,
            settings,
            tools,
            state,
            part.role,
            dtype=dtype,
            moments=weight.moments,
        )
        if not members:
            tools = replace(tools, unary_length=member.unary_length)
        members.append(member)
    return members, tools
