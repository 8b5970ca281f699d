"""Clause 10.7: every dtype and shape survives its carrier."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnref.codec.formats import from_carrier, output_info, to_carrier
from nnref.spec.errors import InvalidError, UnsupportedError, UsageError
from nnref.spec.tables.enums import PayloadType

INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
FLOATS = [np.float32, np.float16, np.float64, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn]


def carried(array, **options):
    carrier = to_carrier(array, **options)
    assert carrier.values.dtype in (np.float32, np.int32)
    return from_carrier(carrier.values, carrier.format_code, carrier.payload_type)


@given(
    st.sampled_from(INTEGERS).flatmap(
        lambda code: hnp.arrays(code, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    )
)
def test_integers_of_any_width_and_shape_come_back(array):
    decoded = carried(array)
    assert decoded.dtype == array.dtype
    assert decoded.shape == array.shape
    assert np.array_equal(decoded, array)


@given(
    st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
        lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    )
)
def test_lossless_floats_keep_every_bit_even_of_nan(array):
    decoded = carried(array, lossless=True)
    assert decoded.dtype == array.dtype
    assert decoded.shape == array.shape
    assert decoded.tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3)])
def test_float_values_come_back_in_type_and_shape(kind, shape):
    array = np.full(shape, 1.5, dtype=kind)
    decoded = carried(array)
    assert decoded.dtype == array.dtype
    assert decoded.shape == shape
    assert np.array_equal(decoded, array)


def test_every_pattern_of_an_8_bit_float_is_lossless():
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "float8_e4m3fnuz"):
        array = np.arange(256, dtype=np.uint8).view(getattr(ml_dtypes, name))
        assert carried(array, lossless=True).tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.float8_e4m3fn])
def test_rounding_beyond_the_largest_number_makes_no_infinity_or_nan(kind):
    code = to_carrier(np.zeros(1, dtype=kind)).format_code
    decoded = from_carrier(np.float32([1e30, -1e30]), code, PayloadType.NNR_PT_FLOAT)
    largest = np.float32(ml_dtypes.finfo(kind).max)
    assert np.array_equal(decoded.astype(np.float32), [largest, -largest])


def test_float32_and_int32_need_no_format_element():
    assert to_carrier(np.zeros(3, np.float32)).format_code is None
    assert to_carrier(np.zeros(3, np.int32)).format_code is None


def test_float64_beyond_binary32_cannot_be_quantized():
    with pytest.raises(UsageError) as caught:
        to_carrier(np.array([1e300]))
    assert caught.value.id == "tensor-out-of-range"


def test_complex_tensors_have_no_coded_form():
    with pytest.raises(UsageError) as caught:
        to_carrier(np.zeros(2, np.complex64))
    assert caught.value.id == "tensor-dtype-unsupported"


@pytest.mark.parametrize("code", [10, 31, 63, 64 + 28, 127])
def test_unregistered_formats_are_unsupported(code):
    with pytest.raises(UnsupportedError) as caught:
        output_info(code, PayloadType.NNR_PT_INT, (2,))
    assert caught.value.id == "data-format-reserved"


@pytest.mark.parametrize(
    ("code", "payload_type", "dimensions"),
    [
        (64 + 18, PayloadType.NNR_PT_INT, (3, 4)),
        (64 + 18, PayloadType.NNR_PT_INT, ()),
        (64 + 21, PayloadType.NNR_PT_FLOAT, (3,)),
        (64 + 32 + 1, PayloadType.NNR_PT_FLOAT, (2,)),
    ],
)
def test_a_format_that_does_not_fit_the_unit_is_invalid(code, payload_type, dimensions):
    with pytest.raises(InvalidError) as caught:
        output_info(code, payload_type, dimensions)
    assert caught.value.id == "data-format-conflict"


def test_float_numbers_in_an_integer_format_are_rounded_and_kept_in_range():
    decoded = from_carrier(np.float32([1.5, 2.5, 300.0, -300.0]), 5, PayloadType.NNR_PT_FLOAT)
    assert decoded.dtype == np.int8
    assert decoded.tolist() == [2, 2, 127, -128]
