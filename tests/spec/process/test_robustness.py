"""Any byte string ends in a result or in a refusal."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnref.spec.process import DecodedStream, Refused, UpdateState, decode_stream
from nnref.spec.tables.rules import RULES
from tests.spec.process import streams

MAX_WEIGHTS = 1 << 12


def outcome(data):
    """The stream, or the refusal after a look at its parts."""
    try:
        return decode_stream(data, state=after_first_update(), max_weights=MAX_WEIGHTS)
    except Refused as error:
        refused = error
    assert refused.rule_id in RULES
    assert not RULES[refused.rule_id].tolerated
    assert refused.unit is not None
    assert 0 <= refused.bit <= 8 * len(data)
    return refused


def after_first_update():
    state = UpdateState()
    decode_stream(streams.UPDATES[0], state=state)
    for stored in state.tensors.values():
        stored.put_node_depth = None  # whatever depth the next stream claims
    return state


@pytest.mark.parametrize("index", range(len(streams.ALL)))
def test_truncated_stream_is_refused_but_at_the_borders_of_units(index):
    data = streams.ALL[index]
    borders = {unit.first_byte for unit in outcome(data).units} - {0}
    for length in range(len(data)):
        decoded = isinstance(outcome(data[:length]), DecodedStream)
        assert decoded == (length in borders)


@pytest.mark.parametrize("index", range(len(streams.ALL)))
def test_damaged_stream_is_decoded_or_refused(index):
    rng = random.Random(index)
    for _ in range(60):
        data = bytearray(streams.ALL[index])
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        outcome(bytes(data))


@given(st.binary(max_size=80))
def test_any_payload_is_decoded_or_refused(payload):
    header = bytearray(streams.ENTRY_POINTS[15:35])
    outcome(streams.START[0] + streams.MPS + streams.unit(5, bytes(header) + payload))
    header = streams.CODEBOOK_P1[15:40]
    outcome(streams.START[1] + streams.MPS + streams.unit(5, bytes(header) + payload))


@given(st.binary(max_size=60), st.integers(0, 7), st.integers(0, 1))
def test_any_unit_is_decoded_or_refused(body, unit_type, profile):
    outcome(streams.START[profile] + streams.MPS + streams.unit(unit_type, body))
    outcome(streams.START[profile] + streams.unit(unit_type, body))
