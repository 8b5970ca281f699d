"""Class mode: with one class and no offsets the searches of ordinary tensors; never worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import LnqPayloadDecoder, LnqPayloadEncoder, LnqShape
from nnref.codec.entropy.tables import START_WORDS
from nnref.codec.quantization.kernels.adaptive_rates import measure_rates
from nnref.codec.quantization.kernels.iterated import search_path_at_price, trace_back_path
from nnref.codec.quantization.kernels.lnq_rates import MAGNITUDES, measure_set_rates
from nnref.codec.quantization.kernels.lnq_search import search_class_path, trace_class_path
from nnref.codec.quantization.lnq_classes import ClassPlan, ClassSearch

STEP = 0.25
SHAPE = LnqShape(24, 40, 1, 40)
seeds = st.integers(0, 2**32 - 1)


def weights_of(seed, spread=2.0, shape=SHAPE):
    """Rows of two kinds."""
    random = np.random.default_rng(seed)
    scale = np.where(np.arange(shape.rows) % 3 == 0, 0.3, 1.0)[:, np.newaxis]
    found = random.laplace(size=(shape.rows, shape.columns)) * scale * spread * STEP
    return found.astype(np.float32).reshape(-1)


@given(seeds, st.sampled_from([1, 2, 5]), st.sampled_from([0.01, 0.4, 3.0]))
@settings(deadline=None, max_examples=25)
def test_one_class_without_offsets_is_the_search_of_ordinary_tensors(seed, unary_length, price):
    weights = weights_of(seed)
    contexts = 27 + 2 * unary_length + 31
    words = np.full((1, contexts), START_WORDS[0])
    q = np.zeros(weights.size, np.int32)
    usual = np.zeros((1, 2 * contexts), np.int32)
    by_set = np.zeros((1, 1, 2 * contexts), np.int32)
    none = np.zeros(weights.size, np.uint8)
    cost = measure_rates(q, 1, unary_length, 0, words[0], weights.size, usual)
    assert measure_set_rates(q, none, 1, unary_length, words, weights.size, by_set) == cost
    assert (by_set[:, 0] == usual).all()
    where = (1 / STEP, price)
    decisions = np.empty(weights.size, np.uint32)
    state = search_path_at_price(weights, *where, usual, weights.size, 0, unary_length, decisions)
    trace_back_path(weights, 1 / STEP, decisions, state, q)
    offsets = np.zeros((1, 2, 2, MAGNITUDES))
    own = np.empty(weights.size, np.uint32)
    found = np.empty(weights.size, np.int32)
    state = search_class_path(
        weights, none, offsets, *where, by_set, weights.size, unary_length, own
    )
    trace_class_path(weights, none, 1 / STEP, own, state, found)
    assert found.tolist() == q.tolist()


@pytest.mark.parametrize("dq_flag", [0, 1])
@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("zero_class", [0, 1])
def test_choices_are_coded_and_decoded_with_the_noise_that_was_said(dq_flag, classes, zero_class):
    weights = weights_of(7)
    plan = ClassPlan(SHAPE, dq_flag, classes + zero_class, 3, zero_class, search=False)
    search = ClassSearch(weights, plan)
    class_map = (np.arange(SHAPE.units) % plan.classes).astype(np.uint8)
    if plan.classes == 1:
        class_map = np.zeros(1, np.uint8)
    choice = search.start(np.zeros(weights.size, np.int32), class_map, STEP)
    for _ in range(3):
        choice = search.improved(search.reassigned(choice), STEP, 0.3)
    encoder = LnqPayloadEncoder()
    encoder.encode_classes(choice.q, choice.class_map, choice.syntax(), "off")
    payload = encoder.finish()
    decoded = LnqPayloadDecoder(payload).decode_classes(choice.syntax())
    values = decoded.integers * (STEP / 16)
    noise = float(((weights.astype(np.float64) - values) ** 2).sum()) / STEP**2
    assert noise == pytest.approx(choice.noise, rel=1e-6)
    assert 8 * len(payload) == pytest.approx(choice.bits, rel=0.1, abs=200)


def test_offsets_are_the_means_of_what_lies_on_a_level():
    weights = np.repeat(np.float32([0.25 * 1.25, -0.25 * 0.75, 0.0]), 40)
    search = ClassSearch(weights, ClassPlan(LnqShape(3, 40, 1, 40), 0, 1, 2, signed=True))
    q = np.repeat(np.int32([1, -1, 0]), 40)
    table = search._fitted(q, np.zeros(120, np.uint8), STEP)
    assert table[0, 0, 0, 1:].tolist() == [4, 0, 0, 0, 0, 0, 0]
    assert table[0, 0, 1, 1:].tolist() == [-4, 0, 0, 0, 0, 0, 0]


def test_units_move_to_the_class_whose_contexts_suit_them():
    weights = weights_of(3, spread=4.0)
    search = ClassSearch(weights, ClassPlan(SHAPE, 1, 2, 0))
    mixed = (np.arange(24) % 2).astype(np.uint8)
    first = search.start(np.zeros(weights.size, np.int32), mixed, STEP)
    choice = search.start(search.improved(first, STEP, 0.4).q, mixed, STEP)
    for _ in range(6):
        choice = search.improved(search.reassigned(choice), STEP, 0.4)
    quiet = choice.class_map[np.arange(24) % 3 == 0]
    loud = choice.class_map[np.arange(24) % 3 != 0]
    assert len(set(quiet.tolist())) == 1
    assert (loud == quiet[0]).sum() < loud.size / 2
