"""Iterated searches: rates as coded, the least objective, never worse than the plain quantizer."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.codec.entropy.tables import START_WORDS
from nnref.codec.quantization.coding_cost import CostModel
from nnref.codec.quantization.iterated import FROM_PLAIN, can_iterate, iterate, plain_choice
from nnref.codec.quantization.kernels.adaptive_rates import measure_rates
from nnref.codec.quantization.kernels.iterated import (
    round_at_price,
    search_path_at_price,
    trace_back_path,
)
from nnref.codec.quantization.scan import from_scan, to_scan
from tests.codec.quantization import literal, literal_iterated

STEP = 0.25
seeds = st.integers(0, 2**32 - 1)
lengths = st.sampled_from([1, 2, 5])
restarts = st.sampled_from([0, 3, 8])
segments = st.sampled_from([4, 7, 100])
prices = st.sampled_from([0.01, 0.4, 3.0])


def weights_of(seed, size, spread=2.0):
    random = np.random.default_rng(seed)
    kinds = [random.laplace(size=size), random.normal(size=size), random.integers(-9, 9, size) / 4]
    weights = (kinds[seed % 3] * spread * STEP).astype(np.float32)
    weights.setflags(write=False)
    return weights


def contexts(unary_length):
    return 27 + 2 * unary_length + 31


def rates_of(q, dq, unary_length, restart, shift_idx, segment):
    rows = np.zeros((-(-len(q) // segment), 2 * len(shift_idx)), np.int32)
    words = START_WORDS[np.array(shift_idx)]
    q = np.array(q, np.int32)
    cost = measure_rates(q, dq, unary_length, restart, words, segment, rows)
    return cost, rows


@pytest.mark.parametrize("dq", [0, 1])
@given(seeds, st.integers(1, 40), lengths, restarts, segments)
@settings(deadline=None, max_examples=40)
def test_rates_are_those_of_the_coding(dq, seed, size, unary_length, restart, segment):
    random = np.random.default_rng(seed)
    q = np.rint(random.laplace(scale=3.0, size=size)).astype(int).tolist()
    if dq:
        q = literal.q_of(q)
    shift_idx = random.integers(0, 9, contexts(unary_length)).tolist()
    cost, rows = rates_of(q, dq, unary_length, restart, shift_idx, segment)
    expected, means = literal_iterated.measured(q, dq, unary_length, restart, shift_idx, segment)
    assert cost == expected
    assert rows.reshape(len(means), -1, 2).tolist() == means


def search(weights, price, rates, segment, restart, unary_length, *, dq):
    decisions, q = np.empty(weights.size, np.uint32), np.empty(weights.size, np.int32)
    given_ = (weights, 1 / STEP, price, rates, segment, restart, unary_length, decisions)
    if dq:
        state = search_path_at_price(*given_)
        trace_back_path(weights, 1 / STEP, decisions, state, q)
    else:
        round_at_price(*given_, q)
    return q.tolist()


@given(seeds, st.integers(1, 25), lengths, restarts, segments, prices)
@settings(deadline=None, max_examples=60)
def test_path_has_the_least_objective(seed, size, unary_length, restart, segment, price):
    weights = weights_of(seed, size)
    random = np.random.default_rng(seed + 1)
    rates = random.integers(500, 120000, (-(-size // segment), 2 * contexts(unary_length)))
    rates = rates.astype(np.int32)
    q = search(weights, price, rates, segment, restart, unary_length, dq=True)
    assert literal.q_of(literal.levels_of(q)) == q
    rows = rates.reshape(len(rates), -1, 2).tolist()
    rule = (STEP, price, rows, segment, restart, unary_length)
    least, _ = literal_iterated.best_path(weights.tolist(), *rule)
    reached = literal_iterated.objective(q, weights.tolist(), *rule, dq=True)
    # The twin looks at more grid points than the kernel; they are worth it at a high price only.
    assert reached == pytest.approx(least, rel=1e-9) or (price > 1 and reached < 1.1 * least)


@given(seeds, st.integers(1, 6), lengths, restarts, segments, prices)
@settings(deadline=None, max_examples=40)
def test_rounding_has_the_least_objective_of_its_candidates(
    seed, size, unary_length, restart, segment, price
):
    weights = weights_of(seed, size)
    random = np.random.default_rng(seed + 1)
    rates = random.integers(500, 120000, (-(-size // segment), 2 * contexts(unary_length)))
    rates = rates.astype(np.int32)
    q = search(weights, price, rates, segment, restart, unary_length, dq=False)
    rows = rates.reshape(len(rates), -1, 2).tolist()
    rule = (weights.tolist(), STEP, price, rows, segment, restart, unary_length)
    candidates = [
        {0} | {int(np.sign(w) or 1) * m for m in range(max(1, r - 1), max(1, r - 1) + 3)}
        for w in weights.tolist()
        if (r := int(abs(w) / STEP + 0.5)) >= 0
    ]
    least = min(
        literal_iterated.objective(each, *rule, dq=False) for each in itertools.product(*candidates)
    )
    assert literal_iterated.objective(q, *rule, dq=False) == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("scan_order", [0, 1, 2])
@pytest.mark.parametrize("dq_flag", [0, 1])
@pytest.mark.parametrize("unary_length", [1, 10])
def test_cost_is_that_of_the_payload(scan_order, dq_flag, unary_length):
    weights = weights_of(3, 40 * 70, spread=6.0).reshape(40, 70)
    syntax = TensorSyntax(40, 70, unary_length, dq_flag, scan_order)
    model = CostModel(weights.shape, syntax, search=True)
    scanned = to_scan(weights, scan_order)
    *_, choice = iterate(
        scanned, STEP, 0.3, model, plain_choice(scanned, STEP, model).cost, FROM_PLAIN
    )
    encoder = PayloadEncoder()
    encoder.encode_tensor(from_scan(choice.q, weights.shape, scan_order), syntax)
    bits = 8 * len(encoder.finish())
    assert choice.cost.bits == pytest.approx(bits, rel=0.01, abs=24)


@pytest.mark.parametrize("dq_flag", [0, 1])
def test_iterations_lower_the_objective(dq_flag):
    weights = weights_of(1, 6000, spread=1.0)
    model = CostModel(weights.shape, TensorSyntax(1, 6000, 10, dq_flag), search=True)
    plain = plain_choice(weights, STEP, model)
    price = 0.4 if dq_flag else 0.12
    found = [
        c.objective(price) for c in iterate(weights, STEP, price, model, plain.cost, FROM_PLAIN)
    ]
    assert found[-1] < found[0] < plain.objective(price)
    assert found[-1] < 0.99 * plain.objective(price)


def choices():
    """What every kernel makes of some weights, as text."""
    weights = weights_of(2, 60, spread=4.0)
    for dq_flag, unary_length in itertools.product((0, 1), (1, 4)):
        model = CostModel((6, 10), TensorSyntax(6, 10, unary_length, dq_flag), search=True)
        plain = plain_choice(weights, STEP, model)
        for choice in iterate(weights, STEP, 0.3, model, plain.cost, (1.5, 1.0)):
            yield f"{choice.cost.bits}/{choice.noise}/{hash(tuple(choice.q.tolist()))}"


def test_kernels_mean_the_same_without_the_compiler():
    program = f"from {__name__} import choices; print(*choices())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    run = [sys.executable, "-c", program]
    out = subprocess.run(run, capture_output=True, text=True, check=True, env=environment).stdout
    assert out.split() == list(choices())


def test_weights_of_too_many_steps_are_left_to_the_plain_quantizer():
    assert can_iterate(np.float32([1.0, -(2.0**20)]), 2.0**-4)
    assert not can_iterate(np.float32([1.0, -(2.0**20)]), 2.0**-5)
    assert not can_iterate(np.zeros(0, np.float32), 1.0)


def test_parameter_sets_of_an_earlier_cost_are_kept_and_never_cost_less():
    random = np.random.default_rng(3)
    q, other = (np.rint(random.laplace(scale=s, size=6000)).astype(np.int32) for s in (2.0, 9.0))
    model = CostModel((6000,), TensorSyntax(6000, 1, 10), search=True)
    own, borrowed = model.cost(q), model.cost(q, model.cost(other))
    assert own.bits < borrowed.bits < 1.02 * own.bits
    assert np.array_equal(borrowed.shift_idx, model.cost(other).shift_idx)
    again = model.cost(q, own)
    assert (again.bits, again.rates.tolist()) == (own.bits, own.rates.tolist())
