"""Workloads are repeatable, and bins are counted as the binarization makes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from nnref.tools.bench.workload import (
    count_bins,
    count_weights,
    file_model,
    laplacian,
    synthetic_model,
)

LEVELS = st.lists(st.integers(-(2**20), 2**20) | st.integers(-15, 15), min_size=1, max_size=30)


def bins_of_level(level: int, unary_length: int) -> int:
    """One weight after the other, as a coder would."""
    magnitude = abs(level)
    if magnitude == 0:
        return 1
    bins = 2
    for flag in range(unary_length):
        bins += 1
        if magnitude <= flag + 1:
            return bins
    remainder, order = magnitude - unary_length, 0
    while remainder >= 2 ** (order + 1):
        order += 1
    return bins + (order + 1) + order


@settings(deadline=None)
@given(LEVELS, st.integers(1, 12))
def test_bins_of_uniform_quantization_are_those_of_the_levels(levels, unary_length):
    quantized = np.array(levels, np.int32)
    expected = sum(bins_of_level(level, unary_length) for level in levels)
    assert count_bins(quantized, False, unary_length) == expected


@settings(deadline=None)
@given(LEVELS, st.integers(0, 1), st.integers(1, 12))
def test_bins_of_dependent_quantization_are_those_of_the_halved_levels(levels, state, unary_length):
    quantized = np.array([2 * k - np.sign(k) * state for k in levels], np.int32)
    expected = sum(bins_of_level(level, unary_length) for level in levels)
    assert count_bins(quantized, True, unary_length) == expected


def test_tensor_has_about_the_weights_asked_for_and_is_repeatable():
    tensor = laplacian(10_000, 2.0)
    assert tensor.shape == (100, 100)
    assert tensor.tobytes() == laplacian(10_000, 2.0).tobytes()
    assert np.abs(tensor).mean() == pytest.approx(2.0, rel=0.1)


def test_synthetic_model_has_distinct_tensors():
    model = synthetic_model(3, 400)
    assert count_weights(model) == 1200
    assert len({tensor.tobytes() for tensor in model.values()}) == 3


def test_file_model_takes_floats_as_float32_and_leaves_counters_out(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": np.ones((2, 2), np.float16), "count": np.array([3])}, path)
    model = file_model(path)
    assert list(model) == ["w"]
    assert model["w"].dtype == np.float32
