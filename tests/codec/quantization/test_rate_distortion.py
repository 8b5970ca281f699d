import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import (
    quantization_step,
    quantize_dependent,
    quantize_dependent_rd,
    quantize_uniform,
    quantize_uniform_rd,
)
from nnref.codec.quantization.scan import matrix_view, to_scan
from nnref.spec.errors import UsageError
from tests.codec.quantization import literal, literal_rates
from tests.codec.quantization.material import STEPS, weights_around

steps = st.sampled_from(STEPS)
seeds = st.integers(0, 2**32 - 1)
lambdas = st.sampled_from([1e-3, 0.1, 0.3, 1.0, 1.5, 20.0])
lengths = st.sampled_from([1, 2, 10])
both = pytest.mark.parametrize("quantize", [quantize_uniform_rd, quantize_dependent_rd])


@given(steps, seeds, st.integers(0, 80), lambdas, lengths)
@settings(deadline=None, max_examples=60)
def test_rounding_with_rates_equals_its_literal_twin(step, seed, size, scale, length):
    value = quantization_step(*step)
    weights = weights_around(value, size, seed)
    result = quantize_uniform_rd(weights, *step, lambda_scale=scale, unary_length=length)
    assert result.q.tolist() == literal_rates.uniform(weights.tolist(), value, scale, length)


@given(steps, seeds, st.integers(0, 60), lambdas, lengths)
@settings(deadline=None, max_examples=60)
def test_trellis_with_rates_equals_its_literal_twin(step, seed, size, scale, length):
    value = quantization_step(*step)
    weights = weights_around(value, size, seed)
    result = quantize_dependent_rd(weights, *step, lambda_scale=scale, unary_length=length)
    assert result.q.tolist() == literal_rates.trellis(weights.tolist(), value, scale, length)


@both
@given(st.lists(st.integers(1, 20), min_size=1, max_size=3).map(tuple), st.integers(0, 4), seeds)
@settings(deadline=None, max_examples=25)
def test_rates_adapt_along_the_scan(quantize, shape, scan_order, seed):
    weights = weights_around(0.25, int(np.prod(shape)), seed).reshape(shape)
    rates = {"lambda_scale": 1.0, "unary_length": 10}
    q = quantize(weights, -8, 2, scan_order=scan_order, **rates).q
    positions = literal.scan_positions(*matrix_view(shape), scan_order)
    scanned = weights.reshape(-1)[positions]
    assert to_scan(q, scan_order).tolist() == quantize(scanned, -8, 2, **rates).q.tolist()


@given(seeds)
@settings(deadline=None, max_examples=20)
def test_levels_of_the_trellis_with_rates_lead_back(seed):
    weights = weights_around(0.25, 500, seed)
    q = quantize_dependent_rd(weights, -8, 2, lambda_scale=1.0, unary_length=10).q.tolist()
    assert literal.q_of(literal.levels_of(q)) == q


def test_bits_that_weigh_next_to_nothing_change_next_to_nothing():
    weights = np.random.default_rng(0).normal(0, 1, 2000).astype(np.float32)
    rates = {"lambda_scale": 1e-9, "unary_length": 10}
    uniform = quantize_uniform_rd(weights, -12, 2, **rates).q
    assert np.array_equal(uniform, quantize_uniform(weights, -12, 2).q)
    dependent = quantize_dependent_rd(weights, -12, 2, **rates).q
    assert np.array_equal(dependent, quantize_dependent(weights, -12, 2).q)


@both
def test_more_weight_on_bits_gives_more_zeros(quantize):
    weights = np.random.default_rng(0).normal(0, 1, 2000).astype(np.float32)
    zeros = [
        int(np.sum(quantize(weights, -4, 2, lambda_scale=scale, unary_length=10).q == 0))
        for scale in (0.01, 1.0, 10.0)
    ]
    assert zeros == sorted(set(zeros))


@both
def test_extremes_survive_and_overflow_is_refused(quantize):
    rates = {"lambda_scale": 0.3, "unary_length": 1}
    weights = np.array([2.0**31 - 256, -(2.0**31) + 256, 0.0], np.float32)
    q = quantize(weights, 0, 2, **rates).q
    assert np.abs(q - weights.astype(np.float64)).max() <= 2
    with pytest.raises(UsageError) as refused:
        quantize(2 * weights, 0, 2, **rates)
    assert refused.value.id == "tensor-out-of-range"


@both
@pytest.mark.parametrize(
    "wrong", [{"lambda_scale": 0.0}, {"lambda_scale": np.inf}, {"unary_length": 0}]
)
def test_settings_out_of_range_are_refused(quantize, wrong):
    with pytest.raises(UsageError) as refused:
        quantize(
            np.ones(2, np.float32), 0, 2, **({"lambda_scale": 1.0, "unary_length": 10} | wrong)
        )
    assert refused.value.id == "setting-unknown"
