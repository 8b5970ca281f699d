"""The kernels against the literal process and against the twin built on it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import PayloadDecoder, PayloadEncoder, TensorSyntax
from nnref.codec.entropy.plan import plan
from nnref.codec.entropy.search import no_choice
from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import EntryPoint as LiteralEntryPoint
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.reconstruct import quantized_parameter
from nnref.spec.process.tensor import tensor_data
from tests.codec.entropy import twin
from tests.codec.entropy.cases import (
    SEARCHES,
    Case,
    cases,
    decode,
    decoder_of,
    encode,
    encoder_with,
    literal_syntax,
    on_grid,
)

quick = settings(deadline=None, max_examples=60)


def literal_decode(case, payload, entry_points):
    """What `decode` returns, by the literal process."""
    engine = ArithmeticDecoder(BitReader(payload))
    assert engine.iae(case.front[0], "front") == case.front[1]
    points = [LiteralEntryPoint(p.offset, p.dq_state, p.bit_offset) for p in entry_points]
    decoded = tensor_data(engine, literal_syntax(case, points))
    quantized = decoded.levels
    if case.syntax.dq_flag:
        pairs = zip(decoded.levels, decoded.states, strict=True)
        quantized = [quantized_parameter(level, state) for level, state in pairs]
    state = engine.terminate()
    assert engine.end_of_payload() == len(payload)
    assert not engine.bits.findings
    return quantized, state


@given(cases(), st.sampled_from(SEARCHES))
@quick
def test_decoder_and_literal_process_agree_on_every_tool(case, search):
    payload, entry_points = encode(case, search)
    quantized, state = decode(case, payload, entry_points)
    literal, registers = literal_decode(case, payload, entry_points)
    assert quantized.tolist() == literal == case.quantized.tolist()
    assert tuple(state) == tuple(registers)


@given(cases())
@quick
def test_encoder_writes_the_bytes_of_its_twin(case):
    payload, entry_points = encode(case, "off")
    engine = twin.run(case, no_choice(plan(case.syntax, case.dialect)))
    assert payload == engine.finish()
    assert [tuple(point) for point in entry_points] == twin.entry_points(engine, payload)


@given(cases(most_rows=30), st.data())
@quick
def test_block_rows_decode_alone_from_their_entry_points(case, data):
    payload, entry_points = encode(case, "exact")
    block_rows = case.syntax.block_rows
    first = data.draw(st.integers(0, block_rows - 1))
    last = data.draw(st.integers(first + 1, block_rows))
    decoder = decoder_of(case, payload)
    part = decoder.decode_block_rows(
        case.syntax, entry_points, first, last, case.base, case.history
    )
    weights = (case.syntax.block_edge or case.syntax.rows) * case.syntax.columns
    assert part.tolist() == case.quantized[first * weights : last * weights].tolist()
    assert decoder.entry_points == entry_points[first : last - 1]
    if last == block_rows:
        assert decoder.finish(strict=True) == len(payload)


@given(st.lists(cases(most_rows=9), min_size=2, max_size=4), st.sampled_from(SEARCHES))
@quick
def test_tensors_of_one_codeword_share_the_arithmetic_coder(several, search):
    several = [replace(case, dialect=several[0].dialect) for case in several]
    encoder = PayloadEncoder(several[0].dialect)
    for case in several:
        encoder.iae(*case.front)
        encoder.encode_tensor(
            case.quantized,
            case.syntax,
            shift_search=search,
            row_skip=case.row_skip,
            history_flag=case.history_flag,
            base=case.base,
            history=case.history,
        )
    payload = encoder.finish()
    decoder = PayloadDecoder(payload, several[0].dialect)
    for case, entry_points in zip(several, encoder.entry_points, strict=True):
        assert decoder.iae(case.front[0]) == case.front[1]
        decoded = decoder.decode_tensor(
            case.syntax, case.base, case.history, entry_points=entry_points
        )
        assert decoded.tolist() == case.quantized.tolist()
        assert decoder.entry_points == entry_points
    assert decoder.finish(strict=True) == len(payload)


@pytest.mark.parametrize("columns", [8, 9, 10, 11, 18])
@pytest.mark.parametrize("search", SEARCHES)
def test_skipped_segments_advance_the_state_by_the_columns_of_the_tensor(columns, search):
    syntax = TensorSyntax(17, columns, 2, dq_flag=1, scan_order=1)
    levels = np.random.default_rng(4).integers(-2, 3, (17, columns))
    levels[1::3] = 0
    skipped = (~levels.any(axis=1)).tolist()
    quantized = on_grid(levels.reshape(-1), syntax, skipped)
    case = Case(syntax, quantized, row_skip=True, history=np.zeros(syntax.weights, bool))
    payload, entry_points = encode(case, search)
    assert decode(case, payload, entry_points)[0].tolist() == quantized.tolist()
    assert literal_decode(case, payload, entry_points)[0] == quantized.tolist()


@pytest.mark.parametrize("unary_length", [1, 11, 200])
@pytest.mark.parametrize("search", SEARCHES)
def test_whole_range_of_int32_is_coded(unary_length, search):
    ends = [-(1 << 31), -(1 << 31) + 1, (1 << 31) - 2, (1 << 31) - 1, 0]
    case = Case(TensorSyntax(5, 1, unary_length), np.array(ends, np.int32))
    payload, _ = encode(case, search)
    assert decode(case, payload)[0].tolist() == ends


@pytest.mark.parametrize("search", SEARCHES)
def test_long_tensors_pass_every_buffer_of_the_kernels(search):
    """More weights than one chunk of the search; more words than the encoder's first guess."""
    random = np.random.default_rng(5)
    wide = random.integers(-(1 << 31), 1 << 31, 6000).astype(np.int32)
    surprises = np.where(random.random(60_000) < 0.005, 40, 0).astype(np.int32)
    for quantized in (wide, surprises, np.zeros(50_000, np.int32), np.tile(wide[:2], 20_000)):
        case = Case(TensorSyntax(quantized.size, 1), quantized)
        payload, _ = encode(case, search)
        assert (decode(case, payload)[0] == quantized).all()
    encoder_with(case, search)


@pytest.mark.parametrize("shape", [(0, 1), (5, 0), (0, 0), (0, 7)])
@pytest.mark.parametrize("scan_order", [0, 2])
def test_tensors_without_weights_have_shift_parameters_only(shape, scan_order):
    syntax = TensorSyntax(*shape, scan_order=scan_order)
    encoder = PayloadEncoder()
    encoder.encode_tensor(np.zeros(0, np.int32), syntax, shift_search="off")
    payload = encoder.finish()
    assert payload == bytes.fromhex("8d0042c0")
    decoder = PayloadDecoder(payload)
    assert decoder.decode_tensor(syntax).size == 0
    assert decoder.finish(strict=True) == 4


def test_codeword_without_a_tensor():
    assert PayloadEncoder().finish() == bytes.fromhex("fe80")
    assert PayloadDecoder(b"\xfe\x80").finish(strict=True) == 2
