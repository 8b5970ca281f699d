"""Random streams with hierarchical compression (clause 15.4): every mode, width and flag."""

from math import prod
from typing import Any

import numpy as np

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.hierarchical import hierarchical_syntax
from nnref.codec.entropy import PayloadEncoder
from nnref.conformance.generator.prng import Numbers
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import HierarchicalMode, Method, UnitType
from nnref.spec.tables.hierarchical import LEAST_FRACTION_LENGTH, MAX_WIDTH
from nnref.spec.tables.private_units import METHOD_UNIT

Fields = dict[str, Any]


def random_hierarchical_stream(seed: int, largest: int = 120) -> bytes:
    """The stream of a seed: one or two tensors of about `largest` weights at most."""
    random = Numbers(seed)
    state = StreamState()
    parts = []
    for kind, elements in (
        (UnitType.NNR_STR, {"general_profile_idc": random.below(2)}),
        (UnitType.NNR_MPS, {"mps_quantization_method_flags": 0}),
    ):
        parts.append(write_unit(kind, elements, b"", state))
        state = state.after(kind, elements)
    parts += [_unit(random, f"t{i}", largest, state) for i in range(random.between(1, 2))]
    return b"".join(parts)


def _unit(random: Numbers, name: str, largest: int, state: StreamState) -> bytes:
    rows = random.one_of((0, 1, 2, 5))
    columns = random.between(1, max(1, largest // (rows or 1)))
    dimensions = random.one_of(([rows, columns], [rows * columns], [rows, 1, columns]))
    header, integers = _header(random)
    fields: Fields = {
        "method_idc": int(Method.HIERARCHICAL),
        "topology_elem_id": name,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "hierarchical_header": header,
    }
    if random.chance(20, 100):
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = random.one_of((1, 8, 65))
    member = Member(name, "weight", tuple(dimensions))
    payload = _payload(random, header, integers, member)
    return write_unit(METHOD_UNIT, fields, payload, state)


def _header(random: Numbers) -> tuple[Fields, list[int]]:
    """A header, and the integers of its centroids."""
    mode = random.one_of(list(HierarchicalMode))
    header: Fields = {
        "hier_mode": int(mode),
        "cabac_unary_length_minus1": random.one_of((0, 1, 10, 10, 255)),
        "hier_output_flag": random.below(2),
    }
    if header["hier_output_flag"]:
        header |= _format(random, "output_", random.between(1, MAX_WIDTH))
    width = random.one_of((1, 2, 6, 10, random.between(1, MAX_WIDTH)))
    if mode != HierarchicalMode.SHARED_FLOAT:
        header |= _format(random, "", width)
    if mode == HierarchicalMode.FIXED_POINT:
        return header, []
    count = random.one_of((1, 2, 3, 7, 40))
    integers: list[int] = []
    if mode == HierarchicalMode.SHARED_FIXED_POINT:
        count = min(count, 1 << width)
        half = 1 << (width - 1)
        integers = [value - half for value in random.distinct(count, 2 * half)]
        header["hier_centroid_unary_length_minus1"] = random.one_of((0, 1, 10, 255))
    else:
        header["hier_centroid"] = [random.real(0.3) for _ in range(count)]
    header["hier_centroid_count_minus1"] = count - 1
    header["hier_zero_index"] = random.one_of((0, count - 1, random.below(count)))
    return header, integers


def _format(random: Numbers, of: str, width: int) -> Fields:
    length = random.one_of((LEAST_FRACTION_LENGTH, -3, 0, 4, 9, 127))
    return {f"hier_{of}width_minus1": width - 1, f"hier_{of}fraction_length": length}


def _payload(random: Numbers, header: Fields, integers: list[int], member: Member) -> bytes:
    encoder, syntax = PayloadEncoder(), hierarchical_syntax(header, member)
    options: Fields = {"shift_search": random.one_of(("off", "exact"))}
    if syntax.centroids is not None:
        half = 1 << header["hier_width_minus1"]
        distances = np.diff(np.array([-half - 1, *integers])) - 1
        encoder.encode_tensor(distances.astype(np.int32), syntax.centroids, **options)
    low = -syntax.weights.codebook_zero_offset
    high = low + syntax.weights.codebook_size - 1
    spread = random.one_of((0, 1, 3, 40, 1 << 23))
    levels = [random.around(spread) for _ in range(prod(member.dimensions))]
    bounded = np.clip(np.array(levels, np.int64), low, high).astype(np.int32)
    encoder.encode_tensor(bounded, syntax.weights, row_skip=random.chance(50, 100), **options)
    return encoder.finish()
