"""Clauses 7.8.7 and 10.4: codebooks of least squared error."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import (
    Codebook,
    cheapest_egk,
    exact_step,
    grid_qp,
    quantize_codebook,
    reconstruct_codebook,
)
from nnref.codec.quantization.codebook import MAX_GRID, cheapest_zero_offset
from nnref.codec.quantization.kernels.cluster import add_cluster
from nnref.spec.errors import UsageError
from nnref.spec.syntax import codebook_elements

STEP_QP, STEP = -8, 0.25


def least_error(multiples, entries):
    """By trying every way to cut the sorted numbers into runs."""
    points, counts = np.unique(multiples, return_counts=True)
    ends = range(1, points.size)
    return min(
        sum(
            run_error(points[i:j], counts[i:j])
            for i, j in zip((0, *cuts), (*cuts, points.size), strict=True)
        )
        for cuts in combinations(ends, min(entries, points.size) - 1)
    )


def run_error(points, counts):
    centres = range(points[0], points[-1] + 1)
    return min(int((counts * (points - centre) ** 2).sum()) for centre in centres)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=14), st.integers(1, 5))
@settings(deadline=None, max_examples=150)
def test_no_codebook_of_that_size_has_less_error_on_the_grid(multiples, entries):
    weights = np.array(multiples, np.float32) * np.float32(STEP)
    result = quantize_codebook(weights, STEP_QP, 2, entries=entries)
    found = np.array(result.codebook.entries)[result.k + result.codebook.zero_offset]
    assert ((found - multiples) ** 2).sum() == least_error(multiples, entries)
    assert len(result.codebook.entries) == min(entries, len(set(multiples)))
    assert result.squared_error == pytest.approx(STEP**2 * ((found - multiples) ** 2).sum())


@given(st.integers(0, 2**32), st.integers(1, 40))
@settings(deadline=None, max_examples=30)
def test_every_weight_gets_the_nearest_entry(seed, entries):
    weights = np.random.default_rng(seed).laplace(size=300).astype(np.float32)
    result = quantize_codebook(weights, -40, 2, entries=entries)
    book = np.array(result.codebook.entries) * exact_step(-40, 2)
    error = np.abs(book[result.k + result.codebook.zero_offset] - weights)
    assert (error <= np.abs(weights[:, np.newaxis] - book).min(axis=1) + exact_step(-40, 2)).all()
    assert np.all(np.diff(result.codebook.entries) > 0)
    assert 0 <= result.codebook.zero_offset < len(result.codebook.entries)


def test_the_smallest_codebook_that_keeps_to_an_error_is_found():
    weights = np.random.default_rng(1).normal(size=2000).astype(np.float32)
    qp = grid_qp(weights, 2)
    limit = 2000 * 0.01
    found = quantize_codebook(weights, qp, 2, entries=200, max_squared_error=limit)
    entries = len(found.codebook.entries)
    assert found.squared_error <= limit
    assert quantize_codebook(weights, qp, 2, entries=entries - 1).squared_error > limit
    assert quantize_codebook(weights, qp, 2, entries=entries).k.tolist() == found.k.tolist()


def test_weights_of_few_values_are_represented_exactly_up_to_the_grid():
    values = np.float32([-0.3, 0.0, 0.1, 0.7])
    weights = np.random.default_rng(1).choice(values, (30, 20))
    qp = grid_qp(weights, 2)
    result = quantize_codebook(weights, qp, 2, entries=9)
    book, zero_offset = result.codebook.entries, result.codebook.zero_offset
    decoded = reconstruct_codebook(result.k, book, zero_offset, qp, 2)
    assert len(book) == 4
    assert decoded.shape == result.k.shape == (30, 20)
    assert np.abs(decoded - weights).max() <= exact_step(qp, 2) / 2


def test_a_grid_too_fine_to_be_searched_is_replaced_by_a_coarser_one():
    weights = np.float32([-1000, 0.001, 1000])
    result = quantize_codebook(weights, -60, 2, entries=3)
    assert result.qp > -60
    assert 2000 / exact_step(result.qp, 2) < MAX_GRID <= 2000 / exact_step(result.qp - 1, 2) + 2
    shifted = np.float32([4096.0, 4096.0005])
    (low, high) = quantize_codebook(shifted, -120, 2, entries=2).codebook.entries
    assert low < high <= 2**30


@pytest.mark.parametrize("size", [0, 1, 5])
def test_tensors_of_one_value_or_none_have_one_entry(size):
    weights = np.full((size, 2), -0.5, np.float32)
    result = quantize_codebook(weights, STEP_QP, 2, entries=4)
    assert result.codebook == Codebook((-2 if size else 0,), 0)
    assert not result.k.any()
    assert result.squared_error == 0.0


def test_the_grid_that_follows_the_data_is_legal_and_fine():
    for scale in (1e-6, 1.0, 1e6):
        weights = np.float32([scale, -scale / 3])
        step = exact_step(grid_qp(weights, 2), 2)
        assert 2**13 <= scale / step < 2**14 or scale == 1e-6
    assert grid_qp(np.zeros(3, np.float32), 2, base_qp=7) == 7
    assert grid_qp(np.float32([1e-20]), 2) == -128


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    with pytest.raises(UsageError) as caught:
        quantize_codebook(np.float32([1, value]), 0, 2, entries=2)
    assert caught.value.id == "tensor-not-finite"


def test_index_0_stands_for_the_most_frequent_entry_unless_that_costs_remainders():
    assert cheapest_zero_offset(np.array([5, 9, 9, 1]), 11) == 1
    assert cheapest_zero_offset(np.array([9, 1, 1, 1, 1]), 11) == 0
    assert cheapest_zero_offset(np.array([9, 1, 1, 1, 9]), 2) == 2
    assert cheapest_zero_offset(np.array([3]), 11) == 0


@given(st.lists(st.integers(0, 5000), min_size=0, max_size=20), st.integers(-9, 9), st.data())
@settings(deadline=None, max_examples=50)
def test_the_exponent_with_the_fewest_bits_of_codebook_is_chosen(deltas, first, data):
    entries = tuple(np.cumsum([first, *(delta + 1 for delta in deltas)]).tolist())
    book = Codebook(entries, data.draw(st.integers(0, len(deltas))))
    sizes = [bits_of_codebook(book, egk) for egk in range(16)]
    assert cheapest_egk(book) == sizes.index(min(sizes))


def bits_of_codebook(book, egk):
    """Bits of the deltas, as the syntax writes them."""
    elements = codebook_elements(book.entries, book.zero_offset, egk)
    deltas = elements["codebook_delta_left"] + elements["codebook_delta_right"]
    return sum(2 * ((delta >> egk) + 1).bit_length() - 1 + egk for delta in deltas)


def test_the_kernel_gives_the_same_clusters_without_the_jit():
    points = np.array([0, 1, 5, 6, 7, 20])
    first = [np.concatenate([[0], np.cumsum(points**power)]) for power in range(3)]
    outputs = []
    for function in (add_cluster, getattr(add_cluster, "py_func", add_cluster)):
        costs, layers = np.zeros(7, np.int64), []
        for last in (0, 7, 7):
            after, starts = np.empty(7, np.int64), np.empty(7, np.uint16)
            function(*first, costs, last, after, starts)
            costs = after
            layers.append((after.tolist(), starts.tolist()))
        outputs.append(layers)
    assert outputs[0] == outputs[1]
    assert outputs[0][-1][0][-1] == 0 + 1 + 2
