"""Clause 15.3: a weight of a convolution as vertical and horizontal filters."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nnref.codec.decoder.methods.low_rank_kernels import (
    kernel_factors,
    kernel_names,
    kernel_syntax,
    tools,
)
from nnref.codec.encoder.forms import WeightForm
from nnref.codec.encoder.low_rank import Decomposition, Factors, promising_factors
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.codec.encoder.weight import Weight
from nnref.codec.encoder.weight_members import weight_members
from nnref.codec.entropy import PayloadEncoder
from nnref.codec.quantization import kernel_matrix, kernel_weight
from nnref.spec.errors import UsageError
from nnref.spec.syntax import write_unit
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_UNIT


def encode(task: MethodTask) -> MethodCoded | None:
    """The unit with the rank that the settings ask for.

    Where they leave it to the encoder: the smallest one found, if it is smaller than the unit
    without factors and has no more error. None for tensors of other than four dimensions.
    """
    if task.weight.coded.ndim != 4:
        return None
    matrix = kernel_matrix(np.ascontiguousarray(task.weight.coded, np.float32))
    settings = task.weight.settings
    carrier = replace(task.weight.carrier, values=matrix)
    own = replace(settings, scan_order=0, method=None)
    weight = Weight(task.weight.name, carrier, own, task.weight.dtype, matrix)
    if settings.kernel_error is not None or settings.kernel_rank != "auto":
        decomposition = Decomposition(matrix)
        rank = _asked_rank(decomposition, task)
        return _unit(task, weight, decomposition.factors(rank))
    return _smallest(task, weight)


def _asked_rank(decomposition: Decomposition, task: MethodTask) -> int:
    """By error, by number or by the part of the numbers; no more than there are."""
    settings, left_out = task.weight.settings, decomposition.left_out
    if settings.kernel_error is not None:
        wanted = settings.kernel_error**2 * left_out[0]
        return max(1, int(np.argmax(left_out <= wanted)))
    assert not isinstance(settings.kernel_rank, str)
    rank = settings.kernel_rank
    if isinstance(rank, float):
        outputs, inputs, height, width = task.weight.coded.shape
        rank = math.floor(rank * task.weight.coded.size / (inputs * height + outputs * width))
    return int(max(1, min(rank, left_out.size - 1)))


def _smallest(task: MethodTask, weight: Weight) -> MethodCoded | None:
    """The smallest unit that is worth it, or None."""
    best: MethodCoded | None = None
    allowed, smallest = task.squared_error(task.decoded), len(task.plain)
    for factors in _promising(weight, allowed):
        try:
            found = _unit(task, weight, factors)
        except UsageError:  # factors of far larger or smaller numbers than the weight
            continue
        if len(found.data) < smallest and task.squared_error(found.decoded) <= allowed:
            best, smallest = found, len(found.data)
    return best


def _promising(weight: Weight, squared_error: float) -> Iterator[Factors]:
    if squared_error > 0:
        yield from promising_factors(weight.coded, squared_error)


def _unit(task: MethodTask, weight: Weight, factors: Factors) -> MethodCoded:
    """The unit with these factors, quantized. Raises UsageError step-out-of-range."""
    coded, unit_tools = weight_members(weight, task.state, WeightForm(factors=factors))
    header = {
        "kernel_rank_minus1": factors.rank - 1,
        "dq_flag": int(unit_tools.dq_flag),
        "cabac_unary_length_minus1": (unit_tools.unary_length or weight.settings.unary_length) - 1,
    }
    own = {"low_rank_header": header}
    fields = common_elements(task, Method.LOW_RANK_KERNELS) | own
    members = kernel_factors(fields, kernel_names(weight.name))
    syntax = [kernel_syntax(header, member) for member in members]
    encoder = PayloadEncoder()
    density, search = weight.settings.density, weight.settings.shift_search
    for part, factor in zip(syntax, coded, strict=True):
        assert factor.quantized is not None
        assert factor.qp is not None
        encoder.iae(6 + density, factor.qp - task.state.base_qp)
        encoder.encode_tensor(factor.quantized.reshape(-1), part, shift_search=search)
    data = write_unit(METHOD_UNIT, fields, encoder.finish(), task.state)
    g, h = (
        factor.decoded(density).reshape(member.dimensions)
        for factor, member in zip(coded, members, strict=True)
    )
    return MethodCoded(data, kernel_weight(g, h), None, tools(own))
