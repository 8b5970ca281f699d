"""Dynamic fixed point: formats, rounding, saturation, and the fraction length that suits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.spec.errors import NnrError


def test_numbers_are_rounded_to_even_and_saturate():
    number = FixedPoint(4, 1)
    values = np.array([0.25, 0.75, -0.25, 1.3, 3.5, 3.8, 100, -4.2, -100], np.float32)
    assert number.integers(values).tolist() == [0, 2, 0, 3, 7, 7, 7, -8, -8]
    assert number.values(np.array([7, -8])).tolist() == [3.5, -4.0]
    assert (number.integer_length, number.step, number.least) == (3, 0.5, -8)


@settings(deadline=None)
@given(st.integers(1, 24), st.integers(-104, 127), st.data())
def test_every_number_is_one_of_binary32(width, length, data):
    number = FixedPoint(width, length)
    integer = data.draw(st.integers(number.least, -number.least - 1))
    (value,) = number.values(np.array([integer]))
    assert float(value) == integer * 2.0**-length
    assert number.integers(np.array([value])).tolist() == [integer]


@settings(deadline=None)
@given(st.floats(2.0**-100, 2.0**100), st.integers(2, 24))
def test_format_of_a_range_holds_it_and_no_finer_one_does(largest, width):
    number = FixedPoint.of_range(largest, width)
    top = -number.least * number.step
    assert largest <= top
    if number.fraction_length < 127:
        assert largest > top / 2


def test_fraction_length_of_least_error_lets_outliers_saturate():
    values = np.append(np.random.default_rng(0).normal(0, 0.1, 5000), 1.0).astype(np.float32)
    of_range = FixedPoint.of_range(1.0, 6)
    found = FixedPoint.of_least_error(values, 6)
    assert found.fraction_length > of_range.fraction_length

    def error(number):
        return np.sum((values - number.values(number.integers(values))) ** 2)

    lengths = range(of_range.fraction_length, of_range.fraction_length + 5)
    assert error(found) == min(error(FixedPoint(6, length)) for length in lengths)
    often = np.where(values == 1.0, 10**6, 1)
    assert FixedPoint.of_least_error(values, 6, often) == of_range


@pytest.mark.parametrize("largest", [0.0, 1e-45, 3e38])
def test_numbers_of_any_size_have_a_format(largest):
    values = np.array([0.0, -largest], np.float32)
    number = FixedPoint.of_least_error(values, 8)
    assert np.isfinite(number.values(number.integers(values))).all()


@pytest.mark.parametrize(
    ("width", "length"), [(0, 0), (25, 0), (8, -105), (8, 128), (8.0, 0), (True, 0), ("8", 0)]
)
def test_formats_that_are_none_are_refused(width, length):
    with pytest.raises(NnrError) as caught:
        FixedPoint(width, length)
    assert caught.value.id == "setting-unknown"
