"""Clause 5: every descriptor against worked examples, and as its own inverse."""

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.spec.errors import NnrError
from nnref.spec.syntax.bits import BitReader, BitWriter, bits_from_float, float_from_bits

EXAMPLES = [
    ("u", 3, 5, "101"),
    ("i", 13, 0, "0000000000000"),
    ("i", 13, -1, "1111111111111"),
    ("i", 13, -38, "1111111011010"),
    ("i", 13, 4095, "0111111111111"),
    ("i", 13, -4096, "1000000000000"),
    ("ue", 0, 0, "1"),
    ("ue", 0, 1, "010"),
    ("ue", 0, 4, "00101"),
    ("ue", 1, 0, "10"),
    ("ue", 1, 1, "11"),
    ("ue", 1, 2, "0100"),
    ("ue", 1, 3, "0101"),
    ("ue", 1, 7, "001001"),
    ("ue", 2, 5, "01001"),
    ("ue", 7, 0, "10000000"),
    ("ue", 7, 127, "11111111"),
    ("ue", 7, 128, "0100000000"),
    ("ue", 7, 383, "0111111111"),
    ("ue", 7, 384, "001000000000"),
    ("ue", 11, 147, "100010010011"),
    ("ie", 2, 0, "100"),
    ("ie", 2, 1, "101"),
    ("ie", 2, -1, "110"),
    ("ie", 2, 2, "111"),
    ("ie", 2, -2, "01000"),
    ("ie", 2, 4, "01011"),
    ("ie", 2, -4, "01100"),
    ("ie", 7, 64, "11111111"),
    ("ie", 7, -64, "0100000000"),
    ("ie", 7, -341, "001100101010"),
]


def reader(data, start=0):
    return BitReader(memoryview(data), start, len(data))


def written(*calls):
    """(bytes with zeros behind, number of bits) of a sequence of writer calls."""
    bits = BitWriter()
    for method, *arguments in calls:
        getattr(bits, method)(*arguments)
    length = bits.position
    if length % 8:
        bits.u(0, -length % 8)
    return bits.getvalue(), length


@pytest.mark.parametrize(("method", "parameter", "value", "expected"), EXAMPLES)
def test_worked_examples_are_written_and_read(method, parameter, value, expected):
    data, length = written((method, value, parameter))
    assert f"{int.from_bytes(data, 'big'):0{8 * len(data)}b}"[:length] == expected
    bits = reader(data)
    assert getattr(bits, method)(parameter) == value
    assert bits.position == length


def test_flt_is_little_endian_and_needs_no_byte_boundary():
    assert written(("flt", 1.5))[0].hex() == "0000c03f"
    data, _ = written(("u", 1, 3), ("flt", -2.0), ("u", 5, 5))
    bits = reader(data)
    assert (bits.u(3), bits.flt(), bits.u(5)) == (1, -2.0, 5)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_every_binary32_pattern_survives(pattern):
    value = float_from_bits(pattern)
    assert bits_from_float(value) == pattern
    if not math.isnan(value):
        assert value == struct.unpack("<f", struct.pack("<I", pattern))[0]


def test_signalling_nan_keeps_its_payload():
    assert bits_from_float(float_from_bits(0x7F800001)) == 0x7F800001


def test_byte_alignment_takes_a_whole_byte_when_already_aligned():
    assert written(("alignment",))[0].hex() == "80"
    assert written(("u", 5, 3), ("alignment",))[0].hex() == "b0"
    assert reader(b"\x80").alignment() == (0x80, 8)
    bits = reader(b"\xb0")
    bits.u(3)
    assert bits.alignment() == (0b10000, 5)


def test_string_is_utf8_and_ends_with_a_zero_byte():
    data, _ = written(("st", "wé"))
    assert data == "wé".encode() + b"\0"
    assert reader(data).st(100) == "wé"


