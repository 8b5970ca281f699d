"""Literal and fast decoder agree on random streams of pictures, and on what is wrong."""

from random import Random

import numpy as np
import pytest

from nnref.codec import Stream
from nnref.conformance.random_video import random_video_stream
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.syntax import read_units
from tests.support import needs_pictures

needs_pictures()

STREAMS = 60


@pytest.fixture(scope="module")
def streams():
    return [random_video_stream(seed) for seed in range(STREAMS)]


def headers(streams):
    for data in streams:
        *_, unit = read_units(data)
        yield unit.fields["video_header"]


def test_decoders_agree_on_random_streams(streams):
    for seed, data in enumerate(streams):
        (literal,) = decode_stream(data).tensors
        stream = Stream(data, as_coded=True, strict=True)
        (coded,) = stream.coded_unit(stream.units[-1]).tensors
        values = np.array(literal.values, np.float32)
        assert coded.values().tobytes() == values.tobytes(), seed


def test_streams_have_all_depths_several_pictures_and_tiles_that_edges_cut(streams):
    found = list(headers(streams))
    for name in ("video_scales_per_row_flag", "video_chroma_flag"):
        assert {header[name] for header in found} == {0, 1}
    assert {header["video_bit_depth_idc"] for header in found} == {0, 1, 2}
    assert any(h["video_width"] % (h["video_tile_width_minus1"] + 1) for h in found)
    assert any(h["video_tile_height_minus1"] and h["video_tile_width_minus1"] for h in found)


def refusal_of(decoder):
    """The rule by which a stream is refused, None where it is decoded."""
    try:
        decoder()
    except Refused as refused:
        return refused.rule_id
    except NnrError as error:
        return error.id
    return None


def test_decoders_agree_on_damaged_streams(streams):
    reasons = set()
    for seed, whole in enumerate(streams):
        data = bytearray(whole)
        random = Random(seed)
        *_, last = read_units(whole)
        place = random.choice(
            (random.randrange(last.offset + 8, len(data)), last.payload_offset - 9)
        )
        data[place] ^= 1 << random.randrange(8)
        literal = refusal_of(lambda data=bytes(data): decode_stream(data))
        assert literal == refusal_of(lambda data=bytes(data): dict(Stream(data))), seed
        reasons.add(literal)
    assert {None, "video-undecodable"} <= reasons
