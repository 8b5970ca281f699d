"""Clause 15.1: what annex B decides of LNQ, told apart by streams; and its worked numbers."""

import pytest

from nnref.conformance.random_lnq import random_lnq_stream
from nnref.spec.process import Refused, decode_stream, lnq_class_mode, lnq_published_mode
from nnref.spec.process.lnq_header import LnqHeader, layer_type, lnq_grid, lnq_units
from nnref.spec.process.reconstruct import next_state

SEEDS = range(150)


def decoded(data):
    try:
        return [tensor.values for tensor in decode_stream(data).tensors]
    except Refused as refused:
        return refused.rule_id


def symbols_move_the_state(layer, unit, position, chosen=lnq_published_mode.symbol):
    chosen(layer, unit, position)
    if layer.header.dq_flag:
        layer.state = next_state(layer.state, layer.weights.levels[position])


def symbols_are_neighbours_of_levels(layer, unit, position, chosen=lnq_published_mode.symbol):
    chosen(layer, unit, position)
    layer.neighbour = layer.symbol_neighbour


def contexts_go_on(contexts, number, unary_length):
    """No reset between the groups."""


ALTERNATIVES = {
    "D-44": ("reset_set", contexts_go_on),
    "D-45": ("symbol", symbols_move_the_state),
    "D-47": ("symbol", symbols_are_neighbours_of_levels),
}


@pytest.mark.parametrize("decision", ALTERNATIVES)
def test_alternatives_decode_some_streams_otherwise(decision, monkeypatch):
    chosen = [decoded(random_lnq_stream(seed)) for seed in SEEDS]
    monkeypatch.setattr(lnq_published_mode, *ALTERNATIVES[decision])
    assert chosen != [decoded(random_lnq_stream(seed)) for seed in SEEDS]


def test_units_at_the_edges_are_cut():
    units = list(lnq_units((2, 3), 5, 7))
    assert lnq_grid((2, 3), 5, 7) == (3, 3)
    assert units[0] == (0, 0, 2, 3)
    assert units[2] == (0, 6, 2, 1)
    assert units[-1] == (4, 6, 1, 1)
    assert sum(unit.rows * unit.columns for unit in units) == 35


def test_magnitudes_beyond_the_last_offset_have_that_one():
    header = LnqHeader(1, 0, 11, lnq_fraction_bits=4)
    offsets = [[[3, -2], [5, 1]]]
    found = [lnq_class_mode.class_integer(header, offsets, k, 0) for k in (-9, -2, -1, 0, 1, 2, 9)]
    assert found == [-145, -33, -21, 0, 19, 30, 142]


def test_quantizer_of_an_offset_is_that_of_the_state():
    header = LnqHeader(1, 1, 11, lnq_fraction_bits=4)
    offsets = [[[1], [1]], [[-4], [-4]]]
    assert lnq_class_mode.class_integer(header, offsets, 1, 2) == 33
    assert lnq_class_mode.class_integer(header, offsets, 1, 3) == 12
    assert lnq_class_mode.class_integer(header, offsets, -1, 3) == -12


def test_layer_type_is_read_off_the_dimensions():
    assert [layer_type(d) for d in ([4, 5], [4, 5, 3, 3], [4, 1, 3, 3], [4, 5, 1, 1], [4])] == [
        1, 2, 3, 3, 0,
    ]  # fmt: skip
