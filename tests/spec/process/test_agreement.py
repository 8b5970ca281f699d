"""The literal decoder reads headers as the declared syntax does: same elements, same bits."""

import random

import numpy as np
import pytest

from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, UpdateState, decode_stream
from nnref.spec.syntax import IndexedUnit, index_unit, read_units
from nnref.spec.tables.rules import RULES
from tests.spec.process import streams
from tests.spec.process.recorder import Recorder
from tests.spec.syntax.method_units import method_unit, plain_payload
from tests.spec.syntax.streams import opening


def with_index(data):
    return data + index_unit([IndexedUnit.of(unit) for unit in read_units(data)])


def method_stream():
    opened, state = opening(1)
    return opened + method_unit(state, plain_payload(-8, np.array([[3, 0, -1], [0, 40, 1]])))


SHORT = min(streams.ALL, key=len)
STREAMS = (
    *streams.ALL,
    streams.START[0] + streams.PERFORMANCE_MAPS,
    with_index(SHORT),
    method_stream(),
)
BEYOND_HEADERS = ("9", "10", "12", "15", "8.3")
"""Clauses of rules that no declaration of the headers can break."""


def literal(data):
    """(elements, id of the refusal or None) of the literal decoder."""
    state, recorder = UpdateState(), Recorder()
    decode_stream(streams.UPDATES[0], state=state)
    try:
        decode_stream(data, state=state, observer=recorder, max_weights=1 << 12)
    except Refused as refused:
        return recorder.elements, refused.rule_id
    return recorder.elements, None


def declared(data):
    """The same of the declared syntax."""
    records = []
    try:
        for _ in read_units(data, record=records.append):
            pass
    except NnrError as error:
        refused = error.id
    else:
        refused = None
    return [(one.path, one.bit, one.bits, one.value) for one in records], refused


def damaged(index):
    """The stream itself and copies with flipped bits, mostly in headers."""
    rng = random.Random(index)
    yield STREAMS[index]
    for _ in range(40):
        data = bytearray(STREAMS[index])
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(min(len(data), 90))] ^= 1 << rng.randrange(8)
        yield bytes(data)


@pytest.mark.parametrize("index", range(len(STREAMS)))
def test_literal_decoder_and_declaration_read_the_same_elements(index):
    for data in damaged(index):
        elements, refused = literal(data)
        records, error = declared(data)
        common = min(len(elements), len(records))
        assert repr(elements[:common]) == repr(records[:common])
        if refused is None:
            assert (error, len(elements)) == (None, len(records))
        elif error is None:
            assert RULES[refused].clause.startswith(BEYOND_HEADERS)
