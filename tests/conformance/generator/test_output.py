"""The literal output conversion and the codec's agree on every number and format."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.formats import from_carrier
from nnref.codec.model.tensors import ITEM_BYTES
from nnref.conformance.generator.output import output_of
from nnref.spec.process import DecodedTensor
from nnref.spec.tables.enums import PayloadType
from nnref.spec.tables.formats import DATA_FORMATS, PRIVATE_FORMAT_BASE, VALUE

CODES = [PRIVATE_FORMAT_BASE + n for n, f in DATA_FORMATS.items() if f.dtype in ITEM_BYTES]
INT32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, 1 << 24 | 1, -(1 << 30) - 1])
NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
TIE = (1 << 30) + (1 << 22) + 1
"""Rounded to binary32 it lies between two bfloat16 numbers; by itself it is above the middle."""


def literal(values, code, payload_type, dimensions):
    tensor = DecodedTensor(0, "w", "weight", dimensions, int(payload_type), code, values)
    return output_of(tensor)


def assert_agree(values, code, payload_type, dtype):
    dimensions = [2, len(values) // 2]
    expected = literal(values, code, payload_type, dimensions)
    array = from_carrier(np.array(values, dtype).reshape(dimensions), code, payload_type)
    assert (array.dtype.name, array.shape) == (expected.dtype, expected.shape)
    assert array.tobytes() == expected.data


@pytest.mark.parametrize("code", CODES)
@settings(deadline=None, max_examples=60)
@given(values=st.lists(INT32, min_size=4, max_size=4))
def test_integers_come_out_alike(code, values):
    assert_agree(values, code, PayloadType.NNR_PT_INT, np.int32)


@pytest.mark.parametrize("code", [c for c in CODES if DATA_FORMATS[c % 32].carriage == VALUE])
@settings(deadline=None, max_examples=100)
@given(
    values=st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=4, max_size=4
    )
)
def test_numbers_come_out_alike(code, values):
    assert_agree(values, code, PayloadType.NNR_PT_FLOAT, np.float32)


@pytest.mark.parametrize("code", [72, 74, 75, 76])
def test_every_number_of_a_narrow_type_and_the_middles_come_out_alike(code):
    dtype = np.dtype(from_carrier(np.zeros(1, np.float32), code, 1).dtype)
    patterns = np.arange(1 << 8 * dtype.itemsize, dtype=f"u{dtype.itemsize}").view(dtype)
    numbers = np.sort(patterns.astype(np.float32)[np.isfinite(patterns.astype(np.float32))])[::7]
    middles = ((numbers[:-1].astype(np.float64) + numbers[1:]) / 2).astype(np.float32)
    values = [float(v) for v in np.concatenate([numbers, middles]) if np.isfinite(v)][:4000]
    assert_agree(values[: len(values) // 2 * 2], code, PayloadType.NNR_PT_FLOAT, np.float32)


def test_integers_are_rounded_once():
    assert literal([TIE, 0], 64 + 10, PayloadType.NNR_PT_INT, [2]).data[:2] == b"\x81\x4e"
    assert_agree([TIE, -TIE], 64 + 10, PayloadType.NNR_PT_INT, np.int32)


def test_words_are_joined_high_word_first():
    made = literal([1, -1, 2, 3], 64 + 18, PayloadType.NNR_PT_INT, [2, 2])
    assert (made.dtype, made.shape) == ("int64", (2,))
    assert struct.unpack("<2q", made.data) == ((1 << 32) + 2, -(1 << 32) + 3)
