"""The weight of a unit, quantized in a form: one member, or two factors."""

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.forms import WeightForm
from nnref.codec.encoder.low_rank import Factors
from nnref.codec.encoder.member import (
    CodedMember,
    UnitTools,
    codebook_member,
    quantized_member,
    scan_order,
)
from nnref.codec.encoder.settings import DEFAULT_SQNR, EncodeSettings
from nnref.codec.quantization import recomposition, sqnr_db
from nnref.spec.syntax import StreamState

Float32 = NDArray[np.float32]

_NEAR: Final = 0.1
"""dB above the quality wanted of a product that are near enough."""
_GUIDED, _ATTEMPTS = 3, 10
"""Attempts that come nearer to it, and all attempts to reach it."""


def weight_members(
    name: str,
    values: Float32,
    settings: EncodeSettings,
    state: StreamState,
    form: WeightForm,
    dtype: np.dtype[Any],
) -> tuple[list[CodedMember], UnitTools]:
    """The members that stand for a weight, and the tools of its unit.

    `values` are finite, `settings` the weight's own; `dtype` is what decoded values are rounded
    to. Raises UsageError as `quantized_member` and `codebook_member` do.
    """
    if form.factors is not None:
        return _factor_members(name, form.factors, settings, state, form)
    matrix = values.ndim > 1
    if form.entries and matrix:
        tools = UnitTools(False, scan_order(values.shape, settings))
        return [_with_codebook(name, values, settings, state, form)], tools
    dq_flag = settings.dq and (matrix or settings.compatible)
    tools = UnitTools(dq_flag, scan_order(values.shape, settings))
    member = quantized_member(name, values, settings, tools, state, dtype=dtype)
    return [member], replace(tools, unary_length=member.unary_length)


def _with_codebook(
    name: str,
    values: Float32,
    settings: EncodeSettings,
    state: StreamState,
    form: WeightForm,
    role: str = "weight",
) -> CodedMember:
    return codebook_member(
        name,
        values,
        settings,
        state,
        role,
        entries=form.entries,
        max_squared_error=form.max_squared_error,
    )


def _factor_members(
    name: str, factors: Factors, settings: EncodeSettings, state: StreamState, form: WeightForm
) -> tuple[list[CodedMember], UnitTools]:
    """Clause 7.8.5: G and H, each with a step or a codebook of its own."""
    order = min(scan_order(each.shape, settings) for each in (factors.g, factors.h))
    tools = UnitTools(settings.dq and not form.entries, order)
    if form.entries:
        return [
            _with_codebook(f"{name}_G", factors.g, settings, state, form, "G"),
            _with_codebook(f"{name}_H", factors.h, settings, state, form, "H"),
        ], tools
    if factors.sqnr is None and (settings.qp is not None or settings.step is not None):
        return _quantized_factors(name, factors, (settings, settings), state, tools)
    return _factors_at_sqnr(name, factors, settings, state, tools)


def _factors_at_sqnr(
    name: str, factors: Factors, settings: EncodeSettings, state: StreamState, tools: UnitTools
) -> tuple[list[CodedMember], UnitTools]:
    """Factors that are as fine as their product has to be as a decoder finds it."""
    asked = DEFAULT_SQNR if settings.sqnr is None else settings.sqnr
    wanted = asked if factors.sqnr is None else factors.sqnr
    product = recomposition(factors.g, factors.h)
    finer, best = 0.0, None
    for attempt in range(_ATTEMPTS):
        own = tuple(
            replace(settings, qp=None, step=None, sqnr=min(max(1.0, wanted + finer + each), 200.0))
            for each in factors.margins
        )
        found = _quantized_factors(name, factors, (own[0], own[1]), state, tools)
        g, h = (member.decoded(state.qp_density) for member in found[0])
        surplus = sqnr_db(product, recomposition(g, h)) - wanted
        if surplus >= 0:
            best = found
        if best is not None and (attempt >= _GUIDED or not _NEAR < surplus < math.inf):
            break
        finer += _NEAR / 2 - surplus
    return best or found


def _quantized_factors(
    name: str,
    factors: Factors,
    settings: tuple[EncodeSettings, EncodeSettings],
    state: StreamState,
    tools: UnitTools,
) -> tuple[list[CodedMember], UnitTools]:
    """G and H under settings of their own."""
    g = quantized_member(f"{name}_G", factors.g, settings[0], tools, state, "G")
    tools = replace(tools, unary_length=g.unary_length)
    h = quantized_member(f"{name}_H", factors.h, settings[1], tools, state, "H")
    return [g, h], tools
