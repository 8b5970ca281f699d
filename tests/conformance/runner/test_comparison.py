"""The first difference, for every data type."""

import ml_dtypes
import numpy as np
import pytest

from nnref.conformance.runner import first_difference


def difference(right, found, **more):
    return first_difference({"t": right}, {"t": found}, **more)


@pytest.mark.parametrize(
    "dtype",
    [np.float16, np.float32, np.float64, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn,
     ml_dtypes.float8_e5m2, np.int8, np.uint64, np.bool_],
)  # fmt: skip
def test_equal_bytes_are_equal_in_every_type(dtype):
    array = np.array([[0, 1], [1, 0]]).astype(dtype)
    assert difference(array, array.copy()) is None


def test_neighbour_is_one_ulp_away_also_across_zero():
    right = np.array([1.0, 0.0], np.float32)
    up = np.nextafter(right, np.float32(2))
    assert difference(right, np.array([up[0], 0], np.float32)).ulps == 1
    smallest = np.array([1.0, -1e-45], np.float32)
    found = difference(np.array([1.0, 1e-45], np.float32), smallest)
    assert (found.index, found.ulps) == ((1,), 2)


def test_signs_of_zero_differ_by_no_ulp_and_are_a_difference():
    found = difference(np.zeros(2, np.float32), np.array([0.0, -0.0], np.float32))
    assert (found.ulps, found.value, found.expected) == (0, "-0.0", "0.0")


def test_nan_has_no_distance_but_equals_its_own_bits():
    nan = np.array([np.nan], np.float32)
    assert difference(nan, nan.copy()) is None
    assert difference(nan, np.ones(1, np.float32)).ulps is None


def test_index_is_that_of_the_first_difference_in_row_major_order():
    right = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    found = right.copy()
    found[1, 2, 0] += 5
    found[0, 1, 3] -= 2
    first = difference(right, found)
    assert (first.index, first.ulps, first.differing) == ((0, 1, 3), 2, 2)
    assert first.as_dict()["index"] == [0, 1, 3]


def test_scalar_has_an_empty_index():
    assert difference(np.array(3, np.int8), np.array(4, np.int8)).index == ()


def test_shape_and_type_count_also_where_the_bytes_are_equal():
    right = np.zeros((2, 3), np.float32)
    assert "shape" in difference(right, right.reshape(3, 2)).text
    assert "int32" in difference(right, right.view(np.int32)).text


def test_names_count_and_their_order_does_not():
    one, two = np.zeros(1), np.ones(1)
    assert first_difference({"a": one, "b": two}, {"b": two, "a": one}) is None
    assert first_difference({"a": one, "b": two}, {"a": one}).text == "missing: 'b'"
    surplus = first_difference({"a": one}, {"a": one, "c": two})
    assert (surplus.tensor, surplus.text) == ("c", "not in the stream: 'c'")


def test_npz_may_hold_bfloat16_as_the_float32_of_the_same_value():
    right = np.array([1.5, -2], ml_dtypes.bfloat16)
    widened = right.astype(np.float32)
    assert difference(right, widened, file_format="npz") is None
    assert difference(right, widened) is not None
    assert difference(right, widened + 1, file_format="npz").tensor == "t"
