"""Comparison of decoded tensors with those of a model."""

from math import inf

import ml_dtypes
import numpy as np
import pytest

from nnref.tools.cli.comparison import Bounds, compare

FREE = Bounds()


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", ml_dtypes.bfloat16, "int64", "uint8", "bool"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3, 4)])
def test_equal_bytes_are_identical(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    found = compare("a", array, array.copy(), Bounds(min_sqnr=500, max_error=0))
    assert found.identical
    assert found.problems == ()
    assert (found.max_error, found.sqnr) == (0, inf)


def test_measures_are_those_of_the_whole_tensor():
    expected = np.arange(8, dtype=np.float32).reshape(2, 4)
    decoded = expected.copy()
    decoded[0, 0], decoded[1, 3] = 0.5, 9
    found = compare("a", expected, decoded, FREE)
    assert found.max_error == 2
    assert found.sqnr == pytest.approx(10 * np.log10(140 / 4.25))
    assert not found.identical
    assert found.problems == ()


def test_bounds_are_asked_of_each_tensor():
    expected = np.array([100, 1], np.float32)
    decoded = np.array([100, 2], np.float32)
    assert compare("a", expected, decoded, Bounds(min_sqnr=39, max_error=1)).problems == ()
    assert compare("a", expected, decoded, FREE).problems == ()
    low, far = compare("a", expected, decoded, Bounds(min_sqnr=41, max_error=0.5)).problems
    assert low == "SQNR 40.00 dB is below 41 dB"
    assert far == "error 1 is above 0.5"


def test_shape_and_dtype_must_agree():
    ones = np.ones((2, 3), np.float32)
    (shape,) = compare("a", ones, ones.reshape(3, 2), FREE).problems
    assert shape == "shape [3, 2] instead of [2, 3]"
    (dtype,) = compare("a", ones, ones.astype(np.float16), FREE).problems
    assert dtype == "dtype float16 instead of float32"


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_integers_must_be_equal(dtype):
    found = compare("a", np.array([0, 1], dtype), np.array([1, 1], dtype), FREE)
    assert found.problems == ("integers differ",)


def test_floats_must_be_nearer_than_zeros():
    values = np.array([1, -2], np.float32)
    assert compare("a", values, 0 * values, FREE).problems == ()
    (problem,) = compare("a", values, -values, FREE).problems
    assert problem == "SQNR -6.02 dB: zeros would be nearer"
    (problem,) = compare("a", 0 * values, values, FREE).problems
    assert problem == "SQNR -inf dB: zeros would be nearer"


def test_non_finite_values_must_stay_where_they_are():
    expected = np.array([np.nan, np.inf, 1], np.float32)
    moved = np.array([np.nan, 1, np.inf], np.float32)
    assert compare("a", expected, moved, FREE).problems == ("NaN or infinities differ",)
    kept = np.array([np.nan, np.inf, 1.5], np.float32)
    found = compare("a", expected, kept, FREE)
    assert found.problems == ()
    assert found.max_error == 0.5


def test_equal_numbers_of_other_bits_are_not_identical():
    found = compare("a", np.array([0.0], np.float32), np.array([-0.0], np.float32), FREE)
    assert not found.identical
    assert found.problems == ()
