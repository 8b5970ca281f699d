import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import quantization_step, quantize_dependent, quantize_uniform
from nnref.codec.quantization.kernels.trellis import (
    BLOCK,
    PREDECESSOR,
    search_path,
    trace_back,
)
from nnref.codec.quantization.scan import matrix_view, to_scan
from nnref.spec.errors import UsageError
from nnref.spec.tables.cabac import STATE_TRANSITION
from tests.codec.quantization import literal
from tests.codec.quantization.material import STEPS, weights_around

steps = st.sampled_from(STEPS)
seeds = st.integers(0, 2**32 - 1)


def plain(weights, step):
    """The kernels without the JIT."""
    decisions, q = np.empty(weights.size, np.uint16), np.empty(weights.size, np.int32)
    search = getattr(search_path, "py_func", search_path)
    walk = getattr(trace_back, "py_func", trace_back)
    walk(weights, 1 / step, decisions, search(weights, 1 / step, decisions), q)
    return q.tolist()


def test_predecessors_invert_the_state_transition():
    for state, row in enumerate(STATE_TRANSITION):
        for parity, successor in enumerate(row):
            assert PREDECESSOR[parity, successor] == state


@given(steps, seeds, st.integers(0, 60))
@settings(deadline=None, max_examples=200)
def test_trellis_equals_its_literal_twin(step, seed, size):
    value = quantization_step(*step)
    weights = weights_around(value, size, seed)
    expected = literal.trellis(weights.tolist(), value)
    assert quantize_dependent(weights, *step).q.tolist() == expected
    assert plain(weights, value) == expected


@pytest.mark.parametrize("qp", [-30, -25, -21])
def test_grid_point_wins_over_zero_when_rounded_costs_tie(qp):
    # With these steps w * (1/step) is 1.5 - 2^-53 for w = 1.5 * step: zero is nearer than grid
    # point 3 by less than the rounding of a path cost, so that the grid point may win by a tie.
    step = quantization_step(qp, 6)
    assert 1.5 * step * (1 / step) < 1.5
    multiples = np.random.default_rng(0).choice([1.5, -1.5, 0, 1, 2, 3, 4], 4000)
    weights = (multiples * step).astype(np.float32)
    expected = literal.trellis(weights.tolist(), step)
    assert quantize_dependent(weights, qp, 6).q.tolist() == expected
    assert plain(weights, step) == expected


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_trellis_goes_on_across_blocks_of_weights(size):
    weights = weights_around(0.25, size, 8 * size)
    assert quantize_dependent(weights, -8, 2).q.tolist() == literal.trellis(weights.tolist(), 0.25)


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=3).map(tuple), st.integers(0, 4), steps, seeds
)
@settings(deadline=None, max_examples=60)
def test_trellis_walks_along_the_scan(shape, scan_order, step, seed):
    value = quantization_step(*step)
    weights = weights_around(value, int(np.prod(shape)), seed).reshape(shape)
    q = quantize_dependent(weights, *step, scan_order=scan_order).q
    positions = literal.scan_positions(*matrix_view(shape), scan_order)
    scanned = weights.reshape(-1)[positions]
    assert to_scan(q, scan_order).tolist() == quantize_dependent(scanned, *step).q.tolist()


@given(steps, seeds, st.integers(1, 1500))
@settings(deadline=None, max_examples=100)
def test_levels_of_the_trellis_lead_back_to_its_quantized_parameters(step, seed, size):
    weights = weights_around(quantization_step(*step), size, seed)
    q = quantize_dependent(weights, *step).q.tolist()
    assert literal.q_of(literal.levels_of(q)) == q


def test_off_grid_parameters_do_not_survive_the_levels():
    assert literal.q_of(literal.levels_of([1, 1, 3, 0, 5])) == [0, 0, 2, 0, 5]


def test_dependent_error_lies_between_those_of_one_and_of_two_steps():
    weights = np.random.default_rng(3).normal(0, 1, 20000).astype(np.float32)

    def noise(q, step):
        return float(np.sum((weights - step * q) ** 2))

    dependent = noise(quantize_dependent(weights, -12, 2).q, 0.125)
    assert noise(quantize_uniform(weights, -12, 2).q, 0.125) < dependent
    assert dependent < 0.85 * noise(quantize_uniform(weights, -8, 2).q, 0.25)


def test_largest_quantized_parameters_survive():
    weights = np.array([2.0**31 - 128, -(2.0**31) + 128, 0.0], np.float32)
    q = quantize_dependent(weights, 0, 2).q
    assert np.abs(q - np.array([2**31 - 128, -(2**31) + 128, 0])).max() <= 2
    assert literal.q_of(literal.levels_of(q.tolist())) == q.tolist()


def test_overflow_is_refused_or_takes_the_qp_of_the_peer():
    weights = np.array([-(2.0**31), 1.0], np.float32)
    with pytest.raises(UsageError) as refused:
        quantize_dependent(weights, 0, 2)
    assert refused.value.id == "tensor-out-of-range"
    result = quantize_dependent(weights, 0, 2, on_overflow="compatible")
    assert (result.qp, result.q.tolist()) == (1, [-1717986918, 0])


@pytest.mark.parametrize("shape", [(0,), (3, 0), ()])
def test_degenerate_shapes_keep_their_shape(shape):
    assert quantize_dependent(np.zeros(shape, np.float32), 0, 2, scan_order=2).q.shape == shape
