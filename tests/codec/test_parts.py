"""Clause 8.2.1: data in parts is written, read by both decoders, and checked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import Limits, decode, encode, encode_out_of_band, open_stream
from nnref.codec.decoder import catalogue
from nnref.spec.errors import NnrError, UsageError
from nnref.spec.process import Refused, UpdateState, decode_stream
from nnref.spec.syntax import read_units, write_unit
from nnref.spec.tables.enums import UnitType

RNG = np.random.default_rng(3)
MODEL = {
    "fc.weight": RNG.normal(size=(20, 30)).astype(np.float32),
    "fc.bias": RNG.normal(size=20).astype(np.float32),
    "numbers": np.arange(200),
}
COUNTED = "partial_data_counter_present_flag"


def same(one, other):
    return list(one) == list(other) and all(np.array_equal(one[n], other[n]) for n in one)


def split(stream, cuts, counters=None, change=None):
    """The stream with the data of its last unit cut at these bytes of its payload.

    `change` maps the elements of each part to others.
    """
    *before, last = read_units(stream)
    payload = bytes(last.payload)
    edges = [0, *cuts, len(payload)]
    if counters is None:
        counters = range(len(cuts), -1, -1)
    parts = []
    for number, counter in enumerate(counters):
        fields = last.fields | {COUNTED: 1, "partial_data_counter": counter}
        fields = change(number, fields) if change else fields
        piece = payload[edges[number] : edges[number + 1]]
        parts.append(write_unit(UnitType.NNR_NDU, fields, piece, last.state))
    return [stream[: sum(unit.size for unit in before)], *parts]


def small(**options):
    return encode({"w": MODEL["fc.weight"]}, **options)


def refused(stream):
    """The rule that both decoders stop at, at the same unit and bit."""
    with pytest.raises(NnrError) as fast:
        decode(stream)
    with pytest.raises(Refused) as literal:
        decode_stream(stream)
    assert fast.value.place.unit == literal.value.unit
    assert fast.value.place.bit == literal.value.bit
    assert fast.value.id == literal.value.rule_id
    return fast.value.id


@pytest.mark.parametrize(
    "options", [{}, {"scan_order": 1}, {"lossless": True}, {"blocks": "auto"}, {"index": True}]
)
@pytest.mark.parametrize("most", [100, 333])
def test_both_decoders_join_what_the_encoder_splits(options, most):
    stream = encode(MODEL, max_unit_bytes=most, **options)
    opened = open_stream(stream)
    assert max(u.size for u in opened.units if u.nnr_unit_type == UnitType.NNR_NDU) == most
    expected = decode(encode(MODEL, **options))
    assert same(decode(stream), expected)
    assert same(decode(stream, jobs=2), expected)
    for name in expected:
        assert np.array_equal(open_stream(stream)[name], expected[name])
    for tensor in decode_stream(stream).tensors:
        assert np.array_equal(np.ravel(expected[tensor.name]), np.array(tensor.values))


def test_units_no_larger_than_asked_for_stay_whole():
    plain = encode(MODEL)
    largest = max(unit.size for unit in open_stream(plain).units)
    assert encode(MODEL, max_unit_bytes=largest) == plain
    assert encode(MODEL, max_unit_bytes=largest - 1) != plain


@settings(deadline=None, max_examples=15)
@given(st.data())
def test_wherever_the_data_is_cut_it_is_the_same(data):
    stream = small(scan_order=1)
    size = read_units_list(stream)[-1].payload_size
    cuts = sorted(data.draw(st.lists(st.integers(0, size), min_size=1, max_size=6)))
    parts = b"".join(split(stream, cuts))
    assert same(decode(parts), decode(stream))
    ours, theirs = decode_stream(parts), decode_stream(stream)
    assert ours.tensors[0].levels == theirs.tensors[0].levels
    assert ours.units[-1].payload == theirs.units[-1].payload
    assert ours.units[-1].registers == theirs.units[-1].registers


def read_units_list(stream):
    return list(read_units(stream))


def test_256_parts_are_the_most():
    size = read_units_list(small())[-1].payload_size
    with pytest.raises(UsageError, match=r"tensor 'w'.*needs units of \d+ bytes or more") as caught:
        small(max_unit_bytes=14)
    assert caught.value.id == "setting-conflict"
    least = int(str(caught.value).split("needs units of ")[1].split()[0])
    stream = small(max_unit_bytes=least)
    assert len(open_stream(stream).units) - 2 == -(-size // -(-size // 256))
    assert same(decode(stream), decode(small()))
    with pytest.raises(UsageError):
        small(max_unit_bytes=least - 1)


@pytest.mark.parametrize(
    ("counters", "unit"),
    [([2, 0], 3), ([2, 1], 3), ([1, 2], 3), ([3, 2, 0], 4), ([1, 1, 0], 3), ([2, 1, 1], 4)],
)
def test_counters_that_do_not_fall_by_one_to_zero_are_refused(counters, unit):
    stream = b"".join(split(small(), [10, 20][: len(counters) - 1], counters))
    assert refused(stream) == "partial-data-parts"
    with pytest.raises(NnrError) as caught:
        list(read_units(stream))
    assert caught.value.place.unit == unit


def test_a_part_without_counter_is_not_the_last_one():
    def without(number, fields):
        return fields | ({COUNTED: 0, "partial_data_counter": None} if number else {})

    assert refused(b"".join(split(small(), [10], change=without))) == "partial-data-parts"


def test_a_unit_between_parts_is_refused():
    opening, first, second = split(small(), [10])
    private = write_unit(40, {}, b"x", read_units_list(small())[-1].state)
    assert refused(opening + first + private + second) == "partial-data-parts"


def test_parts_with_different_headers_are_refused():
    def renamed(number, fields):
        return fields | {"topology_elem_id": "wv"[number]}

    assert refused(b"".join(split(small(), [10], change=renamed))) == "partial-data-parts"


def test_parts_may_have_sizes_of_either_form():
    def long_form(number, fields):
        return fields | {"nnr_unit_size_flag": number}

    stream = b"".join(split(small(), [10], change=long_form))
    assert same(decode(stream), decode(small()))
    assert len(decode_stream(stream).tensors) == 1


def test_a_tensor_in_parts_comes_once():
    opening, *parts = split(small(), [10])
    twice = b"".join([opening, *parts, *parts])
    with pytest.raises(NnrError, match="a tensor name occurs once") as caught:
        decode(twice)
    assert caught.value.place.unit == 4
    with pytest.raises(Refused, match="tensor-name-duplicate") as literal:
        decode_stream(twice)
    assert literal.value.unit == 4


def test_a_fault_is_placed_in_the_part_that_has_it():
    """The last piece is empty, so the stop bit is in the part before it."""
    stream = small()
    payload = bytes(read_units_list(stream)[-1].payload)
    opening, *parts = split(stream, [50, len(payload)])
    whole = b"".join([opening, *parts])
    place = len(opening) + len(parts[0]) + len(parts[1]) - 1
    damaged = bytearray(whole)
    damaged[place] ^= 1
    fast = open_stream(bytes(damaged))
    list(fast.decoded())
    (finding,) = decode_stream(bytes(damaged)).findings
    assert [(f.id, f.place.bit) for f in fast.findings] == [(finding.rule_id, finding.bit)]
    assert finding.bit // 8 == place


def test_the_hash_of_a_parent_is_over_all_parts():
    stream = small()
    states = []
    for data in (stream, b"".join(split(stream, [10, 11]))):
        state = UpdateState()
        decode_stream(data, state=state)
        states.append((open_stream(data).next_state().tensors["w"], state.tensors["w"].payload))
    assert states[0][0].payload_sha256 == states[1][0].payload_sha256
    assert states[0][1] == states[1][1]


def test_a_tensor_in_parts_is_found_through_the_index(monkeypatch):
    stream = encode(MODEL, max_unit_bytes=200, index=True)
    monkeypatch.setattr(catalogue, "read_units", lambda *_, **__: pytest.fail("all was parsed"))
    opened = open_stream(stream)
    assert np.array_equal(opened["numbers"], MODEL["numbers"])
    assert opened.info("fc.weight").unit.size > 200


def test_rows_of_a_tensor_in_parts_are_decoded():
    for options in ({"scan_order": 1}, {"lossless": True}):
        stream = small(max_unit_bytes=150, **options)
        assert np.array_equal(open_stream(stream).rows("w", 3, 11), decode(stream)["w"][3:11])


def test_parts_go_with_out_of_band_dimensions_and_an_index():
    options = {"max_unit_bytes": 150, "index": True}
    stream, given_values = encode_out_of_band(MODEL, **options)
    opened = open_stream(stream, out_of_band=given_values)
    assert same(dict(opened), decode(encode(MODEL)))


def test_streams_for_nncodec_have_no_parts():
    with pytest.raises(UsageError):
        encode(MODEL, compatible=True, max_unit_bytes=1000)


def test_both_decoders_agree_on_damaged_parts():
    stream = b"".join(split(encode({"w": MODEL["fc.weight"][:3, :7]}), [4, 9]))
    accepted = 0
    for place in range(12, len(stream)):
        for flip in (1, 0x20):
            damaged = bytearray(stream)
            damaged[place] ^= flip
            try:
                literal = decode_stream(bytes(damaged), max_weights=1 << 12)
            except Refused:
                with pytest.raises(NnrError):
                    decode(bytes(damaged), limits=Limits(max_tensor_elements=1 << 12))
                continue
            accepted += 1
            found = decode(bytes(damaged))
            assert len(found) == len(literal.tensors)
            for tensor in literal.tensors:
                values = np.array(tensor.values, np.float32)
                assert found[tensor.name].tobytes() == values.tobytes()
    assert accepted > 0
