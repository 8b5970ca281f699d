"""Clause 15.1: what is wrong with an LNQ header ends in an error of its own, for both readers."""

import pytest

from nnref.codec import Stream
from nnref.spec.errors import NnrError, UnsupportedError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.syntax import lnq_class_elements, lnq_codebook_elements, read_units, write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType
from nnref.spec.tables.private_units import METHOD_UNIT
from tests.spec.syntax.method_units import FIELDS
from tests.spec.syntax.streams import opening

CLASSES = {
    "lnq_layer_flag": 1,
    "dq_flag": 1,
    "cabac_unary_length_minus1": 4,
    "lnq_mode": 0,
    "lnq_fraction_bits": 4,
    "lnq_lu_type": 3,
    "lnq_num_classes_minus1": 1,
    "lnq_zero_class_flag": 0,
    "lnq_classes": lnq_class_elements([[([1], [1]), ([], [])], [([2, 3], [2, 3]), ([4], [4])]]),
}
PUBLISHED = {
    "lnq_layer_flag": 1,
    "dq_flag": 0,
    "cabac_unary_length_minus1": 4,
    "lnq_mode": 1,
    "lnq_fraction_bits": 0,
    "lnq_lu_type": 7,
    "lnq_lu_height": 2,
    "lnq_lu_width": 2,
    "lnq_levels": 3,
    "lnq_variable_levels_flag": 1,
    "lnq_zero_centroid_flag": 0,
    "lnq_group_order": 0,
    "lnq_context_mode": 0,
    "lnq_centroid_mode": 2,
    "lnq_merge_enabled_flag": 0,
    "lnq_centroid_egk": 1,
    "lnq_dictionary_size_minus1": 0,
    "lnq_dictionary": [lnq_codebook_elements((-2, 0, 5), variable_levels=1, zero_centroid=0)],
    "codebook_present_flag": 0,
}
GOOD = {"classes": CLASSES, "published": PUBLISHED}


def book(*centroids):
    elements = lnq_codebook_elements(centroids, variable_levels=1, zero_centroid=0)
    return {"lnq_dictionary": [elements]}


DAMAGED = {
    "mode": (PUBLISHED | {"lnq_mode": 2}, "lnq-mode-reserved"),
    "fraction bits": (PUBLISHED | {"lnq_fraction_bits": 5}, "lnq-mode-reserved"),
    "context mode": (PUBLISHED | {"lnq_context_mode": 3}, "lnq-mode-reserved"),
    "centroid mode": (PUBLISHED | {"lnq_centroid_mode": 3}, "lnq-mode-reserved"),
    "no rows": (PUBLISHED | {"lnq_lu_height": 0}, "lnq-lu-size"),
    "no columns": (PUBLISHED | {"lnq_lu_width": 0}, "lnq-lu-size"),
    "1 level": (PUBLISHED | {"lnq_levels": 1}, "lnq-levels-range"),
    "9 levels": (PUBLISHED | {"lnq_levels": 9}, "lnq-levels-range"),
    "4 levels of 3": (PUBLISHED | book(1, 2, 3, 4), "lnq-levels-range"),
    "centroid": (PUBLISHED | book(-(1 << 31) - 1, 0, 1), "lnq-centroid-overflow"),
    "reset": (PUBLISHED | {"lnq_group_order": 2, "lnq_context_mode": 2}, "lnq-context-mode"),
    "offset": (
        CLASSES | {"lnq_classes": lnq_class_elements([[([1 << 31],) * 2, ([], [])]] * 2)},
        "lnq-offset-overflow",
    ),
}


def unit(header, state, **changes):
    return write_unit(METHOD_UNIT, FIELDS | changes | {"lnq_header": header}, b"", state)


@pytest.mark.parametrize("name", GOOD)
def test_header_is_read_as_it_was_written(name):
    opened, state = opening(1)
    written = unit(GOOD[name], state)
    last = list(read_units(opened + written))[-1]
    assert write_unit(METHOD_UNIT, last.fields, b"", state) == written


