"""Bare codewords, bin by bin, against tables that were written down elsewhere."""

from pathlib import Path

import pytest

from nnref.spec.process.binarization import Bounds
from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import EntryPoint
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.reconstruct import quantized_parameter
from nnref.spec.process.refused import Refused
from nnref.spec.process.tensor import TensorSyntax, tensor_data
from nnref.spec.tables.enums import Dialect
from tests.spec.process.recorder import Recorder

BASE = [3, 3, 3, 3, 3, 4, 0, 3, 2, 0, -2, 1]
EXAMPLES = {
    "one-dimensional": (TensorSyntax(4, 1, 1, edition_2=True), -38),
    "row-skip": (
        TensorSyntax(3, 3, 2, dq_flag=1, edition_2=True, parent_node_id_present_flag=1),
        None,
    ),
    "temporal": (
        TensorSyntax(2, 6, 2, edition_2=True, parent_node_id_present_flag=1, base=BASE),
        None,
    ),
}
QUANTIZED = {
    "one-dimensional": [0, 1, -1, 4],
    "row-skip": [2, -4, 5, 0, 0, 0, -1, 0, 4],
    "temporal": [3, 3, 4, 3, 3, 5, 0, 3, 3, 9, -2, 3],
}


def tables():
    """Payload and rows of every example."""
    found = {}
    for line in Path(__file__).with_name("worked_examples.txt").read_text().splitlines():
        words = line.split()
        if line.startswith("example"):
            rows = []
            found[words[1]] = bytes.fromhex(words[2]), rows
        elif words and words[0] != "#":
            numbers = (None if word == "-" else int(word) for word in words[1:])
            rows.append((words[0], *numbers))
    return found


def decode(payload, syntax, qp=None):
    """(levels, registers, bytes, what an observer heard) of a codeword with one tensor."""
    recorder = Recorder()
    engine = ArithmeticDecoder(BitReader(payload, recorder))
    if qp is not None:
        assert engine.iae(8, "qp_delta") == qp
    decoded = tensor_data(engine, syntax)
    registers = engine.terminate()
    length = engine.end_of_payload()
    assert not engine.bits.findings
    return decoded, registers, length, recorder


def row(kind, element, index, context, state, range_, offset, value):
    """A bin in the form of the tables, which do not say what a bypass bin belongs to."""
    name = kind if kind != "context" else element
    indexed = element not in ("sig_flag", "sign_flag") and kind == "context"
    return (name, index if indexed else None, context, state, range_, offset, value)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_bin_of_a_worked_example_is_as_written_down(name):
    payload, rows = tables()[name]
    decoded, _, length, recorder = decode(payload, *EXAMPLES[name])
    assert [row(*one) for one in recorder.bins] == rows
    assert length == len(payload)
    pairs = zip(decoded.levels, decoded.states, strict=True)
    if EXAMPLES[name][0].dq_flag:
        assert [quantized_parameter(k, s) for k, s in pairs] == QUANTIZED[name]
    else:
        assert decoded.levels == QUANTIZED[name]


def test_final_registers_are_those_before_the_terminate_bin():
    payload, rows = tables()["one-dimensional"]
    _, registers, _, _ = decode(payload, *EXAMPLES["one-dimensional"])
    assert registers[:2] == rows[-1][4:6]
    assert registers.shifts == 8 * len(payload) - 8 - 3  # the stop bit is the third but last


def test_elements_of_several_bypass_bins_are_reported_with_their_value():
    payload, _ = tables()["temporal"]
    _, _, _, recorder = decode(payload, *EXAMPLES["temporal"])
    chosen = {i: 1 + v for name, i, v in recorder.coded if name == "shift_idx_minus_1"}
    assert chosen == {25: 2, 52: 1, 57: 2, 59: 8}
    (contexts,) = recorder.stores
    assert {i: c.shift_idx for i, c in enumerate(contexts) if c.shift_idx} == chosen


def test_weights_are_reported_with_position_state_and_neighbour():
    payload, _ = tables()["row-skip"]
    _, _, _, recorder = decode(payload, *EXAMPLES["row-skip"])
    expected = [(0, 0, 0), (1, 2, 1), (2, 1, -2), (6, 5, 3), (7, 7, -1), (8, 4, 0)]
    assert recorder.weights == expected
    assert recorder.levels == [(0, 1), (1, -2), (2, 3), (6, -1), (7, 0), (8, 2)]


def two_block_rows(entry_point):
    return TensorSyntax(9, 2, 2, scan_order=1, edition_2=True, entry_points=[entry_point])


def test_block_row_starts_with_the_state_its_entry_point_says():
    payload = bytes.fromhex("46801d8f94d177c1ff")
    decoded, _, length, recorder = decode(payload, two_block_rows(EntryPoint(70, 0, 36)))
    expected = [1, 0, -2, 0, 0, 3, 1, 1, 0, 0, -1, 0, 2, 0, 0, 0, 5, -1]
    assert (decoded.levels, length) == (expected, 9)
    assert recorder.block_rows == [(0, 17, recorder.block_rows[0][2], 0), (8, 53, 70, 0)]


