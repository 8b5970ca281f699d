"""Random streams with deep compression (clause 15.6): every size of gaps, codes of all shapes."""

from math import prod
from typing import Any

import numpy as np

from nnref.codec.entropy.huffman import code_lengths, encode_words
from nnref.conformance.generator.prng import Numbers
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.deep_compression import MAX_GAP_BITS
from nnref.spec.tables.enums import Method, UnitType
from nnref.spec.tables.private_units import METHOD_UNIT

Fields = dict[str, Any]


def random_deep_stream(seed: int, largest: int = 120) -> bytes:
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
    gap_bits = random.one_of((0, 0, *range(MAX_GAP_BITS + 1)))
    centroids = [random.real(0.3) for _ in range(random.one_of((0, 1, 2, 7, 40)))]
    gaps, indices = _entries(random, prod(dimensions), gap_bits, len(centroids))
    codes = [_code(random, indices, len(centroids) + 1)]
    symbols = [np.array(indices, np.int64)]
    if gap_bits:
        codes.insert(0, _code(random, gaps, 1 << gap_bits))
        symbols.insert(0, np.array(gaps, np.int64))
    fields: Fields = {
        "method_idc": int(Method.DEEP_COMPRESSION),
        "topology_elem_id": name,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "deep_compression_header": {
            "deep_gap_bits": gap_bits,
            "deep_centroid_count": len(centroids),
            "deep_centroid": centroids,
            "deep_index_length": codes[-1],
            "deep_gap_length": codes[0] if gap_bits else [],
        },
    }
    if random.chance(20, 100):
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = random.one_of((1, 8, 65))
    return write_unit(METHOD_UNIT, fields, encode_words(symbols, codes), state)


def _entries(
    random: Numbers, weights: int, gap_bits: int, centroids: int
) -> tuple[list[int], list[int]]:
    """Gaps and indices that end with the last weight."""
    gaps, indices, left = [], [], weights
    longest = (1 << gap_bits) - 1
    while left:
        gap = min(left - 1, longest, random.run(3, 4))
        gaps.append(gap)
        indices.append(min(centroids, random.run(5, 7)))
        left -= 1 + gap
    return gaps, indices


def _code(random: Numbers, used: list[int], symbols: int) -> list[int]:
    """A code of all symbols that are used, as short as can be or far from it."""
    counts = [used.count(symbol) for symbol in range(symbols)]
    if random.chance(50, 100):
        counts = [count << random.below(60) for count in counts]
    if random.chance(30, 100):
        counts = [count + 1 for count in counts]
    return code_lengths(counts if any(counts) else [1] * symbols)
