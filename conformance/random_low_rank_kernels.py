"""Random streams with low-rank kernels (clause 15.3): ranks, shapes, flags and unary lengths."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.methods.low_rank_kernels import (
    kernel_factors,
    kernel_names,
    kernel_syntax,
)
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.conformance.generator.prng import Numbers
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import Method, UnitType
from nnref.spec.tables.private_units import METHOD_UNIT

Fields = dict[str, Any]


def random_low_rank_stream(seed: int, largest: int = 5) -> bytes:
    """The stream of a seed: one or two tensors with dimensions of `largest` at most."""
    random = Numbers(seed)
    state = StreamState()
    parts = []
    mps = {
        "mps_quantization_method_flags": 1,
        "mps_qp_density": random.below(8),
        "mps_quantization_parameter": random.one_of((0, 0, -9, 30)),
    }
    for kind, elements in (
        (UnitType.NNR_STR, {"general_profile_idc": random.below(2)}),
        (UnitType.NNR_MPS, mps),
    ):
        parts.append(write_unit(kind, elements, b"", state))
        state = state.after(kind, elements)
    parts += [_unit(random, f"t{i}", largest, state) for i in range(random.between(1, 2))]
    return b"".join(parts)


def _unit(random: Numbers, name: str, largest: int, state: StreamState) -> bytes:
    outputs, inputs, height, width = dimensions = [random.between(1, largest) for _ in range(4)]
    header = {
        "kernel_rank_minus1": random.below(min(inputs * height, outputs * width)),
        "dq_flag": random.below(2),
        "cabac_unary_length_minus1": random.one_of((0, 1, 10, 10, 255)),
    }
    fields: Fields = {
        "method_idc": int(Method.LOW_RANK_KERNELS),
        "topology_elem_id": name,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "low_rank_header": header,
    }
    if random.chance(20, 100):
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = random.one_of((1, 8, 65))
    return write_unit(METHOD_UNIT, fields, _payload(random, fields, state), state)


def _payload(random: Numbers, fields: Fields, state: StreamState) -> bytes:
    encoder, header = PayloadEncoder(), fields["low_rank_header"]
    density = int(state.qp_density or 0)
    span = min(60, 1 << (5 + density))
    shift_search = random.one_of(("off", "exact"))
    for factor in kernel_factors(fields, kernel_names(fields["topology_elem_id"])):
        syntax = kernel_syntax(header, factor)
        encoder.iae(6 + density, random.between(-span, span - 1))
        coded = _quantized(random, syntax)
        row_skip = random.chance(50, 100)
        encoder.encode_tensor(coded, syntax, row_skip=row_skip, shift_search=shift_search)
    return encoder.finish()


def _quantized(random: Numbers, part: TensorSyntax) -> NDArray[np.int32]:
    spread = random.one_of((0, 1, 3, 40, 1 << 20))
    state, quantized = 0, []
    for _ in range(part.weights):
        level = random.around(spread)
        quantized.append(quantized_parameter(level, state) if part.dq_flag else level)
        state = next_state(state, level)
    return np.array(quantized, np.int32)
