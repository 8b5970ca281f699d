"""Error feedback: less error of the outputs, exact accounts of it, with and without the JIT."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import TensorSyntax
from nnref.codec.quantization.coding_cost import CostModel
from nnref.codec.quantization.feedback import Feedback, iterate_with_feedback
from nnref.codec.quantization.iterated import FROM_PLAIN, iterate, plain_choice
from tests.codec.quantization import literal

STEP = 0.25
PRICE = {0: 0.12, 1: 0.4}


def correlated(random, columns, groups=1, rank=None):
    """Second moments of inputs that are much alike."""
    mixed = random.normal(size=(groups, rank or 2 * columns, columns))
    mixed += 3 * random.normal(size=(groups, rank or 2 * columns, 1))
    return mixed.swapaxes(1, 2) @ mixed / mixed.shape[1]


def weights_of(random, rows, columns):
    return random.laplace(size=rows * columns, scale=2 * STEP).astype(np.float32)


def found(weights, rows, feedback, dq, *, passes=3, step=STEP, price=None):
    columns = weights.size // rows
    model = CostModel((rows, columns), TensorSyntax(rows, columns, 10, dq), search=True)
    plain = plain_choice(weights, step, model)
    price = PRICE[dq] if price is None else price
    return list(iterate_with_feedback(weights, step, price, model, plain.cost, feedback, passes))


def without_feedback(weights, rows, dq, step):
    columns = weights.size // rows
    model = CostModel((rows, columns), TensorSyntax(rows, columns, 10, dq), search=True)
    plain = plain_choice(weights, step, model)
    *_, last = iterate(weights, step, PRICE[dq], model, plain.cost, FROM_PLAIN)
    return last


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 70), st.integers(1, 2))
@settings(deadline=None, max_examples=25)
def test_error_is_that_of_the_damped_moments(seed, rows_of_group, columns, groups):
    random = np.random.default_rng(seed)
    moments = correlated(random, columns, groups)
    feedback = Feedback.of_columns(moments, rows_of_group * groups)
    weights = weights_of(random, rows_of_group * groups, columns)
    q = random.integers(-3, 4, weights.size).astype(np.int32)
    errors = (weights.astype(float) - STEP * q).reshape(groups, rows_of_group, columns)
    damping = 0.01 * np.trace(moments, axis1=1, axis2=2) / columns
    damped = moments + damping[:, None, None] * np.eye(columns)
    expected = np.einsum("gri,gij,grj->", errors, damped, errors)
    assert feedback.error(weights, q, STEP) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("dq", [0, 1])
@pytest.mark.parametrize(("rows", "columns"), [(40, 9), (30, 32), (30, 70), (12, 200)])
def test_outputs_have_less_error_at_no_more_bits(rows, columns, dq):
    random = np.random.default_rng(columns)
    feedback = Feedback.of_columns(correlated(random, columns), rows)
    weights = weights_of(random, rows, columns)
    choice = found(weights, rows, feedback, dq)[-1]
    usual = without_feedback(weights, rows, dq, STEP / 1.2)
    assert choice.cost.bits <= usual.cost.bits
    assert feedback.error(weights, choice.q, choice.step) < 0.7 * feedback.error(
        weights, usual.q, usual.step
    )


@pytest.mark.parametrize("dq", [0, 1])
@pytest.mark.parametrize("columns", [9, 70])
def test_noise_of_a_choice_is_its_error_in_units_of_mean_gain(columns, dq):
    random = np.random.default_rng(columns)
    feedback = Feedback.of_columns(correlated(random, columns, 2), 30, random.random(30))
    weights = weights_of(random, 30, columns)
    for choice in found(weights, 30, feedback, dq):
        error = feedback.error(weights, choice.q, STEP) / feedback.mean_gain
        assert choice.noise == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize("dq", [0, 1])
def test_independent_inputs_need_no_feedback(dq):
    random = np.random.default_rng(5)
    weights = weights_of(random, 30, 50)
    feedback = Feedback.of_columns(np.eye(50)[None], 30)
    last = found(weights, 30, feedback, dq)[-1]
    usual = without_feedback(weights, 30, dq, STEP)
    assert last.objective(PRICE[dq]) == pytest.approx(usual.objective(PRICE[dq]), rel=0.01)
    assert last.noise == pytest.approx(
        ((weights - STEP * last.q.astype(np.float32)).astype(float) ** 2).sum(), rel=1e-4
    )


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 80), st.booleans())
@settings(deadline=None, max_examples=25)
def test_path_is_one_of_the_state_machine(seed, rows, columns, linked):
    random = np.random.default_rng(seed)
    feedback = Feedback.of_columns(correlated(random, columns), rows)
    if not linked:
        feedback = Feedback.of_rows(random.random(rows), 100, columns)
    q = found(weights_of(random, rows, columns), rows, feedback, 1, passes=1)[-1].q.tolist()
    assert literal.q_of(literal.levels_of(q)) == q


@pytest.mark.parametrize("dq", [0, 1])
@pytest.mark.parametrize("rank", [1, 3])
def test_moments_of_few_inputs_and_dead_inputs_are_safe(rank, dq):
    random = np.random.default_rng(rank)
    moments = correlated(random, 40, rank=rank)
    moments[:, 7, :] = moments[:, :, 7] = 0.0
    feedback = Feedback.of_columns(moments, 20)
    weights = weights_of(random, 20, 40)
    choice = found(weights, 20, feedback, dq)[-1]
    assert np.abs(choice.q).max() < 100 * np.abs(weights).max() / STEP
    usual = without_feedback(weights, 20, dq, STEP)
    assert feedback.error(weights, choice.q, STEP) < feedback.error(weights, usual.q, STEP)


def test_moments_of_nothing_are_those_of_equal_inputs():
    feedback = Feedback.of_columns(np.zeros((2, 5, 5)), 4)
    assert np.array_equal(feedback.factors, np.stack([np.eye(5)] * 2))
    assert feedback.mean_gain == 1.0


def test_moments_that_rounding_made_indefinite_are_damped_more():
    moment = np.diag([1.0, 1.0, -0.05])[None]
    feedback = Feedback.of_columns(moment, 2)
    assert (feedback.gains > 0).all()


@pytest.mark.parametrize("dq", [0, 1])
def test_rows_that_are_looked_up_more_often_are_finer(dq):
    random = np.random.default_rng(8)
    weights = weights_of(random, 40, 64)
    frequencies = np.repeat([0.0475, 0.0025], 20)
    feedback = Feedback.of_rows(frequencies, 10**6, 64)
    q = found(weights, 40, feedback, dq)[-1].q
    errors = ((weights - STEP * q.astype(np.float32)) ** 2).reshape(40, 64).mean(1)
    assert errors[:20].mean() < 0.5 * errors[20:].mean()


@pytest.mark.parametrize("dq", [0, 1])
def test_groups_have_their_own_moments(dq):
    random = np.random.default_rng(3)
    moments = correlated(random, 12, groups=2)
    weights = weights_of(random, 20, 12)
    both = Feedback.of_columns(moments, 20)
    swapped = Feedback.of_columns(moments[::-1], 20)
    choice, other = (found(weights, 20, each, dq)[-1] for each in (both, swapped))
    assert both.error(weights, choice.q, STEP) < 0.9 * both.error(weights, other.q, STEP)


def choices():
    """What the kernels make of some weights, as text."""
    random = np.random.default_rng(2)
    feedback = Feedback.of_columns(correlated(random, 70), 3)
    weights = weights_of(random, 3, 70)
    for dq in (0, 1):
        for choice in found(weights, 3, feedback, dq, passes=2):
            yield f"{choice.cost.bits}/{choice.noise}/{hash(tuple(choice.q.tolist()))}"


def test_kernels_mean_the_same_without_the_compiler():
    program = f"from {__name__} import choices; print(*choices())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    run = [sys.executable, "-c", program]
    out = subprocess.run(run, capture_output=True, text=True, check=True, env=environment).stdout
    assert out.split() == list(choices())