@pytest.mark.parametrize(
    "wrong", [EntryPoint(71, 0, 36), EntryPoint(70, 1, 36), EntryPoint(70, 0, 35)]
)
def test_wrong_entry_point_is_refused(wrong):
    with pytest.raises(Refused, match="entry-point-mismatch"):
        decode(bytes.fromhex("46801d8f94d177c1ff"), two_block_rows(wrong))


def test_one_entry_codebook_codes_nothing_but_its_block_rows():
    syntax = TensorSyntax(20, 9, 11, scan_order=1, edition_2=True, bounds=Bounds(0, 0))
    syntax.entry_points = [EntryPoint(255, 0, 0)] * 2
    decoded, _, _, recorder = decode(bytes.fromhex("d9a580"), syntax, -38)
    assert decoded.levels == [0] * 180
    assert len(recorder.bins) == 9


def test_empty_tensor_codes_its_shift_parameters_alone():
    decoded, _, length, recorder = decode(bytes.fromhex("8d0042c0"), TensorSyntax(0, 1, 11))
    assert (decoded.levels, length) == ([], 4)
    assert {one[1] for one in recorder.bins} == {"shift_idx_minus_1_present_flag", "terminate_bin"}


MASK = [1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0]
BASE_OF_INDICES = [0, 2, -1, 0, 1, 1, 3, 0]


@pytest.mark.parametrize(
    ("payload", "levels", "unary_length", "bounds", "base"),
    [
        ("471342b456fe4ae0", [0, 5, 19, 2, 7, 0, 1, 13], 2, Bounds(0, 19), None),
        ("471342b456fe4ae0", [0, -5, -19, -2, -7, 0, -1, -13], 2, Bounds(19, 0), None),
        ("46d5d1cec39a7ebdc0", [0, 5, 9, 2, -7, 0, -10, 4], 2, Bounds(10, 9), None),
        ("4720d9273f80", [0, 3, -3, 2, -1, 0, 3, 1], 2, Bounds(3, 3), None),
        ("4861b438", [0, 1, -1, 1, -1, 0, 1, 1], 5, Bounds(1, 1), None),
        ("23453e9aa460", [0, 1, -2, 1, -1, 0, 3, 1], 5, Bounds(2, 3), BASE_OF_INDICES),
    ],
)
def test_bins_that_the_codebook_implies_are_not_coded(payload, levels, unary_length, bounds, base):
    syntax = TensorSyntax(2, 4, unary_length, edition_2=True, bounds=bounds, base=base)
    syntax.parent_node_id_present_flag = 1 if base else 0
    decoded, _, length, _ = decode(bytes.fromhex(payload), syntax)
    assert (decoded.levels, length) == (levels, len(payload) // 2)


def test_history_mask_selects_the_contexts_of_sig_flag():
    syntax = TensorSyntax(3, 4, 2, edition_2=True, parent_node_id_present_flag=1, history=MASK)
    decoded, _, _, recorder = decode(bytes.fromhex("a2c01cdaef2cf8"), syntax)
    assert decoded.levels == [1, 0, -2, 0, 0, 3, 0, -1, 0, 0, 0, 1]
    assert recorder.bins[0][1:3] == ("hist_dep_sig_prob_enabled_flag", None)
    contexts = [one[3] for one in recorder.bins if one[1] == "sig_flag"]
    assert [1 if context == 40 else 0 for context in contexts] == MASK


ONE_BLOCK_ROW = bytes.fromhex("8d007f0147868580")
LEVELS_OF_ONE_BLOCK_ROW = [1, 0, 2, 0, 0, -1, 0, 0, 3, 0, 0, -2, 0, 0, 1, 0]


def test_dialect_1_has_32_remainder_shift_parameters_and_forces_the_range_of_one_block_row():
    syntax = TensorSyntax(4, 4, 2, scan_order=1, dialect=Dialect.NNCODEC_1)
    recorder = Recorder()
    tensor_data(ArithmeticDecoder(BitReader(ONE_BLOCK_ROW, recorder)), syntax)
    indices = [one[2] for one in recorder.bins if one[1] == "shift_idx_minus_1_present_flag"]
    assert indices == [0, 1, 2, 48, 49, 50, *range(53, 57), *range(61, 93)]
    first_weight = next(one for one in recorder.bins if one[1] == "sig_flag")
    assert first_weight[5] == 256


@pytest.mark.parametrize("scan_order", [0, 1])
def test_dialect_2_leaves_the_range_of_one_block_row_alone(scan_order):
    decoded, _, length, _ = decode(ONE_BLOCK_ROW, TensorSyntax(4, 4, 2, scan_order=scan_order))
    assert (decoded.levels, length) == (LEVELS_OF_ONE_BLOCK_ROW, 8)
