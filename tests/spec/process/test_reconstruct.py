"""Reconstruction against the arithmetic of numpy and of fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnref.spec.process import reconstruct
from nnref.spec.process.data_unit import Codebook
from nnref.spec.process.reconstruct import BINARY32, BINARY64, Step, rounded
from nnref.spec.process.refused import Refused

INT32 = st.integers(-(2**31), 2**31 - 1)


def same(one, other):
    return np.float64(one).tobytes() == np.float64(other).tobytes()


@given(st.integers(-(2**53), 2**53), st.integers(-250, 150))
def test_rounding_to_binary32_is_that_of_the_machine(significand, exponent):
    with np.errstate(over="ignore", under="ignore"):
        expected = np.float32(float(significand) * 2.0**exponent)
    assert same(rounded(significand, exponent, BINARY32), expected)


@given(st.integers(-(2**80), 2**80), st.integers(-1200, 900))
def test_rounding_to_binary64_is_that_of_fractions(significand, exponent):
    expected = float(Fraction(significand) * Fraction(2) ** exponent)
    got = rounded(significand, exponent, BINARY64)
    assert same(got, expected) or got == expected == 0


def test_beyond_the_largest_number_is_infinity():
    assert rounded(1, 128, BINARY32) == float("inf")
    assert rounded(-(2**25 - 1), 103, BINARY32) == -float("inf")
    assert rounded(2**24 - 1, 104, BINARY32) == float(np.finfo(np.float32).max)
    assert rounded(1, 1024, BINARY64) == float("inf")


@pytest.mark.parametrize(
    ("density", "qp", "step"),
    [
        (2, -12, 0.125),
        (2, -38, 0.00146484375),
        (2, -75, 2.384185791015625e-06),
        (3, -24, 0.125),
        (0, 5, 32.0),
        (2, 0, 1.0),
    ],
)
def test_step(density, qp, step):
    assert rounded(*reconstruct.quantization_step(qp, density), BINARY64) == step


@given(st.lists(INT32, min_size=1, max_size=8), st.integers(-2000, 2000), st.integers(0, 7))
def test_uniform_reconstruction_is_one_binary32_product(quantized, qp, density):
    step = reconstruct.quantization_step(qp, density)
    exact = float(Fraction(step.significand) * Fraction(2) ** step.exponent) if qp < 900 else np.inf
    with np.errstate(all="ignore"):
        step32 = np.float32(exact) if density or qp < 900 else np.float32(np.inf)
        if density and qp >= 900:
            step32 = np.float32(rounded(*step, BINARY32))
        expected = step32 * np.array(quantized, np.int32).astype(np.float32)
    got = np.array(reconstruct.uniform_reconstruction(quantized, step), np.float32)
    assert np.array_equal(got, expected, equal_nan=True)
    assert np.array_equal(np.signbit(got), np.signbit(expected)) or np.isnan(expected).any()


@given(st.lists(INT32, min_size=1, max_size=8, unique=True), st.integers(-600, 600))
def test_codebook_reconstruction_rounds_the_exact_product_once(entries, qp):
    step = reconstruct.quantization_step(qp, 2)
    book = Codebook(sorted(entries), 0)
    levels = list(range(len(entries)))
    exact = [float(entry * Fraction(*step32(step))) for entry in book.values]
    assert reconstruct.codebook_reconstruction(levels, book, step, BINARY64) == exact
    with np.errstate(over="ignore", under="ignore"):
        expected = [float(np.float32(value)) for value in exact]
    assert reconstruct.codebook_reconstruction(levels, book, step, BINARY32) == expected


def step32(step: Step):
    value = Fraction(step.significand) * Fraction(2) ** step.exponent
    return value.numerator, value.denominator


@pytest.mark.parametrize(
    ("level", "state", "quantized"), [(3, 0, 6), (3, 5, 5), (-3, 1, -5), (0, 3, 0)]
)
def test_dependent_quantization_uses_odd_multiples_in_odd_states(level, state, quantized):
    assert reconstruct.quantized_parameter(level, state) == quantized


def test_quantized_parameter_that_does_not_fit_is_refused():
    assert reconstruct.quantized_parameter(-(2**30), 0) == -(2**31)
    with pytest.raises(Refused, match="level-overflow"):
        reconstruct.quantized_parameter(2**30, 0)
