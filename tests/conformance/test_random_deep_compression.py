"""Literal and fast decoder agree on random streams with deep compression, and on what is wrong."""

from random import Random

import numpy as np
import pytest

from nnref.codec import Stream
from nnref.conformance.random_deep_compression import random_deep_stream
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.syntax import read_units

STREAMS = 600
DAMAGED = 400


def headers(streams):
    for seed in range(streams):
        for unit in read_units(random_deep_stream(seed)):
            if unit.has_tensors:
                yield unit.fields["deep_compression_header"]


def test_decoders_agree_on_random_streams():
    for seed in range(STREAMS):
        data = random_deep_stream(seed)
        literal = decode_stream(data)
        stream = Stream(data, as_coded=True, strict=True)
        units = [unit for unit in stream.units if unit.has_tensors]
        for unit, expected in zip(units, literal.tensors, strict=True):
            coded = stream.coded_unit(unit)
            values = np.array(expected.values, np.float32)
            assert coded.tensors[0].values().tobytes() == values.tobytes(), seed
            assert coded.bytes_consumed == literal.units[unit.index].bytes_consumed


def test_streams_have_every_size_of_gaps_and_codes_of_every_length():
    found = list(headers(STREAMS))
    assert {h["deep_gap_bits"] for h in found} == set(range(9))
    lengths = {length for h in found for length in h["deep_index_length"]}
    assert lengths == set(range(16))
    assert any(h["deep_index_length"].count(1) == sum(h["deep_index_length"]) == 1 for h in found)


def refusal_of(decoder):
    """Rule and bit of what is refused, None where a stream is decoded."""
    try:
        decoder()
    except Refused as refused:
        return refused.rule_id, refused.bit
    except NnrError as error:
        return error.id, error.place.bit
    return None


@pytest.mark.parametrize("part", range(4))
def test_decoders_refuse_damaged_payloads_for_the_same_reason_at_the_same_bit(part):
    reasons = set()
    for seed in range(part, DAMAGED, 4):
        data = bytearray(random_deep_stream(seed))
        random = Random(seed)
        *_, last = read_units(bytes(data))
        if not last.payload:
            continue
        for _ in range(4):
            place = random.randrange(last.payload_offset, len(data))
            data[place] ^= 1 << random.randrange(8)
            literal = refusal_of(lambda data=bytes(data): decode_stream(data))
            assert literal == refusal_of(lambda data=bytes(data): dict(Stream(data))), seed
            reasons.add(literal and literal[0])
    assert {None, "deep-code-word", "deep-entry-position", "deep-payload-end"} <= reasons
    assert "unit-element-truncated" in reasons


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_payloads_too_short_for_their_tensor_are_refused_before_memory_is_taken(cut):
    for seed in range(100):
        data = random_deep_stream(seed)
        *_, last = read_units(data)
        if len(last.payload) < cut:
            continue
        size = last.size - cut
        short = bytearray(data[: len(data) - cut])
        short[last.offset : last.offset + 2] = size.to_bytes(2, "big")
        literal = refusal_of(lambda short=bytes(short): decode_stream(short))
        assert literal is not None
        assert literal == refusal_of(lambda short=bytes(short): dict(Stream(short)))
