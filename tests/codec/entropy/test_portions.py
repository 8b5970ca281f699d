"""A tensor in portions is the tensor."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import (
    EntryPoint,
    PayloadDecoder,
    PayloadEncoder,
    TensorSyntax,
    decode_in_portions,
    pairs,
)
from nnref.codec.entropy.pairs import TensorRequest
from nnref.spec.errors import NnrError
from tests.codec.entropy.cases import SEARCHES, Case, cases, encoder_with
from tests.codec.entropy.test_pairs import damaged, laplacian, outcome, payload_of

quick = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def small_tensors_too(monkeypatch):
    monkeypatch.setattr(pairs, "LEAST_WEIGHTS", 1)


def decoded(case: Case, payload, entry_points, portion):
    """The weights, the sizes of portions, and where the decoder ended."""
    decoder = PayloadDecoder(payload, case.dialect)
    decoder.iae(case.front[0])
    request = TensorRequest(decoder, case.syntax, case.base, case.history, entry_points)
    parts = [request.decode()] if portion is None else list(decode_in_portions(request, portion))
    state = decoder.state
    return np.concatenate(parts).tolist(), state, decoder.finish()


@given(cases(), st.sampled_from(SEARCHES), st.integers(1, 200), st.integers(0, 2**32 - 1))
@quick
def test_portions_are_the_tensor_and_broken_ones_are_refused_alike(case, search, portion, seed):
    encoder = encoder_with(case, search)
    payload = damaged(encoder.finish(), np.random.default_rng(seed))
    points = encoder.entry_points[0] if case.syntax.block_rows > 1 else None

    def run(portion):
        return outcome(lambda: decoded(case, payload, points, portion))

    assert run(portion) == run(None)


@pytest.mark.parametrize("portion", [1, 7, 98, 99, 1000])
def test_portions_are_as_large_as_asked_for(portion):
    case = laplacian(1, 9, 11, 3.0)
    decoder = PayloadDecoder(payload_of([case], "off"))
    decoder.iae(case.front[0])
    found = list(decode_in_portions(TensorRequest(decoder, case.syntax), portion))
    sizes = [part.size for part in found]
    assert sizes == [portion] * (99 // portion) + [99 % portion] * (99 % portion > 0)


def test_a_wrong_entry_point_is_found_between_portions():
    random = np.random.default_rng(1)
    syntax = TensorSyntax(40, 24, dq_flag=0, scan_order=1)
    encoder = PayloadEncoder()
    encoder.encode_tensor(random.integers(-5, 6, 960).astype(np.int32), syntax)
    payload, points = encoder.finish(), encoder.entry_points[0]
    for index, point in enumerate(points):
        wrong = [*points]
        wrong[index] = EntryPoint(point.bit_offset, point.offset ^ 1, point.dq_state)
        request = TensorRequest(PayloadDecoder(payload), syntax, entry_points=wrong)
        with pytest.raises(NnrError, match=f"block row {index + 1}: "):
            list(decode_in_portions(request, 400))


@pytest.mark.parametrize("scan_order", [0, 1])
def test_more_weights_than_the_payload_can_hold_are_refused_before_memory_is_taken(scan_order):
    syntax = TensorSyntax(1 << 30, 1 << 20, scan_order=scan_order)
    request = TensorRequest(PayloadDecoder(bytes(20)), syntax, entry_points=[])
    with pytest.raises(NnrError) as caught:
        list(decode_in_portions(request, 1000))
    assert caught.value.id == "payload-bound"
