"""Clause 15.2.2: every decoder of HEVC has the same pictures."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from nnref.codec import Chain, encode
from nnref.codec.decoder.methods.hevc import PictureFormat, decode_pictures
from nnref.codec.decoder.methods.video import Packing
from nnref.codec.encoder.methods.hevc import encode_pictures
from nnref.conformance.generator.pictures import PICTURES, made, payloads
from nnref.spec.errors import NnrError
from nnref.spec.process import hevc as literal
from nnref.spec.syntax import read_units
from tests.support import needs_pictures

needs_pictures()

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(
    FFMPEG is None, reason="no program ffmpeg: apt-get install ffmpeg has a second HEVC decoder"
)


def format_of(pictures):
    return PictureFormat(pictures.width, pictures.height, pictures.bit_depth, pictures.chroma)


def decoded_by_program(payload, expected):
    """The luma samples of pictures as the program ffmpeg decodes them."""
    command = [FFMPEG, "-v", "error", "-f", "hevc", "-i", "-", "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", expected.name, "-"]
    raw = subprocess.run(command, input=payload, capture_output=True, check=True).stdout
    size = expected.width * expected.height
    planes = size * 3 // 2 if expected.chroma else size
    samples = np.frombuffer(raw, expected.dtype).reshape(-1, planes)[:, :size]
    return samples.reshape(-1, expected.height, expected.width)


@needs_ffmpeg
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_the_suite_are_those_of_a_second_decoder(name):
    expected = format_of(PICTURES[name])
    ours = decode_pictures(payloads()[name], expected, PICTURES[name].count)
    theirs = decoded_by_program(payloads()[name], expected)
    assert ours.shape == theirs.shape
    assert (ours == theirs).all()


@needs_ffmpeg
@pytest.mark.parametrize(
    "options",
    [
        {"video_qp": 24},
        {"video_qp": 34, "video_depth": 10, "video_layout": "kernels"},
        {"video_depth": 12, "video_chroma": True, "video_layout": "square"},
    ],
)
def test_payload_of_a_unit_is_a_file_for_a_second_decoder(options):
    weight = np.random.default_rng(0).normal(size=(30, 20, 3, 3)).astype(np.float32)
    *_, unit = read_units(encode({"w": weight}, method="video", **options))
    packing = Packing.of(unit.fields["video_header"])
    count = packing.count(weight.size)
    ours = decode_pictures(bytes(unit.payload), packing.pictures, count)
    assert (ours == decoded_by_program(bytes(unit.payload), packing.pictures)).all()


@needs_ffmpeg
def test_payloads_of_a_chain_one_behind_the_other_are_a_file_for_a_second_decoder():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(40, 40)).astype(np.float32)
    streams = [encode({"w": weight}, method="video", video_qp=20)]
    for _ in range(2):
        weight = weight + (rng.random((40, 40)) < 0.1) * np.float32(0.1)
        streams.append(encode({"w": weight}, base=streams, method="video"))
    stored = Chain.of(streams).state.pictures["w"]
    units = [list(read_units(stream))[-1] for stream in streams]
    assert stored.payload == b"".join(bytes(unit.payload) for unit in units)
    packing = Packing.of(stored.header)
    ours = decode_pictures(stored.payload, packing.pictures, 3)
    assert (ours == decoded_by_program(stored.payload, packing.pictures)).all()


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_the_suite_are_those_of_their_formulas(name):
    pictures = PICTURES[name]
    found = decode_pictures(payloads()[name], format_of(pictures), pictures.count)
    if "lossless" in pictures.options:
        assert (found == pictures.luma()).all()
    else:
        assert 0 < np.abs(found - pictures.luma()).max() <= 20


@pytest.mark.parametrize("name", ["odd", "colour-10", "reordered"])
def test_pictures_made_today_decode_to_those_of_the_suite(name):
    pictures, expected = PICTURES[name], format_of(PICTURES[name])
    today = decode_pictures(made(pictures), expected, pictures.count)
    assert (today == decode_pictures(payloads()[name], expected, pictures.count)).all()


def test_picture_larger_than_expected_is_refused_before_it_is_decoded():
    payload = payloads()["flat"]
    with pytest.raises(NnrError) as caught:
        decode_pictures(payload, PictureFormat(16, 16, 8), 1)
    assert caught.value.id == "video-undecodable"


@pytest.mark.parametrize("depth", [8, 10, 12])
def test_pictures_of_8192_lines_and_samples_are_coded_without_loss(depth):
    for width, height in ((8192, 16), (16, 8192)):
        expected = PictureFormat(width, height, depth)
        pictures = np.full((1, height, width), 1 << (depth - 1), expected.dtype)
        pictures[0, ::3, ::5] = (1 << depth) - 1
        payload = encode_pictures(pictures, expected, None)
        assert (decode_pictures(payload, expected, 1) == pictures).all()


def test_full_range_is_the_same_as_limited_range():
    expected = literal.PictureFormat(16, 18, 8, 1)
    payload = made(replace(PICTURES["colour"], options="lossless=1:range=full"))
    flat = PICTURES["colour"].luma()[0].reshape(-1).tolist()
    assert literal.hevc_pictures(payload, expected, 1) == [flat]
    found = decode_pictures(payload, PictureFormat(16, 18, 8, chroma=True), 1)
    assert found[0].reshape(-1).tolist() == flat
