"""Shared values: means of the weights that are nearest to them."""

import numpy as np
import pytest

from nnref.codec.quantization.shared import nearest_value, shared_values


@pytest.mark.parametrize("count", [1, 2, 7, 31])
def test_every_value_is_the_mean_of_the_weights_nearest_to_it(count):
    weights = np.random.default_rng(count).laplace(size=(40, 25)).astype(np.float32)
    values = shared_values(weights, count)
    assert 0 < values.size <= count
    nearest = nearest_value(weights, values)
    assert np.array_equal(
        nearest, np.abs(weights.reshape(-1, 1).astype(np.float64) - values).argmin(axis=1)
    )
    means = [weights.reshape(-1)[nearest == i].mean(dtype=np.float64) for i in range(values.size)]
    assert values.tolist() == pytest.approx(means, rel=1e-5)


def test_few_distinct_weights_are_the_values_themselves():
    weights = np.array([3, -1, 3, 0.5], np.float32)
    assert shared_values(weights, 3).tolist() == [-1, 0.5, 3]
    assert shared_values(np.zeros(0, np.float32), 3).tolist() == []
