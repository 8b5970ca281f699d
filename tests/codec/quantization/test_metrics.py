import math

import ml_dtypes
import numpy as np
import pytest

from nnref.codec.quantization import max_abs_error, sqnr_db
from nnref.codec.quantization.metrics import distance


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16, np.int8, np.int64, np.uint64]
)
def test_sqnr_of_any_dtype(dtype):
    original = np.full((300, 300), 10, dtype)
    decoded = original.copy()
    decoded[:, ::2] = 11
    assert sqnr_db(original, decoded) == pytest.approx(10 * math.log10(200))
    assert max_abs_error(original, decoded) == 1.0


def test_integer_errors_are_exact_beyond_binary64():
    original = np.array([2**63 - 1, -(2**63)], np.int64)
    assert max_abs_error(original, original - np.array([1, 0])) == 1.0
    assert max_abs_error(original, original[::-1].copy()) == 2.0**64


def test_sqnr_of_equal_and_empty_tensors_is_infinite():
    for tensor in (np.zeros(3), np.zeros((0, 4)), np.array(np.nan), np.array([np.inf, 1.0])):
        assert sqnr_db(tensor, tensor.copy()) == math.inf
        assert max_abs_error(tensor, tensor.copy()) == 0.0


def test_sqnr_of_an_error_on_zero_or_infinity_is_minus_infinite():
    for a, b in [(0.0, 1.0), (np.inf, 1.0), (1.0, np.nan), (np.inf, -np.inf)]:
        assert sqnr_db(np.array([a]), np.array([b])) == -math.inf
    assert max_abs_error(np.array([np.nan]), np.array([1.0])) == math.inf


def test_float32_gives_what_other_types_give():
    numbers = [0.0, -0.0, 1.0, -2.5, 1e-40, 3e38, -3e38, np.inf, -np.inf, np.nan]
    original = np.repeat(np.float32(numbers), len(numbers))
    decoded = np.tile(np.float32(numbers), len(numbers))
    for a, b in zip(original, decoded, strict=True):
        narrow = distance(np.array([a]), np.array([b]))
        wide = distance(np.array([a], np.float64), np.array([b], np.float64))
        assert narrow == wide


def test_long_sums_keep_their_digits():
    values = np.full(1 << 20, 0.1, np.float32)
    expected = float(np.float32(0.1)) ** 2 * values.size
    assert distance(values, values).signal == pytest.approx(expected, rel=1e-13)


def test_different_shapes_are_a_defect_of_the_caller():
    with pytest.raises(ValueError, match="shapes differ"):
        sqnr_db(np.zeros(3), np.zeros((3, 1)))
