"""Batch norms as a scale and a bias, and local scaling without data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnref.codec.transform import (
    apply_local_scaling,
    batch_norm_scaling,
    fold_batch_norm,
    split_local_scaling,
)
from nnref.spec.errors import UsageError

EPS = 1e-3


def statistics(outputs, seed=3):
    """Bias, gamma, beta, mean, var."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(4, outputs)).astype(np.float32)
    return (*vectors, rng.uniform(0.1, 4, outputs).astype(np.float32))


def normalized(outputs, gamma, beta, mean, var):
    """Outputs [samples, channels] after the normalization, in binary64."""
    return gamma.astype(np.float64) * (outputs - mean) / np.sqrt(var + EPS) + beta


def test_a_folded_linear_layer_gives_the_normalized_outputs():
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(7, 11)).astype(np.float32)
    bias, *norm = statistics(7)
    inputs = rng.normal(size=(20, 11))
    folded, shift = fold_batch_norm(weight, bias, *norm, EPS)
    assert (folded.dtype, shift.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(
        inputs @ folded.T + shift, normalized(inputs @ weight.T + bias, *norm), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 3), (6, 4, 3, 3), (6, 1, 2, 2, 2)])
def test_every_output_channel_is_scaled_and_rounded_once(shape):
    weight = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    bias, gamma, beta, mean, var = statistics(6)
    folded, shift = fold_batch_norm(weight, bias, gamma, beta, mean, var, EPS)
    for channel in range(6):
        scale = float(gamma[channel]) / np.sqrt(float(var[channel]) + EPS)
        exact = weight[channel].astype(np.float64) * scale
        assert np.array_equal(folded[channel], exact.astype(np.float32))
        centred = float(bias[channel]) - float(mean[channel])
        assert shift[channel] == np.float32(float(beta[channel]) + centred * scale)


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_channels_of_transposed_convolutions_are_columns_of_their_group(groups):
    rng = np.random.default_rng(groups)
    inputs, outputs = 12, 6
    weight = rng.normal(size=(inputs, outputs // groups, 3)).astype(np.float32)
    _, *norm = statistics(outputs)
    folded, _ = fold_batch_norm(weight, None, *norm, EPS, transposed=True, groups=groups)
    scale, _ = batch_norm_scaling(None, *norm, EPS)
    for row in range(inputs):
        group = row // (inputs // groups)
        for column in range(outputs // groups):
            factor = scale[group * (outputs // groups) + column]
            np.testing.assert_allclose(folded[row, column], weight[row, column] * factor, rtol=1e-6)


def test_without_affine_parameters_and_bias_the_statistics_remain():
    mean, var = np.array([2.0], np.float32), np.array([4.0], np.float32)
    weight = np.array([[8.0]], np.float32)
    folded, shift = fold_batch_norm(weight, None, None, None, mean, var, 0.0)
    assert (folded.item(), shift.item()) == (4.0, -1.0)


def test_local_scaling_form_is_the_folded_layer_when_composed():
    weight = np.random.default_rng(4).normal(size=(9, 5, 3, 3)).astype(np.float32)
    bias, *norm = statistics(9)
    folded, shift = fold_batch_norm(weight, bias, *norm, EPS)
    factors, scaled_shift = batch_norm_scaling(bias, *norm, EPS)
    np.testing.assert_array_equal(shift, scaled_shift)
    np.testing.assert_allclose(apply_local_scaling(weight, factors), folded, rtol=2e-7)


def test_16_bit_types_are_folded_from_their_values():
    weight = np.random.default_rng(4).normal(size=(3, 5)).astype(np.float16)
    _, *norm = statistics(3)
    narrow, _ = fold_batch_norm(weight, None, *norm, EPS)
    wide, _ = fold_batch_norm(weight.astype(np.float64), None, *norm, EPS)
    np.testing.assert_array_equal(narrow, wide)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"var": np.full(3, -EPS, np.float32)}, "batch-norm-unfit"),
        ({"var": np.full(3, np.nan, np.float32)}, "batch-norm-unfit"),
        ({"beta": np.full(3, np.inf, np.float32)}, "batch-norm-unfit"),
        ({"gamma": np.ones(4, np.float32)}, "batch-norm-unfit"),
        ({"weight": np.ones((4, 3), np.float32)}, "batch-norm-unfit"),
        ({"weight": np.ones(3, np.float32)}, "batch-norm-unfit"),
        (
            {"weight": np.ones((4, 3), np.float32), "transposed": True, "groups": 3},
            "batch-norm-unfit",
        ),
        ({"weight": np.full((3, 3), 3e38), "var": np.full(3, 1e-9)}, "tensor-out-of-range"),
    ],
)
def test_what_does_not_go_together_is_refused(change, rule):
    bias, gamma, beta, mean, var = statistics(3)
    vectors = {"bias": bias, "gamma": gamma, "beta": beta, "mean": mean, "var": var}
    arguments = {"weight": np.ones((3, 2), np.float32)} | vectors | {"eps": 1e-3} | change
    with pytest.raises(UsageError) as refused:
        fold_batch_norm(**arguments)
    assert refused.value.id == rule


MATRICES = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=4, max_side=5),
    elements=st.floats(-1000, 1000, width=32).map(lambda x: x if abs(x) > 1e-3 else 0.0),
)


@given(MATRICES)
@settings(deadline=None, max_examples=60)
def test_split_weight_comes_back_up_to_two_roundings(weight):
    scaled, factors = split_local_scaling(weight)
    assert (scaled.dtype, factors.dtype, factors.shape) == (
        np.float32,
        np.float32,
        weight.shape[:1],
    )
    np.testing.assert_allclose(apply_local_scaling(scaled, factors), weight, rtol=3e-7, atol=1e-30)


def test_every_row_of_a_split_weight_has_the_magnitude_of_the_whole():
    rng = np.random.default_rng(8)
    weight = rng.normal(size=(6, 40)) * 10.0 ** np.arange(-3, 3)[:, None]
    scaled, factors = split_local_scaling(weight)
    rms = np.sqrt(np.mean(scaled.astype(np.float64) ** 2, axis=1))
    np.testing.assert_allclose(rms, np.sqrt(np.mean(weight**2)), rtol=1e-6)
    assert np.all(np.diff(factors) > 0)


def test_rows_of_zeros_keep_the_factor_one():
    weight = np.array([[0.0, 0.0], [3.0, 4.0]], np.float32)
    scaled, factors = split_local_scaling(weight)
    assert factors[0] == 1
    assert not scaled[0].any()


@pytest.mark.parametrize("weight", [np.ones(3), np.full((2, 2), np.nan)])
def test_weights_without_rows_or_with_nan_are_not_split(weight):
    with pytest.raises(UsageError):
        split_local_scaling(weight)
