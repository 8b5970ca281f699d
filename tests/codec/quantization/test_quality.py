import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import (
    choose_qp,
    exact_step,
    qp_range,
    quantize_dependent,
    quantize_uniform,
    reconstruct_uniform,
    sqnr_db,
)
from nnref.codec.quantization.overflow import smallest_fitting_qp
from nnref.spec.errors import UsageError

many_trials = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="minutes without the JIT; the kernels have own tests"
)


def measured(weights, qp, density, dq_flag, scan_order=0):
    if dq_flag:
        q = quantize_dependent(weights, qp, density, scan_order=scan_order).q
    else:
        q = quantize_uniform(weights, qp, density).q
    return sqnr_db(weights, reconstruct_uniform(q, qp, density))


weights_of_any_scale = st.builds(
    lambda seed, size, scale: (
        np.random.default_rng(seed).laplace(0, 2.0**scale, size).astype(np.float32)
    ),
    st.integers(0, 2**32 - 1),
    st.integers(1, 300),
    st.integers(-15, 15),
)


@many_trials
@given(weights_of_any_scale, st.floats(1, 60), st.integers(0, 4), st.booleans())
@settings(deadline=None, max_examples=40)
def test_chosen_qp_is_the_largest_that_meets_the_sqnr(weights, target, density, dq_flag):
    qp = choose_qp(weights, sqnr_db=target, qp_density=density, dq_flag=dq_flag)
    assert measured(weights, qp, density, dq_flag) >= target
    for larger in range(qp + 1, qp + 3 * 2**density + 2):
        assert measured(weights, larger, density, dq_flag) < target


@many_trials
@pytest.mark.parametrize("dq_flag", [False, True])
@pytest.mark.parametrize("kind", ["laplace", "sparse", "outlier", "lattice", "uneven"])
@pytest.mark.parametrize(("target", "density"), [(12.0, 2), (40.0, 2), (25.0, 6)])
def test_qp_of_a_large_tensor_meets_the_sqnr_and_the_next_does_not(kind, target, density, dq_flag):
    rng = np.random.default_rng(5)
    weights = rng.laplace(0, 0.03, (170, 171))
    if kind == "sparse":
        weights[rng.random(weights.shape) < 0.9995] = 0
    elif kind == "outlier":
        weights[85, 77] = 200
    elif kind == "lattice":
        weights = np.round(weights / 0.0078125) * 0.0078125
    elif kind == "uneven":
        weights[:3] *= 1000
    weights = weights.astype(np.float32)
    qp = choose_qp(weights, sqnr_db=target, qp_density=density, dq_flag=dq_flag, scan_order=1)
    assert measured(weights, qp, density, dq_flag, 1) >= target
    assert measured(weights, qp + 1, density, dq_flag, 1) < target


@pytest.mark.parametrize("exponent", [-120, -60, 60, 110])
def test_step_follows_weights_of_any_scale_when_the_base_is_free(exponent):
    weights = np.random.default_rng(1).normal(0, 1, 100).astype(np.float32)
    near_one = choose_qp(weights, sqnr_db=20)
    scaled = np.ldexp(weights, exponent)
    assert choose_qp(scaled, sqnr_db=20, base_qp=None) == near_one + 4 * exponent


def test_chosen_qp_stays_inside_the_legal_range():
    small = np.linspace(1e-10, 9e-10, 50, dtype=np.float32)
    free = choose_qp(small, sqnr_db=20, base_qp=None)
    assert free == qp_range(2, 0)[0] - 2
    assert choose_qp(small, sqnr_db=20, base_qp=-2) == free
    with pytest.raises(UsageError) as refused:
        choose_qp(small, sqnr_db=20, base_qp=-1)
    assert refused.value.id == "step-out-of-range"
    large = np.linspace(1e9, 9e9, 50, dtype=np.float32)
    assert choose_qp(large, sqnr_db=1, base_qp=-60) == qp_range(2, -60)[-1]


@given(st.floats(2.0**-30, 2.0**90), st.integers(0, 7))
@settings(deadline=None, max_examples=50)
def test_smallest_fitting_qp_fits_and_two_less_does_not(peak, density):
    weights = np.array([peak, -peak], np.float32)
    qp = smallest_fitting_qp(float(weights[0]), density)
    assert quantize_uniform(weights, qp, density).qp == qp
    assert quantize_dependent(weights, qp, density).qp == qp
    for quantize in (quantize_uniform, quantize_dependent):
        with pytest.raises(UsageError) as refused:
            quantize(weights, qp - 2, density)
        assert refused.value.id == "tensor-out-of-range"


@pytest.mark.parametrize("qp", range(32))
def test_smallest_fitting_qp_allows_for_the_rounding_of_the_reciprocal(qp):
    peak = np.float32(exact_step(qp, 5) * (2**31 - 128))
    weights = np.array([peak, -peak], np.float32)
    fitting = smallest_fitting_qp(float(peak), 5)
    assert quantize_uniform(weights, fitting, 5).qp == fitting <= qp + 1


@pytest.mark.parametrize(
    ("weights", "rule"),
    [
        ([1e-20], "step-out-of-range"),
        ([1e-40], "step-out-of-range"),
        ([3e38], "tensor-out-of-range"),
        ([3.4e38, -3.4e38], "tensor-out-of-range"),
        ([1.0, 3.0**20, 1e-3], "step-out-of-range"),
        ([np.nan], "tensor-not-finite"),
    ],
)
def test_quality_that_no_legal_qp_gives_is_refused(weights, rule):
    with pytest.raises(UsageError) as refused:
        choose_qp(np.array(weights, np.float32), sqnr_db=300)
    assert refused.value.id == rule


@pytest.mark.parametrize("shape", [(0,), (3, 4), ()])
def test_zero_tensors_get_the_base_qp(shape):
    assert choose_qp(np.zeros(shape, np.float32), sqnr_db=30, base_qp=-7) == -7


def test_constant_tensor_gets_the_step_that_hits_it():
    assert choose_qp(np.full(10000, 0.75, np.float32), sqnr_db=200) == -2  # step 0.75


def test_wanted_step_gives_the_largest_qp_not_above():
    assert choose_qp(np.ones(3, np.float32), step=0.13) == -12


@pytest.mark.parametrize("wanted", [{}, {"sqnr_db": 30.0, "step": 0.1}])
def test_quality_is_asked_for_once(wanted):
    with pytest.raises(UsageError) as refused:
        choose_qp(np.ones(3, np.float32), **wanted)
    assert refused.value.id == "setting-conflict"


@pytest.mark.parametrize("target", [0.0, -3.0, np.inf, np.nan])
def test_sqnr_that_is_not_positive_and_finite_is_refused(target):
    with pytest.raises(UsageError) as refused:
        choose_qp(np.ones(3, np.float32), sqnr_db=target)
    assert refused.value.id == "setting-unknown"
