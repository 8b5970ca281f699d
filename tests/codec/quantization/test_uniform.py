import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import quantization_step, quantize_uniform
from nnref.codec.quantization.kernels.uniform import round_to_grid, squared_error
from nnref.codec.quantization.scan import to_scan
from nnref.codec.quantization.step import inverse_step32
from nnref.spec.errors import UsageError
from tests.codec.quantization import literal
from tests.codec.quantization.material import STEPS, weights_around


@given(st.sampled_from(STEPS), st.integers(0, 2**32 - 1), st.integers(0, 200))
@settings(deadline=None, max_examples=200)
def test_uniform_equals_its_literal_twin(step, seed, size):
    weights = weights_around(quantization_step(*step), size, seed)
    expected = literal.uniform(weights.tolist(), quantization_step(*step))
    assert quantize_uniform(weights, *step).q.tolist() == expected
    q = np.empty(size, np.int32)
    getattr(round_to_grid, "py_func", round_to_grid)(weights, inverse_step32(*step), q)
    assert q.tolist() == expected


def test_halves_are_rounded_away_from_zero_and_their_neighbours_are_not():
    weights = np.array([0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, -0.49999997], np.float32)
    assert quantize_uniform(weights, 0, 2).q.tolist() == [1, -1, 2, 3, -3, 0, 0]


def test_largest_quantized_parameters_survive():
    weights = np.array([[-(2.0**31), 2.0**31 - 128]], np.float32)
    result = quantize_uniform(weights, 0, 2)
    assert result.q.tolist() == [[-(2**31), 2**31 - 128]]
    assert (result.qp, result.q.dtype, result.q.shape) == (0, np.int32, (1, 2))


def test_overflow_is_refused_with_a_qp_that_fits():
    weights = np.array([1.0, 2.0**31], np.float32)
    with pytest.raises(UsageError, match="qp 1 or larger") as refused:
        quantize_uniform(weights, 0, 2)
    assert refused.value.id == "tensor-out-of-range"
    assert quantize_uniform(weights, 1, 2).qp == 1


@pytest.mark.parametrize(("peak", "qp", "q"), [(2.0**31, 1, 1717986944), (1e38, 381, 2019483904)])
def test_compatible_overflow_takes_the_qp_of_the_peer(peak, qp, q):
    result = quantize_uniform(np.array([peak], np.float32), 0, 2, on_overflow="compatible")
    assert (result.qp, result.q.tolist()) == (qp, [q])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    with pytest.raises(UsageError) as refused:
        quantize_uniform(np.array([1.0, value], np.float32), 0, 2)
    assert refused.value.id == "tensor-not-finite"


def test_step_that_is_not_normal_is_refused():
    with pytest.raises(UsageError) as refused:
        quantize_uniform(np.zeros(1, np.float32), -127, 0)
    assert refused.value.id == "step-out-of-range"


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_squared_error_is_summed_in_order(seed):
    weights = to_scan(weights_around(0.25, 50, seed), 0)
    q = np.random.default_rng(seed).integers(-9, 9, 50).astype(np.int32)
    total = 0.0
    for w, level in zip(weights.tolist(), q.tolist(), strict=True):
        total += (w - 0.25 * level) * (w - 0.25 * level)
    assert squared_error(weights, q, np.float32(0.25)) == total
    assert getattr(squared_error, "py_func", squared_error)(weights, q, np.float32(0.25)) == total
