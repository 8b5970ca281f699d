import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import quantization_step, reconstruct_codebook, reconstruct_uniform
from nnref.spec.errors import InvalidError
from tests.codec.quantization.literal import binary32

int32s = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(int32s, max_size=20), st.integers(-128, 127))
@settings(deadline=None)
def test_reconstruction_is_one_binary32_product(q, qp):
    step = quantization_step(qp, 2)
    expected = [binary32(step * binary32(value)) for value in q]
    assert reconstruct_uniform(np.array(q, np.int32), qp, 2).tolist() == expected


def test_reconstruction_rounds_the_parameter_before_the_product():
    q = 2**24 + 3  # binary32 has 2^24 + 4; the exact product with 1.25 rounds elsewhere
    assert reconstruct_uniform(np.array([q], np.int32), 1, 2)[0] == (2**24 + 4) * 1.25
    assert binary32(q * 1.25) != (2**24 + 4) * 1.25


def test_reconstruction_fills_the_given_array():
    q = np.array([[1, -2], [0, 3]], np.int32)
    out = np.empty((2, 2), np.float32)
    assert reconstruct_uniform(q, 0, 2, out) is out
    assert out.tolist() == [[1.0, -2.0], [0.0, 3.0]]


def test_overflow_to_infinity_is_silent():
    q = np.array([2**31 - 1, -(2**31), 0], np.int32)
    assert reconstruct_uniform(q, 120, 0).tolist() == [np.inf, -np.inf, 0.0]
    assert np.isnan(reconstruct_uniform(q, 200, 0)[2])


def test_underflow_gives_signed_zeros():
    tiny = reconstruct_uniform(np.array([1, -1], np.int32), -150, 0)
    assert tiny.tolist() == [0.0, 0.0]
    assert np.signbit(tiny).tolist() == [False, True]


def test_codebook_product_is_rounded_once():
    codebook = (-(2**24) - 3, 0, 2**24 + 3)
    k = np.array([[-1, 0], [1, 1]], np.int32)
    decoded = reconstruct_codebook(k, codebook, 1, 1, 2)
    exact = reconstruct_codebook(k, codebook, 1, 1, 2, dtype="float64")
    assert (decoded.dtype, exact.dtype) == (np.float32, np.float64)
    assert exact.tolist() == [[-(2**24 + 3) * 1.25, 0.0], [(2**24 + 3) * 1.25] * 2]
    assert decoded.tolist() == [[binary32(v) for v in row] for row in exact.tolist()]


@pytest.mark.parametrize("k", [-2, 2])
def test_level_outside_the_codebook_is_refused(k):
    with pytest.raises(InvalidError) as refused:
        reconstruct_codebook(np.array([0, k], np.int32), (1, 2, 3), 1, 0, 2)
    assert refused.value.id == "codebook-index-range"
