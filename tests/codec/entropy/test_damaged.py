"""Damaged payloads: the decoder refuses or decodes, as the literal process does, and no more."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import EntryPoint, PayloadDecoder, TensorSyntax
from nnref.codec.entropy.plan import plan
from nnref.codec.entropy.search import no_choice
from nnref.spec.errors import NnrError
from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.reconstruct import quantized_parameter
from nnref.spec.process.refused import Refused
from nnref.spec.process.tensor import tensor_data
from tests.codec.entropy import twin
from tests.codec.entropy.cases import Case, cases, encode, literal_syntax

quick = settings(deadline=None, max_examples=100)


def outcome(case, payload):
    """What the kernels make of a payload: the tensor, or the rule and the bit."""
    try:
        decoder = PayloadDecoder(payload, case.dialect)
        decoder.iae(case.front[0])
        quantized = decoder.decode_tensor(case.syntax, case.base, case.history)
        decoder.finish()
    except NnrError as error:
        return error.id, error.place.bit
    if decoder.findings:
        return decoder.findings[0].id, decoder.findings[0].place.bit
    return quantized.tolist()


def literal_outcome(case, payload):
    """The same by the literal process."""
    bits = BitReader(payload)
    try:
        engine = ArithmeticDecoder(bits)
        engine.iae(case.front[0], "front")
        syntax = literal_syntax(case)
        syntax.entry_points = twin.Anything()
        decoded = tensor_data(engine, syntax)
        engine.terminate()
        engine.end_of_payload()
    except Refused as error:
        return error.rule_id, error.bit
    if bits.findings:
        return bits.findings[0].rule_id, bits.findings[0].bit
    if not case.syntax.dq_flag:
        return decoded.levels
    return [quantized_parameter(*pair) for pair in zip(decoded.levels, decoded.states, strict=True)]


def damaged(payload, data):
    """A payload with changed, missing or additional bytes."""
    changed = bytearray(payload)
    for _ in range(data.draw(st.integers(0, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(0, len(changed))) :]
    return bytes(changed) + data.draw(st.binary(max_size=3))


@given(cases(most_rows=12, most_columns=12), st.data())
@quick
def test_damage_has_the_same_outcome_as_in_the_literal_process(case, data):
    payload = damaged(encode(case)[0], data)
    found = outcome(case, payload)
    assume(found[:1] != ("payload-bound",))  # the literal process has no memory to protect
    expected = literal_outcome(case, payload)
    if case.syntax.dq_flag and found[:1] == ("level-overflow",):
        assert isinstance(expected, tuple)  # there, parameters are looked at after the payload
    else:
        assert found == expected


@given(st.binary(max_size=60), cases(most_rows=40, most_columns=40))
@quick
def test_any_bytes_end_in_a_tensor_or_a_refusal(payload, case):
    outcome(case, payload)


@given(cases(), st.integers(0, 400))
@quick
def test_every_cut_is_reported(case, cut):
    payload, _ = encode(case)
    rule, bit = outcome(case, payload[: min(cut, len(payload) - 1)])
    assert rule in {"payload-too-short", "payload-truncated", "payload-bound"}
    assert 0 <= bit <= 8 * cut


def payload_with(case):
    """A payload with a level that no tensor can have, as far as the process follows it."""
    engine = twin.EncodingEngine(case, no_choice(plan(case.syntax, case.dialect)))
    engine.uae(case.front[0], "front")
    with suppress(Refused):
        tensor_data(engine, literal_syntax(case))
    return engine.finish() + bytes(8)


@pytest.mark.parametrize(
    ("rule", "syntax", "number"),
    [
        ("level-overflow", TensorSyntax(2, 1, 3), 1 << 31),
        ("level-overflow", TensorSyntax(2, 1, 3), -(1 << 31) - 1),
        ("level-overflow", TensorSyntax(2, 1, 3, dq_flag=1), 1 << 31),
        ("remainder-prefix-too-long", TensorSyntax(2, 1, 3), 1 << 33),
        ("codebook-index-range", TensorSyntax(2, 1, 1, codebook_size=14), 16),
        (
            "codebook-index-range",
            TensorSyntax(2, 1, 1, codebook_size=14, codebook_zero_offset=13),
            -16,
        ),
    ],
)
def test_levels_that_cannot_be_are_refused(rule, syntax, number):
    case = Case(syntax, np.array([number, 0]))
    assert outcome(case, payload_with(case))[0] == rule


def test_payload_of_less_than_two_bytes_is_refused():
    for payload in (b"", b"\x00"):
        with pytest.raises(NnrError, match="two bytes") as caught:
            PayloadDecoder(payload)
        assert caught.value.id == "payload-too-short"


def test_offset_outside_the_range_is_refused_at_the_start():
    assert outcome(Case(TensorSyntax(1, 1), np.zeros(1)), b"\xff\x00\x00")[0] == (
        "payload-offset-range"
    )


def test_offset_outside_the_range_is_refused_where_the_range_is_set():
    """Payloads written without setting the range, read with it."""
    syntax = TensorSyntax(9, 2, 2, scan_order=1, profile=0)
    plain = replace(syntax, rows=18, columns=1)
    numbers = np.full(18, 5, np.int32)
    payloads = (encode(Case(plain, numbers, front=(8, front)))[0] for front in range(-128, 128))
    rules = {outcome(Case(syntax, numbers), payload)[0] for payload in payloads}
    assert "payload-offset-range" in rules


def test_bytes_behind_the_codeword_are_refused():
    case = Case(TensorSyntax(3, 1), np.array([1, 0, -4], np.int32))
    payload = encode(case)[0]
    assert outcome(case, payload + b"\0") == ("payload-trailing-bytes", 8 * len(payload))


def test_wrong_stop_bits_are_a_finding_and_refused_when_strict():
    case = Case(TensorSyntax(4, 1, 1), np.array([0, 1, -1, 4], np.int32))
    payload = bytearray(encode(case)[0])
    assert payload.hex() == "d9b3012f417c"
    payload[-1] |= 1
    decoder = PayloadDecoder(payload)
    decoder.iae(8)
    decoder.decode_tensor(case.syntax)
    assert decoder.finish() == len(payload)
    assert [finding.id for finding in decoder.findings] == ["payload-stop-bit"]
    strict = PayloadDecoder(payload)
    strict.iae(8)
    strict.decode_tensor(case.syntax)
    with pytest.raises(NnrError, match="after the terminate bin"):
        strict.finish(strict=True)


@pytest.fixture
def blocks():
    """A case with three block rows, its payload and its entry points."""
    random = np.random.default_rng(1)
    syntax = TensorSyntax(20, 9, scan_order=1)
    case = Case(syntax, random.integers(-3, 4, syntax.weights).astype(np.int32))
    return case, *encode(case)


@pytest.mark.parametrize("field", EntryPoint._fields)
@pytest.mark.parametrize("index", [0, 1])
def test_wrong_entry_points_are_refused(blocks, field, index):
    case, payload, points = blocks
    points[index] = points[index]._replace(**{field: getattr(points[index], field) ^ 1})
    decoder = PayloadDecoder(payload)
    decoder.iae(8)
    with pytest.raises(NnrError, match=f"block row {index + 1}") as caught:
        decoder.decode_tensor(case.syntax, entry_points=points)
    assert caught.value.id == "entry-point-mismatch"
    assert f"{field} {getattr(points[index], field)}" in str(caught.value)
    assert "EntryPoint(" not in str(caught.value)


def test_missing_entry_points_are_refused(blocks):
    case, payload, points = blocks
    decoder = PayloadDecoder(payload)
    decoder.iae(8)
    with pytest.raises(NnrError, match="1 entry points, not 2"):
        decoder.decode_tensor(case.syntax, entry_points=points[:1])


@pytest.mark.parametrize(
    "point",
    [
        EntryPoint(-500, 0, 0),
        EntryPoint(1 << 62, 0, 0),
        EntryPoint(1 << 70, 0, 0),
        EntryPoint(30, 256, 0),
        EntryPoint(30, -1, 0),
        EntryPoint(30, 0, 1),
    ],
)
def test_entry_points_that_cannot_be_are_refused_before_the_jump(blocks, point):
    case, payload, _ = blocks
    decoder = PayloadDecoder(payload)
    decoder.iae(8)
    with pytest.raises(NnrError) as caught:
        decoder.decode_block_rows(case.syntax, [point, point], 1, 2)
    assert caught.value.id == "entry-point-mismatch"


@given(st.integers(0, 2000), st.integers(0, 255))
@quick
def test_any_entry_point_ends_in_a_tensor_or_a_refusal(bit_offset, offset):
    syntax = TensorSyntax(20, 9, scan_order=1)
    payload, _ = encode(Case(syntax, np.arange(180, dtype=np.int32)))
    decoder = PayloadDecoder(payload)
    decoder.iae(8)
    with suppress(NnrError):
        decoder.decode_block_rows(syntax, [EntryPoint(bit_offset, offset, 0)], 1, 2)


@pytest.mark.parametrize(("first", "last"), [(-1, 1), (1, 1), (2, 4), (3, 4)])
def test_block_rows_that_do_not_exist_are_refused(blocks, first, last):
    case, payload, points = blocks
    with pytest.raises(NnrError, match="block rows") as caught:
        PayloadDecoder(payload).decode_block_rows(case.syntax, points, first, last)
    assert caught.value.id == "setting-conflict"
