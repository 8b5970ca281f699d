"""Random streams with templates (clause 15.5): every flag, size, count and unary length."""

from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.templates import template_syntax
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import Method, UnitType
from nnref.spec.tables.private_units import METHOD_UNIT

Fields = dict[str, Any]


def random_template_stream(seed: int, largest: int = 120) -> bytes:
    """The stream of a seed: one or two tensors of about `largest` weights at most."""
    random = Random(seed)  # noqa: S311  streams are no secrets
    state = StreamState()
    parts = []
    mps = {
        "mps_quantization_method_flags": 1,
        "mps_qp_density": random.randrange(8),
        "mps_quantization_parameter": random.choice((0, 0, -9, 30)),
    }
    for kind, elements in (
        (UnitType.NNR_STR, {"general_profile_idc": random.randrange(2)}),
        (UnitType.NNR_MPS, mps),
    ):
        parts.append(write_unit(kind, elements, b"", state))
        state = state.after(kind, elements)
    parts += [_unit(random, f"t{i}", largest, state) for i in range(random.randint(1, 2))]
    return b"".join(parts)


def _unit(random: Random, name: str, largest: int, state: StreamState) -> bytes:
    size = random.choice((1, 1, 2, 3, 4, 9))
    rows = random.randint(1, 6)
    across = random.randint(1, max(1, largest // (rows * size)))
    dimensions = random.choice(
        ([rows, across * size], [rows, across, size], [rows, across, 1, size])
    )
    if across == size == 1 and random.random() < 0.5:
        dimensions = random.choice(([rows], []))
        rows = rows if dimensions else 1
    header = {
        "template_size_minus1": size - 1,
        "template_count_minus1": random.randrange(rows * across),
        "dq_flag": random.randrange(2),
        "cabac_unary_length_minus1": random.choice((0, 1, 10, 10, 255)),
        "template_index_unary_length_minus1": random.choice((0, 1, 10, 10, 255)),
        "template_residual_flag": random.randrange(2),
    }
    fields: Fields = {
        "method_idc": int(Method.TEMPLATES),
        "topology_elem_id": name,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "template_header": header,
    }
    if random.random() < 0.2:
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = random.choice((1, 8, 65))
    payload = _payload(random, header, Member(name, "weight", tuple(dimensions)), state)
    return write_unit(METHOD_UNIT, fields, payload, state)


def _payload(random: Random, header: Fields, member: Member, state: StreamState) -> bytes:
    encoder, syntax = PayloadEncoder(), template_syntax(header, member)
    count = header["template_count_minus1"] + 1
    options: Fields = {"shift_search": random.choice(("off", "exact"))}

    def numbers(part: TensorSyntax) -> None:
        density = int(state.qp_density or 0)
        span = min(60, 1 << (5 + density))
        encoder.iae(6 + density, random.randrange(-span, span))
        coded = _quantized(random, part)
        encoder.encode_tensor(coded, part, row_skip=random.random() < 0.5, **options)

    numbers(syntax.templates)
    indices = np.array([random.randrange(count) for _ in range(syntax.indices.weights)], np.int32)
    if random.random() < 0.2:
        indices[:] = 0
    encoder.encode_tensor(indices, syntax.indices, row_skip=random.random() < 0.5, **options)
    for part in (syntax.plane, syntax.plane, syntax.residual):
        if part is not None:
            numbers(part)
    return encoder.finish()


def _quantized(random: Random, part: TensorSyntax) -> NDArray[np.int32]:
    spread = random.choice((0, 1, 3, 40, 1 << 20))
    state, quantized = 0, []
    for _ in range(part.weights):
        level = round(random.gauss(0, spread))
        quantized.append(quantized_parameter(level, state) if part.dq_flag else level)
        state = next_state(state, level)
    return np.array(quantized, np.int32)
