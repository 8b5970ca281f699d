"""Random streams with templates (clause 15.5): every flag, size, count and unary length."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.templates import template_syntax
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.conformance.generator.prng import Numbers
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import Method, UnitType
from nnref.spec.tables.private_units import METHOD_UNIT

Fields = dict[str, Any]


def random_template_stream(seed: int, largest: int = 120) -> bytes:
    """The stream of a seed: one or two tensors of about `largest` weights at most."""
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
    size = random.one_of((1, 1, 2, 3, 4, 9))
    rows = random.between(1, 6)
    across = random.between(1, max(1, largest // (rows * size)))
    dimensions = random.one_of(
        ([rows, across * size], [rows, across, size], [rows, across, 1, size])
    )
    if across == size == 1 and random.chance(50, 100):
        dimensions = random.one_of(([rows], []))
        rows = rows if dimensions else 1
    header = {
        "template_size_minus1": size - 1,
        "template_count_minus1": random.below(rows * across),
        "dq_flag": random.below(2),
        "cabac_unary_length_minus1": random.one_of((0, 1, 10, 10, 255)),
        "template_index_unary_length_minus1": random.one_of((0, 1, 10, 10, 255)),
        "template_residual_flag": random.below(2),
    }
    fields: Fields = {
        "method_idc": int(Method.TEMPLATES),
        "topology_elem_id": name,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "template_header": header,
    }
    if random.chance(20, 100):
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = random.one_of((1, 8, 65))
    payload = _payload(random, header, Member(name, "weight", tuple(dimensions)), state)
    return write_unit(METHOD_UNIT, fields, payload, state)


def _payload(random: Numbers, header: Fields, member: Member, state: StreamState) -> bytes:
    encoder, syntax = PayloadEncoder(), template_syntax(header, member)
    count = header["template_count_minus1"] + 1
    options: Fields = {"shift_search": random.one_of(("off", "exact"))}

    def numbers(part: TensorSyntax) -> None:
        density = int(state.qp_density or 0)
        span = min(60, 1 << (5 + density))
        encoder.iae(6 + density, random.between(-span, span - 1))
        coded = _quantized(random, part)
        encoder.encode_tensor(coded, part, row_skip=random.chance(50, 100), **options)

    numbers(syntax.templates)
    indices = np.array([random.below(count) for _ in range(syntax.indices.weights)], np.int32)
    if random.chance(20, 100):
        indices[:] = 0
    encoder.encode_tensor(indices, syntax.indices, row_skip=random.chance(50, 100), **options)
    for part in (syntax.plane, syntax.plane, syntax.residual):
        if part is not None:
            numbers(part)
    return encoder.finish()


def _quantized(random: Numbers, part: TensorSyntax) -> NDArray[np.int32]:
    spread = random.one_of((0, 1, 3, 40, 1 << 20))
    state, quantized = 0, []
    for _ in range(part.weights):
        level = random.around(spread)
        quantized.append(quantized_parameter(level, state) if part.dq_flag else level)
        state = next_state(state, level)
    return np.array(quantized, np.int32)
