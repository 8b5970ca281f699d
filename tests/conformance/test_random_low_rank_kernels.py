"""The literal and the fast decoder agree on random streams with low-rank kernels."""

import os
from random import Random

import numpy as np
import pytest

from nnref.codec import Stream
from nnref.conformance.random_low_rank_kernels import random_low_rank_stream
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, compose_blocks, decode_stream
from nnref.spec.syntax import read_units

STREAMS = int(os.environ.get("NNREF_LOW_RANK_STREAMS", "120"))
PARTS = 3
DAMAGED = 100


def check(data):
    literal = decode_stream(data)
    assert literal.findings == []
    stream, composed = Stream(data, as_coded=True, strict=True), Stream(data, strict=True)
    for unit in stream.units:
        if not unit.has_tensors:
            continue
        coded, expected = stream.coded_unit(unit), literal.units[unit.index]
        tensors = [one for one in literal.tensors if one.unit == unit.index]
        for one, tensor in zip(coded.tensors, tensors, strict=True):
            assert one.member.name == tensor.name
            assert list(one.member.dimensions) == tensor.dimensions
            assert one.values().tobytes() == np.array(tensor.values, np.float32).tobytes()
        assert coded.registers == expected.registers
        assert coded.bytes_consumed == expected.bytes_consumed
    weights = {tensor.name: tensor for tensor in compose_blocks(literal)}
    assert list(composed) == list(weights)
    for name, array in composed.items():
        assert list(array.shape) == weights[name].dimensions
        if array.dtype == np.float32:
            assert array.tobytes() == np.array(weights[name].values, np.float32).tobytes()


@pytest.mark.parametrize("part", range(PARTS))
def test_decoders_agree_on_random_streams(part):
    for seed in range(part, STREAMS, PARTS):
        check(random_low_rank_stream(seed))


def test_streams_have_every_choice_of_the_header():
    found = [
        unit.fields
        for seed in range(120)
        for unit in read_units(random_low_rank_stream(seed))
        if unit.has_tensors
    ]
    headers = [fields["low_rank_header"] for fields in found]
    assert {header["dq_flag"] for header in headers} == {0, 1}
    ranks = {header["kernel_rank_minus1"] + 1 for header in headers}
    assert {1, 2, 3, 4, 5} < ranks
    full = [
        h["kernel_rank_minus1"] + 1 == f["greatest_kernel_rank"]
        for h, f in zip(headers, found, strict=True)
    ]
    assert any(full)
    assert not all(full)


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
        data = bytearray(random_low_rank_stream(seed))
        random = Random(seed)
        *_, last = read_units(bytes(data))
        place = random.randrange(last.payload_offset + 2, len(data) + 3)
        data[min(place, len(data) - 1)] ^= 1 << random.randrange(8)
        literal, fast = refusals(bytes(data))
        assert literal == fast, seed
        reasons.add(literal)
    assert {"payload-terminate-bin", "payload-truncated"} <= reasons
