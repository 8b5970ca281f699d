"""The literal and the fast decoder agree on random streams with templates, and on what is wrong."""

import os
from random import Random

import numpy as np
import pytest

from nnref.codec import Stream
from nnref.conformance.random_templates import random_template_stream
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.syntax import read_units

STREAMS = int(os.environ.get("NNREF_TEMPLATE_STREAMS", "400"))
PARTS = 4
DAMAGED = 150


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
        assert coded.tensors[0].values().tobytes() == values.tobytes()
        assert coded.registers == expected.registers
        assert coded.bytes_consumed == expected.bytes_consumed


@pytest.mark.parametrize("part", range(PARTS))
def test_decoders_agree_on_random_streams(part):
    for seed in range(part, STREAMS, PARTS):
        check(random_template_stream(seed))


def test_streams_have_every_choice_of_the_header():
    found = [
        unit.fields["template_header"]
        for seed in range(300)
        for unit in read_units(random_template_stream(seed))
        if unit.has_tensors
    ]
    flags = {(h["dq_flag"], h["template_residual_flag"]) for h in found}
    assert flags == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert {h["template_size_minus1"] for h in found} == {0, 1, 2, 3, 8}
    assert 0 in {h["template_count_minus1"] for h in found}
    assert max(h["template_count_minus1"] for h in found) > 20


def refusals(data):
    """Rule ids of the literal and of the fast decoder, None where they decode."""
    found = []
    for decoder in (lambda: decode_stream(data), lambda: dict(Stream(data))):
        try:
            decoder()
        except Refused as refused:
            found.append(refused.rule_id)
        except NnrError as error:
            found.append(error.id)
        else:
            found.append(None)
    return tuple(found)


def test_decoders_refuse_damaged_codewords_for_the_same_reason():
    reasons = set()
    for seed in range(DAMAGED):
        data = bytearray(random_template_stream(seed))
        random = Random(seed)
        *_, last = read_units(bytes(data))
        place = random.randrange(last.payload_offset + 2, len(data) + 3)
        data[min(place, len(data) - 1)] ^= 1 << random.randrange(8)
        literal, fast = refusals(bytes(data))
        assert literal == fast, seed
        reasons.add(literal)
    assert {"payload-terminate-bin", "payload-truncated", "codebook-index-range"} <= reasons
