import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization import check_qp, exact_step, qp_for_step, qp_range, quantization_step
from nnref.spec.errors import UsageError

densities = st.integers(0, 7)


@pytest.mark.parametrize(
    ("qp", "density", "step"),
    [
        (0, 2, 1.0),
        (-12, 2, 0.125),
        (-38, 2, 0.00146484375),
        (-75, 2, 2.384185791015625e-06),
        (-24, 3, 0.125),
        (-1, 0, 0.5),
        (127, 7, 255 / 128),
    ],
)
def test_step_of_known_qps(qp, density, step):
    assert quantization_step(qp, density) == step


@given(densities, st.integers(-1000, 1000))
@settings(deadline=None)
def test_step_doubles_every_density_qps(density, qp):
    assert exact_step(qp + (1 << density), density) == 2 * exact_step(qp, density)


def test_step_beyond_binary32_is_rounded_without_warning():
    assert quantization_step(128, 0) == math.inf
    assert quantization_step(-150, 0) == 0.0
    assert quantization_step(-149, 0) == 2.0**-149
    assert exact_step(-150, 0) == 2.0**-150
    assert exact_step(4095 + 31, 0) == math.inf
    assert exact_step(-4096 - 32, 0) == 0.0


@given(densities, st.integers(-4096, 4095))
@settings(deadline=None)
def test_legal_qps_are_those_of_6_plus_density_bits(density, base):
    legal = qp_range(density, base)
    assert len(legal) == 1 << (6 + density)
    for qp in (legal[0], legal[-1]):
        check_qp(qp, density, base)
    for qp in (legal[0] - 1, legal[-1] + 1):
        with pytest.raises(UsageError) as refused:
            check_qp(qp, density, base)
        assert refused.value.id == "qp-out-of-range"


@given(densities)
@settings(deadline=None)
def test_qps_of_any_base_have_normal_steps(density):
    reachable = qp_range(density, None)
    tiny, largest = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
    assert tiny <= quantization_step(reachable[0], density)
    assert quantization_step(reachable[-1], density) <= largest


@given(densities, st.floats(2.0**-32, 2.0**31, allow_nan=False))
@settings(deadline=None)
def test_qp_for_step_is_the_largest_whose_step_is_not_above(density, step):
    qp = qp_for_step(step, density)
    assert exact_step(qp, density) <= step < exact_step(qp + 1, density)


@pytest.mark.parametrize("step", [0.0, -1.0, math.inf, math.nan, 2.0**-33, 2.0**32])
def test_step_that_no_legal_qp_gives_is_refused(step):
    with pytest.raises(UsageError) as refused:
        qp_for_step(step, 2)
    assert refused.value.id == "step-out-of-range"


def test_density_that_is_no_u3_is_refused():
    with pytest.raises(UsageError):
        quantization_step(0, 8)
