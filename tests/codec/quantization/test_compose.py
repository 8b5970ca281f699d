"""Clause 10.6: the fast composition gives the bits of the literal one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import local_scaling, recomposition
from nnref.codec.quantization.kernels.recompose import COLUMNS, multiply_in_rank_order
from nnref.spec.process import reconstruct


def numbers(seed, *shape):
    """float32 of very different magnitudes, so that every rounding shows."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) * 2.0 ** rng.integers(-12, 12, shape)).astype(np.float32)


def literal_product(g, h):
    values = reconstruct.recomposition(g.reshape(-1).tolist(), h.reshape(-1).tolist(), *g.shape)
    return np.array(values, np.float32).reshape(g.shape[0], h.shape[1])


@given(st.integers(0, 2**32), *(st.integers(1, 12),) * 3)
@settings(deadline=None, max_examples=60)
def test_products_are_added_in_rank_order_each_rounded_to_binary32(seed, rows, rank, columns):
    g, h = numbers(seed, rows, rank), numbers(seed + 1, rank, columns)
    assert recomposition(g, h).tobytes() == literal_product(g, h).tobytes()


def test_nothing_is_fused():
    """2^-12 squared leaves the product only if it is rounded before it is added."""
    near_one = np.float32(1 + 2.0**-12)
    g, h = np.array([[1, near_one]], np.float32), np.array([[-1], [near_one]], np.float32)
    assert recomposition(g, h)[0, 0] == np.float32(2.0**-11)


def test_columns_beyond_one_tile_are_like_the_others():
    g, h = numbers(1, 3, 4), numbers(2, 4, 2 * COLUMNS + 3)
    assert recomposition(g, h).tobytes() == literal_product(g, h).tobytes()


def test_the_kernel_gives_the_same_bits_without_the_jit():
    g, h = numbers(3, 5, 7), numbers(4, 7, 6)
    product = np.empty((5, 6), np.float32)
    getattr(multiply_in_rank_order, "py_func", multiply_in_rank_order)(g, h, product)
    assert product.tobytes() == recomposition(g, h).tobytes()


def test_factors_of_no_rows_or_columns_have_an_empty_product():
    assert recomposition(numbers(1, 0, 3), numbers(2, 3, 4)).shape == (0, 4)
    assert recomposition(numbers(1, 2, 3), numbers(2, 3, 0)).shape == (2, 0)


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(0, 4), st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_local_scaling_multiplies_whole_rows(seed, rows, columns, depth):
    values, factors = numbers(seed, rows, columns, depth), numbers(seed + 1, rows)
    expected = reconstruct.local_scaling(values.reshape(-1).tolist(), factors.tolist())
    assert local_scaling(values, factors).tobytes() == np.array(expected, np.float32).tobytes()


def test_a_vector_is_scaled_number_by_number():
    assert local_scaling(numbers(1, 4), numbers(1, 4)).tobytes() == (numbers(1, 4) ** 2).tobytes()