@pytest.mark.parametrize(
    ("data", "limit", "rule"),
    [
        (b"abc", 100, "string-unterminated"),
        (b"a" * 70, 100, "string-unterminated"),
        (b"\xff\0", 100, "string-not-utf8"),
        (b"\xed\xa0\x80\0", 100, "string-not-utf8"),
        (b"abc\0", 2, "limit-name-bytes"),
        (b"a" * 70 + b"\0", 69, "limit-name-bytes"),
        (b"a" * 70, 69, "limit-name-bytes"),
    ],
)
def test_bad_string_is_refused(data, limit, rule):
    with pytest.raises(NnrError) as caught:
        reader(data).st(limit)
    assert caught.value.id == rule


def test_string_of_exactly_the_limit_is_read():
    assert reader(b"a" * 100 + b"\0").st(100) == "a" * 100
    assert reader(b"abc\0").st(3) == "abc"


def test_string_off_a_byte_boundary_is_refused():
    bits = reader(b"\0\0")
    bits.u(1)
    with pytest.raises(NnrError) as caught:
        bits.st(10)
    assert caught.value.id == "string-not-aligned"


def test_exp_golomb_prefix_of_32_zeros_is_read_and_of_33_refused():
    largest = 2**33 - 2
    data, length = written(("ue", largest, 0))
    assert length == 65
    assert reader(data).ue(0) == largest
    with pytest.raises(NnrError) as caught:
        reader(b"\0\0\0\0\x40" + bytes(8)).ue(0)
    assert caught.value.id == "exp-golomb-too-long"


@pytest.mark.parametrize("method", ["u", "i", "ue", "ie"])
def test_reading_past_the_end_is_refused(method):
    with pytest.raises(NnrError) as caught:
        getattr(reader(b"\0"), method)(9)
    assert caught.value.id == "unit-element-truncated"


def test_limit_puts_back_what_was_looked_at():
    data = bytes(range(64))
    bits = reader(data)
    bits.u(16)
    bits.limit(4)
    assert (bits.remaining, bits.rest()) == (16, data[2:4])
    with pytest.raises(NnrError):
        bits.u(1)


@pytest.mark.parametrize(
    ("method", "value", "parameter"),
    [
        ("u", 8, (3,)),
        ("u", -1, (3,)),
        ("i", 4096, (13,)),
        ("i", -4097, (13,)),
        ("ue", -1, (0,)),
        ("ue", 2**33 - 1, (0,)),
        ("ie", 2**32, (0,)),
        ("u", "1", (3,)),
        ("u", 1.0, (3,)),
        ("flt", 1e39, ()),
        ("flt", "x", ()),
        ("st", b"x", ()),
        ("bs", "x", ()),
    ],
)
def test_value_that_does_not_fit_is_refused(method, value, parameter):
    with pytest.raises(NnrError) as caught:
        getattr(BitWriter(), method)(value, *parameter)
    assert caught.value.id == "element-value"


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_name_that_no_string_can_hold_is_refused(name):
    with pytest.raises(NnrError) as caught:
        BitWriter().st(name)
    assert caught.value.id == "tensor-name-unsupported"


CALLS = st.one_of(
    st.integers(1, 600).flatmap(
        lambda n: st.tuples(st.just("u"), st.integers(0, 2**n - 1), st.just(n))
    ),
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(
            st.just("i"), st.integers(-(2 ** (n - 1)), 2 ** (n - 1) - 1), st.just(n)
        )
    ),
    st.tuples(st.just("ue"), st.integers(0, 2**33 - 2), st.integers(0, 15)),
    st.tuples(st.just("ie"), st.integers(-(2**32) + 1, 2**32 - 1), st.integers(0, 15)),
)


@given(st.lists(CALLS, max_size=60))
@settings(deadline=None)
def test_any_sequence_of_elements_reads_back(calls):
    data, length = written(*calls)
    bits = reader(b"\xaa" + data, start=1)
    for method, value, parameter in calls:
        assert getattr(bits, method)(parameter) == value
    assert bits.position == length + 8
