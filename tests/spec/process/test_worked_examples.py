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