@pytest.mark.parametrize("name", DAMAGED)
def test_writer_refuses_what_is_wrong(name):
    header, rule = DAMAGED[name]
    _, state = opening(1)
    with pytest.raises(NnrError) as caught:
        unit(header, state)
    assert caught.value.id == rule
    assert caught.value.place.element is not None


def bits_of(opened, data):
    """Element path -> (bit, bits) of the last unit."""
    records = []
    list(read_units(opened + data, record=records.append))
    return {r.path: (r.bit - 8 * len(opened), r.bits) for r in records}


PATCHES = {
    "lnq_mode": ("2", "lnq-mode-reserved"),
    "lnq_fraction_bits": ("7", "lnq-mode-reserved"),
    "lnq_levels": ("1", "lnq-levels-range"),
    "lnq_context_mode": ("3", "lnq-mode-reserved"),
    "lnq_centroid_mode": ("3", "lnq-mode-reserved"),
}


@pytest.mark.parametrize("element", PATCHES)
def test_both_readers_refuse_a_damaged_header_at_the_same_bit(element):
    opened, state = opening(1)
    data = unit(PUBLISHED, state)
    bit, bits = bits_of(opened, data)[f"lnq_header.{element}"]
    value, rule = PATCHES[element]
    number = int.from_bytes(data)
    shift = 8 * len(data) - bit - bits
    number = number & ~(((1 << bits) - 1) << shift) | int(value) << shift
    damaged = opened + number.to_bytes(len(data))
    with pytest.raises(NnrError) as caught:
        Stream(damaged)
    with pytest.raises(Refused) as refused:
        decode_stream(damaged)
    assert caught.value.id == refused.value.rule_id == rule
    assert caught.value.place.bit == refused.value.bit == bit + 8 * len(opened)


def test_reserved_modes_are_unsupported_not_invalid():
    _, state = opening(1)
    with pytest.raises(UnsupportedError):
        unit(PUBLISHED | {"lnq_mode": 3}, state)


LAYERS = {
    (10, 20): LayerType.FULLY_CONNECTED,
    (8, 4, 3, 3): LayerType.CONVOLUTION,
    (8, 4, 1, 1): LayerType.POINT_OR_DEPTH_WISE,
    (8, 1, 3, 3): LayerType.POINT_OR_DEPTH_WISE,
    (8, 4, 3): LayerType.OTHER,
    (8,): LayerType.OTHER,
}


@pytest.mark.parametrize("dimensions", LAYERS, ids=str)
def test_units_by_layer_type_are_for_matrices_and_convolutions(dimensions):
    assert layer_type_of(dimensions) == LAYERS[dimensions]
    opened, state = opening(1)
    shape = {"count_tensor_dimensions": len(dimensions), "tensor_dimensions": list(dimensions)}
    header = {name: value for name, value in PUBLISHED.items() if "_lu_" not in name}
    by_layer = header | {"lnq_lu_type": 0}
    if LAYERS[dimensions] in (LayerType.FULLY_CONNECTED, LayerType.CONVOLUTION):
        unit(by_layer, state, **shape)
        return
    with pytest.raises(NnrError) as caught:
        unit(by_layer, state, **shape)
    assert caught.value.id == "lnq-layer-type"
    assert opened


def test_offsets_are_differences_to_the_class_before():
    classes = [[([5, 7], [5, 7]), ([], [])], [([6, 7, 9], [6, 7, 9]), ([1], [1])]]
    elements = lnq_class_elements(classes)
    assert [one["lnq_offset_delta"] for one in elements] == [[5, 2], [1, 0, 2, 1]]
    _, state = opening(1)
    opened, _ = opening(1)
    header = CLASSES | {"lnq_classes": elements}
    last = list(read_units(opened + unit(header, state)))[-1]
    assert last.fields["lnq_header"]["lnq_offsets"] == [
        [[list(run) for run in signs] for signs in one] for one in classes
    ]
