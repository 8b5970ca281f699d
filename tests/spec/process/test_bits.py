"""Descriptors, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnref.spec.process.bits import BitReader
from nnref.spec.process.refused import Refused
from tests.spec.process.streams import bit_bytes


def reader(*fields):
    return BitReader(bit_bytes(*fields))


@pytest.mark.parametrize(
    ("order", "code", "value"),
    [
        (0, "1", 0),
        (0, "010", 1),
        (0, "00101", 4),
        (1, "0101", 3),
        (2, "01001", 5),
        (7, "0111111111", 383),
        (7, "001000000000", 384),
        (11, "100010010011", 147),
    ],
)
def test_exp_golomb_code(order, code, value):
    bits = reader(code)
    assert (bits.ue(order, ""), bits.position) == (value, len(code))


@pytest.mark.parametrize(
    ("order", "code", "value"),
    [(2, "100", 0), (2, "101", 1), (2, "110", -1), (2, "01100", -4), (7, "001100101010", -341)],
)
def test_signed_exp_golomb_code(order, code, value):
    assert reader(code).ie(order, "") == value


@given(st.integers(0, 1 << 34), st.integers(0, 15))
def test_exp_golomb_code_is_prefix_of_zeros_one_and_rest(value, order):
    rest, zeros = value, 0
    while rest >= 1 << (order + zeros):
        rest -= 1 << (order + zeros)
        zeros += 1
    code = "0" * zeros + "1" + (f"{rest:0{order + zeros}b}" if order + zeros else "")
    bits = reader(code, "0" * 8)
    if zeros <= 32:
        assert bits.ue(order, "") == value
        assert bits.position == len(code)
    else:
        with pytest.raises(Refused, match="exp-golomb-too-long"):
            bits.ue(order, "")


@pytest.mark.parametrize(("value", "bits"), [(0, 13), (-1, 13), (-38, 13), (4095, 13), (-4096, 13)])
def test_two_s_complement(value, bits):
    assert reader((bits, value)).i(bits, "") == value


def test_float_is_little_endian_and_need_not_be_aligned():
    bits = reader("101", (32, 0x0000C03F))
    assert bits.u(3, "") == 5
    assert bits.flt("") == 1.5


@pytest.mark.parametrize(
    ("before", "fill", "findings"),
    [
        (3, "10000", []),
        (0, "10000000", []),
        (7, "1", []),
        (3, "00000", ["alignment-bit-not-one"]),
        (3, "10010", ["alignment-bits-not-zero"]),
    ],
)
def test_byte_alignment_takes_at_least_one_bit(before, fill, findings):
    bits = reader("0" * before, fill)
    bits.bits(before)
    bits.byte_alignment()
    assert bits.position == 8
    assert [finding.rule_id for finding in bits.findings] == findings


def test_string_ends_with_its_zero_byte():
    bits = BitReader("gewicht.µ".encode() + b"\0rest")
    assert bits.st("") == "gewicht.µ"
    assert bits.position == 8 * 11


def test_string_off_the_byte_boundary_is_refused():
    bits = BitReader(b"w\0")
    bits.bit()
    with pytest.raises(Refused, match="string-not-aligned"):
        bits.st("")


def test_element_beyond_its_unit_is_refused_where_it_starts():
    bits = BitReader(bytes(4))
    bits.end = 20
    bits.u(15, "")
    with pytest.raises(Refused) as caught:
        bits.u(6, "")
    assert (caught.value.rule_id, caught.value.bit) == ("unit-element-truncated", 15)
