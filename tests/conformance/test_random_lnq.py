"""The literal and the fast decoder agree on random streams with LNQ, and on what is wrong."""

import os
from collections import Counter
from itertools import product
from random import Random

import numpy as np
import pytest

from nnref.codec import Stream
from nnref.conformance.random_lnq import random_lnq_stream
from nnref.spec.errors import NnrError
from nnref.spec.process import Observer, Refused, decode_stream
from nnref.spec.syntax import read_units
from nnref.spec.tables.enums import (
    LnqCentroidMode,
    LnqContextMode,
    LnqGroupOrder,
    LnqMode,
    LuType,
)
from nnref.tools.syntax.coded import CODED

STREAMS = int(os.environ.get("NNREF_LNQ_STREAMS", "200"))
"""Streams of this many seeds; `NNREF_LNQ_STREAMS=1000 pytest THIS_FILE` for a thousand."""
PARTS = 10
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
        check(random_lnq_stream(seed))


def headers(streams):
    for seed in range(streams):
        for unit in read_units(random_lnq_stream(seed)):
            if unit.has_tensors and unit.fields["lnq_header"]["lnq_layer_flag"]:
                yield unit.fields["lnq_header"]


def test_streams_have_every_choice_of_the_header():
    found = list(headers(400))
    assert {(h["lnq_mode"], h["dq_flag"], h["lnq_lu_type"]) for h in found} >= set(
        product(LnqMode, (0, 1), LuType)
    )
    published = [h for h in found if h["lnq_mode"] == LnqMode.PUBLISHED]
    pairs = {(h["lnq_group_order"], h["lnq_context_mode"]) for h in published}
    resets = {
        (order, LnqContextMode.RESET) for order in (LnqGroupOrder.UNITS, LnqGroupOrder.RASTER)
    }
    assert pairs == set(product(LnqGroupOrder, LnqContextMode)) - resets
    books = {
        (h["lnq_centroid_mode"], h["lnq_variable_levels_flag"], h["lnq_merge_enabled_flag"])
        for h in published
    }
    assert books == set(product(LnqCentroidMode, (0, 1), (0, 1)))
    assert {h["codebook_present_flag"] for h in published} == {0, 1}


class Elements(Observer):
    def __init__(self):
        self.counts = Counter()

    def bin(self, kind, element, *_):
        self.counts[element] += 1


def test_streams_have_every_element_of_a_codeword():
    heard = Elements()
    for seed in range(200):
        decode_stream(random_lnq_stream(seed), observer=heard)
    expected = {name for name, one in CODED.items() if one.clause.startswith("15.")}
    assert expected <= set(heard.counts)


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
        data = bytearray(random_lnq_stream(seed))
        random = Random(seed)
        *_, last = read_units(bytes(data))
        place = random.randrange(last.payload_offset + 2, len(data) + 3)
        data[min(place, len(data) - 1)] ^= 1 << random.randrange(8)
        literal, fast = refusals(bytes(data))
        assert literal == fast, seed
        reasons.add(literal)
    assert {"payload-terminate-bin", "payload-truncated", "lnq-centroid-order"} <= reasons
