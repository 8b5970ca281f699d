"""Random streams with LNQ (clause 15.1): every mode, unit type, order and centroid mode."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.lnq import lnq_syntax
from nnref.codec.entropy import (
    ClassSyntax,
    LnqPayloadEncoder,
    LnqShape,
    PublishedSyntax,
    TensorSyntax,
    UnitData,
)
from nnref.codec.entropy.lnq_syntax import book_arrays
from nnref.codec.entropy.lnq_work import Runs, class_work, published_work
from nnref.conformance.generator.prng import Numbers
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.syntax import (
    StreamState,
    codebook_elements,
    lnq_class_elements,
    lnq_codebook_elements,
    read_unit_at,
    write_unit,
)
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import Dialect, LayerType, LnqCentroidMode, LnqMode, LuType, UnitType
from nnref.spec.tables.lnq import MAX_LEVELS
from nnref.spec.tables.private_units import METHOD_UNIT

Levels = NDArray[np.int32]
Fields = dict[str, Any]
_TYPED = (LayerType.FULLY_CONNECTED, LayerType.CONVOLUTION)


def random_lnq_stream(seed: int, largest: int = 120) -> bytes:
    """The stream of a seed: one or two layers of `largest` weights at most."""
    numbers = Numbers(seed)
    state = StreamState()
    parts = []
    mps = {
        "mps_quantization_method_flags": 1,
        "mps_qp_density": numbers.below(8),
        "mps_quantization_parameter": numbers.one_of((0, 0, -9, 30)),
    }
    for kind, elements in (
        (UnitType.NNR_STR, {"general_profile_idc": numbers.below(2)}),
        (UnitType.NNR_MPS, mps),
    ):
        parts.append(write_unit(kind, elements, b"", state))
        state = state.after(kind, elements)
    parts += [_layer(numbers, f"t{i}", largest, state) for i in range(numbers.between(1, 2))]
    return b"".join(parts)


def _layer(numbers: Numbers, name: str, largest: int, state: StreamState) -> bytes:
    dimensions = _dimensions(numbers, largest)
    fields: Fields = {
        "method_idc": 1,
        "topology_elem_id": name,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "lnq_header": _header(numbers, dimensions),
    }
    if numbers.chance(1, 5):
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = numbers.one_of((1, 8, 65))
    parsed = read_unit_at(write_unit(METHOD_UNIT, fields, b"", state), 0, state).fields
    encoder = LnqPayloadEncoder()
    density = int(state.qp_density or 0)
    span = min(60, 1 << (5 + density))
    encoder.iae(6 + density, numbers.between(-span, span - 1))
    _code(numbers, encoder, parsed, Member(name, "weight", dimensions))
    return write_unit(METHOD_UNIT, fields, encoder.finish(), state)


def _dimensions(numbers: Numbers, largest: int) -> tuple[int, ...]:
    dimensions = [1] * numbers.one_of((1, 2, 2, 2, 3, 4, 4))
    if len(dimensions) == 4:
        dimensions = [
            numbers.between(1, 4),
            numbers.between(1, 4),
            *numbers.one_of(([1, 1], [2, 3])),
        ]
    while True:
        axis = numbers.below(len(dimensions))
        grown = dimensions.copy()
        grown[axis] += numbers.between(1, 1 + grown[axis])
        if prod(grown) > largest:
            return tuple(dimensions)
        dimensions = grown
        if numbers.chance(1, 32):
            dimensions[numbers.below(len(dimensions))] = 0
            return tuple(dimensions)


def _header(numbers: Numbers, dimensions: tuple[int, ...]) -> Fields:
    dq_flag = numbers.below(2)
    header: Fields = {
        "lnq_layer_flag": int(numbers.chance(19, 20)),
        "dq_flag": dq_flag,
        "cabac_unary_length_minus1": numbers.one_of((0, 1, 2, 6, 10, 15)),
    }
    if not header["lnq_layer_flag"]:
        return header
    mode = numbers.below(2)
    header |= {"lnq_mode": mode, "lnq_fraction_bits": numbers.below(5)}
    header |= _units(numbers, dimensions)
    if mode == LnqMode.CLASSES:
        return header | _class_elements(numbers, dq_flag)
    return header | _published_elements(numbers, dq_flag)


def _units(numbers: Numbers, dimensions: tuple[int, ...]) -> Fields:
    typed = layer_type_of(dimensions) in _TYPED
    kind = numbers.one_of([kind for kind in LuType if typed or kind != LuType.BY_LAYER])
    fields: Fields = {"lnq_lu_type": int(kind)}
    if kind in (LuType.ROWS, LuType.SIZE):
        fields["lnq_lu_height"] = numbers.one_of((1, 2, 3, 5, 40))
    if kind in (LuType.COLUMNS, LuType.SIZE):
        fields["lnq_lu_width"] = numbers.one_of((1, 2, 3, 5, 40))
    return fields


def _class_elements(numbers: Numbers, dq_flag: int) -> Fields:
    classes, zero_class = numbers.between(1, 4), numbers.below(2)
    offsets = []
    for _ in range(classes - zero_class):
        one = []
        for _ in range(1 + dq_flag):
            spread = numbers.one_of((0, 3, 20))
            count = numbers.below(8)
            run = [numbers.around(spread) for _ in range(count)]
            other = [numbers.around(spread) for _ in range(count)]
            one.append((run, run if dq_flag or numbers.chance(1, 2) else other))
        offsets.append(one)
    return {
        "lnq_num_classes_minus1": classes - 1,
        "lnq_zero_class_flag": zero_class,
        "lnq_classes": lnq_class_elements(offsets),
    }


def _published_elements(numbers: Numbers, dq_flag: int) -> Fields:
    order, centroid_mode = numbers.below(4), numbers.below(3)
    variable, zero_centroid = numbers.below(2), numbers.below(2)
    levels = numbers.between(2, MAX_LEVELS)
    fields: Fields = {
        "lnq_levels": levels,
        "lnq_variable_levels_flag": variable,
        "lnq_zero_centroid_flag": zero_centroid,
        "lnq_group_order": order,
        "lnq_context_mode": numbers.below(3 if order < 2 else 2),
        "lnq_centroid_mode": centroid_mode,
        "lnq_merge_enabled_flag": numbers.below(2),
        "lnq_centroid_egk": numbers.one_of((0, 1, 1, 3, 15)),
    }
    if centroid_mode == LnqCentroidMode.DICTIONARY:
        size = numbers.one_of((1, 2, 3, 5, 64))
        options = {"variable_levels": variable, "zero_centroid": zero_centroid}
        fields["lnq_dictionary_size_minus1"] = size - 1
        fields["lnq_dictionary"] = [
            lnq_codebook_elements(_book(numbers, levels, **options), **options) for _ in range(size)
        ]
    if dq_flag == 0:
        fields["codebook_present_flag"] = numbers.below(2)
    if fields.get("codebook_present_flag"):
        size = numbers.one_of((1, 2, 4, 9))
        entries = [entry - 20 for entry in numbers.distinct(size, 50)]
        fields["codebook"] = codebook_elements(entries, numbers.below(size), 2)
    return fields


def _book(numbers: Numbers, levels: int, variable_levels: int, zero_centroid: int) -> list[int]:
    """Strictly increasing centroids."""
    count = numbers.between(0, levels) if variable_levels else levels
    spread = numbers.one_of((10, 10, 1000))
    found = [value - spread for value in numbers.distinct(count, 2 * spread)]
    if zero_centroid and found:
        middle = found[(count - 1) // 2]
        found = [value - middle for value in found]
    return found


def _code(numbers: Numbers, encoder: LnqPayloadEncoder, fields: Fields, member: Member) -> None:
    header = fields["lnq_header"]
    search = numbers.one_of(("off", "exact"))
    syntax = lnq_syntax(fields, member)
    if isinstance(syntax, ClassSyntax):
        classes = syntax.classes
        units = syntax.shape.units if classes > 1 else 1
        often = [numbers.one_of((0, 1, 5)) for _ in range(classes - 1)]
        pool = [k for k, times in enumerate([*often, 1]) for _ in range(times)]
        drawn = [numbers.one_of(pool) for _ in range(units)]
        class_map = np.array(drawn, np.uint8)
        runs = class_work(class_map, syntax, Dialect.NNCODEC_2).runs
        quantized = _weights(numbers, syntax.shape, runs, syntax.dq_flag, 0, 0)
        encoder.encode_classes(quantized, class_map, syntax, search)
    elif isinstance(syntax, PublishedSyntax):
        data = _unit_data(numbers, syntax)
        runs = published_work(data, syntax, Dialect.NNCODEC_2).runs
        bounds = (len(syntax.codebook), syntax.codebook_zero_offset)
        quantized = _weights(numbers, syntax.shape, runs, syntax.dq_flag, *bounds)
        encoder.encode_units(quantized, data, syntax, search)
    else:
        length = header["cabac_unary_length_minus1"] + 1
        plain = TensorSyntax(member.rows, member.columns, length, header["dq_flag"])
        shape = LnqShape(member.rows, member.columns, 1, 1)
        runs = np.array([(0, 0, plain.weights, 0)], np.int32)
        quantized = _weights(numbers, shape, runs, plain.dq_flag, 0, 0)
        encoder.encode_tensor(quantized, plain, shift_search=search)


def _unit_data(numbers: Numbers, syntax: PublishedSyntax) -> UnitData:
    units = syntax.shape.units
    share = numbers.one_of((0, 5, 11, 16))
    flags = [int(numbers.chance(share, 16)) for _ in range(units)]
    options = (syntax.levels, syntax.variable_levels, syntax.zero_centroid)
    known = [tuple(_book(numbers, *options)) for _ in range(3)]
    by_index = syntax.centroid_mode == LnqCentroidMode.DICTIONARY
    entries = [numbers.below(len(syntax.dictionary)) if by_index else 0 for _ in range(units)]
    books = [syntax.dictionary[entry] if by_index else numbers.one_of(known) for entry in entries]
    centroids, sizes = book_arrays(tuple(books))
    return UnitData(np.array(flags, np.uint8), centroids, sizes, np.array(entries, np.int32))


def _weights(
    numbers: Numbers, shape: LnqShape, runs: Runs, dq_flag: int, size: int, zero_offset: int
) -> Levels:
    """Quantized parameters on the grid of their states, levels of a codebook, symbols."""
    quantized = np.zeros(shape.weights, np.int32)
    spread = numbers.one_of((0, 1, 4, 30, 100000))
    state = 0
    for position, centroids in _coded(runs):
        if centroids or size:
            bound, zero = (centroids, (centroids - 1) // 2) if centroids else (size, zero_offset)
            quantized[position] = numbers.below(bound) - zero
            continue
        level = numbers.around(spread) if spread else numbers.level(13, 3)
        quantized[position] = quantized_parameter(level, state) if dq_flag else level
        state = next_state(state, level) if dq_flag else 0
    return quantized


def _coded(runs: Runs) -> Iterator[tuple[int, int]]:
    """Position and centroids of every weight, in coding order."""
    for context_set, first, count, centroids in runs.tolist():
        if context_set >= 0:
            yield from ((position, centroids) for position in range(first, first + count))
