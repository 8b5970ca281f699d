"""Literal and fast decoder agree on random hierarchical streams, and on what is wrong."""

import os
from random import Random

import numpy as np
import pytest

from nnref.codec import Stream
from nnref.conformance.random_hierarchical import random_hierarchical_stream
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.syntax import read_units

STREAMS = int(os.environ.get("NNREF_HIERARCHICAL_STREAMS", "400"))
PARTS = 4
DAMAGED = 200


def check(data):
    literal = decode_stream(data)
    assert literal.findings == []
    stream = Stream(data, as_coded=True, strict=True)
    for unit in stream.units:
        if not unit.has_tensors:
            continue
        coded, expected = stream.coded_unit(unit), literal.units[unit.index]
        (tensor,) = (one for one in literal.tensors if one.unit == unit.index)
        values = np.array(tensor.values, np.float32)
        assert np.isfinite(values).all()
        assert values.tolist() == tensor.values
        assert coded.tensors[0].values().tobytes() == values.tobytes()
        assert coded.registers == expected.registers
        assert coded.bytes_consumed == expected.bytes_consumed


@pytest.mark.parametrize("part", range(PARTS))
def test_decoders_agree_on_random_streams(part):
    for seed in range(part, STREAMS, PARTS):
        check(random_hierarchical_stream(seed))


def test_streams_have_every_choice_of_the_header():
    found = [
        unit.fields["hierarchical_header"]
        for seed in range(400)
        for unit in read_units(random_hierarchical_stream(seed))
        if unit.has_tensors
    ]
    assert {(h["hier_mode"], h["hier_output_flag"]) for h in found} == {
        (mode, flag) for mode in range(3) for flag in range(2)
    }
    assert {h["hier_width_minus1"] for h in found} >= {*range(24)}
    assert {h["hier_output_fraction_length"] for h in found} >= {-104, 127}
    assert {h["hier_centroid_count_minus1"] for h in found} >= {0, 1, 2, 6, 39}


def refusal_of(decoder):
    """Rule and bit of what is refused, None where a stream is decoded."""
    try:
        decoder()
    except Refused as refused:
        return refused.rule_id, refused.bit
    except NnrError as error:
        return error.id, error.place.bit
    return None


def test_decoders_refuse_damaged_codewords_for_the_same_reason():
    reasons = set()
    for seed in range(DAMAGED):
        data = bytearray(random_hierarchical_stream(seed))
        random = Random(seed)
        *_, last = read_units(bytes(data))
        for _ in range(3):
            place = random.randrange(last.payload_offset, len(data))
            data[place] ^= 1 << random.randrange(8)
            literal = refusal_of(lambda data=bytes(data): decode_stream(data))
            fast = refusal_of(lambda data=bytes(data): dict(Stream(data)))
            assert (literal and literal[0]) == (fast and fast[0]), seed
            if literal and literal[0] == "hierarchical-centroid-range":
                assert literal == fast, seed
            reasons.add(literal and literal[0])
    assert {None, "payload-terminate-bin", "hierarchical-centroid-range"} <= reasons


def test_decoders_refuse_damaged_headers_for_the_same_reason():
    reasons = set()
    for seed in range(DAMAGED):
        data = bytearray(random_hierarchical_stream(seed))
        random = Random(seed)
        *_, last = read_units(bytes(data))
        place = random.randrange(last.payload_offset - 8, last.payload_offset)
        data[place] ^= 1 << random.randrange(8)
        literal = refusal_of(lambda data=bytes(data): decode_stream(data))
        fast = refusal_of(lambda data=bytes(data): dict(Stream(data)))
        if literal and literal[0].startswith("limit-"):
            continue
        assert (literal and literal[0]) == (fast and fast[0]), seed
        reasons.add(literal and literal[0])
    assert {"hierarchical-width", "hierarchical-fraction-length"} <= reasons
    assert "hierarchical-zero-index" in reasons
