"""Clause 15.2: models whose weights are pictures."""

import sys

import numpy as np
import pytest

from nnref.codec import decode, encode, encode_file
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.syntax import read_units, write_unit
from nnref.spec.tables.private_units import METHOD_UNIT

pytest.importorskip("av")

VIDEO = {"method": "video"}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


WEIGHT = normal(40, 60)


def last(stream):
    *_, unit = read_units(stream)
    return unit


def rewritten(stream, payload, **header):
    unit = last(stream)
    fields = dict(unit.fields)
    fields["video_header"] = dict(fields["video_header"]) | header
    return stream[: unit.offset] + write_unit(METHOD_UNIT, fields, payload, unit.state)


@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("scales", ["tensor", "row"])
def test_without_a_qp_only_the_integers_lose_something(depth, scales):
    stream = encode({"w": WEIGHT}, video_depth=depth, video_scales=scales, **VIDEO)
    largest = np.abs(WEIGHT).max(axis=1, keepdims=True) if scales == "row" else np.abs(WEIGHT).max()
    step = largest / (2 ** (depth - 1) - 1)
    assert (np.abs(decode(stream)["w"] - WEIGHT) <= 0.501 * step).all()
    assert last(stream).fields["video_header"]["video_bit_depth_idc"] == (depth - 8) // 2


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 16, 3, 3), (2, 9000), (1100, 17)])
def test_tensors_of_all_shapes_become_pictures_with_the_same_bytes_every_time(shape):
    values = normal(*shape)
    stream = encode({"w": values}, video_depth=10, **VIDEO)
    assert stream == encode({"w": values}, video_depth=10, **VIDEO)
    decoded = decode(stream)["w"]
    assert decoded.shape == shape
    assert np.abs(decoded - values).max() <= np.abs(values).max() / 1000


def test_qp_trades_error_for_bytes_and_the_report_says_what_is_decoded(tmp_path):
    sizes, errors = [], []
    for qp in (4, 20, 36):
        report = encode_file({"w": WEIGHT}, tmp_path / "s", video_qp=qp, **VIDEO)
        decoded = decode((tmp_path / "s").read_bytes())["w"]
        sizes.append(report.tensors[0].unit_bytes)
        errors.append(np.abs(decoded - WEIGHT).max())
        assert report.tensors[0].tools == ("video", "bits8", f"qp{qp}")
        assert report.tensors[0].max_error == pytest.approx(errors[-1])
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


def test_only_fully_connected_layers_if_that_is_asked_for():
    model = {"conv": normal(4, 3, 3, 3), "fc": WEIGHT, "bias": normal(40)}
    stream = encode(model, video_layers="fc", **VIDEO)
    kinds = [unit.type_name for unit in read_units(stream) if unit.has_tensors]
    assert kinds == ["NNR_NDU", "private(61)", "NNR_NDU"]


@pytest.mark.parametrize("options", [{}, {"video_depth": 12, "video_scales": "row"}])
def test_literal_decoder_gives_the_same_numbers(options):
    stream = encode({"w": WEIGHT[:20], "z": np.zeros((3, 3), np.float32)}, **options, **VIDEO)
    decoded = decode(stream)
    for literal in decode_stream(stream).tensors:
        expected = np.array(literal.values, np.float32)
        assert decoded[literal.name].tobytes() == expected.tobytes()


def refusal_of(stream):
    """The rule by which both decoders refuse a stream."""
    with pytest.raises(NnrError) as caught:
        decode(stream)
    with pytest.raises(Refused) as refused:
        decode_stream(stream)
    assert caught.value.id == refused.value.rule_id
    return caught.value.id


def test_pictures_that_are_not_those_of_the_header_are_refused():
    stream = encode({"w": WEIGHT}, **VIDEO)
    payload = bytes(last(stream).payload)
    assert refusal_of(rewritten(stream, b"")) == "video-picture"
    assert refusal_of(rewritten(stream, b"no pictures")) == "video-undecodable"
    assert refusal_of(rewritten(stream, payload + payload)) == "video-picture"
    assert refusal_of(rewritten(stream, payload, video_bit_depth_idc=1)) == "video-picture"
    assert refusal_of(rewritten(stream, payload, video_height=60)) == "video-picture"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"video_bit_depth_idc": 3}, "video-depth-reserved"),
        ({"video_width": 15}, "video-picture-size"),
        ({"video_height": 8193}, "video-picture-size"),
        ({"video_width": 8192}, "video-picture-size"),
    ],
)
def test_writer_refuses_headers_that_say_nothing(changes, rule):
    stream = encode({"w": WEIGHT}, **VIDEO)
    with pytest.raises(NnrError) as caught:
        rewritten(stream, b"", **changes)
    assert caught.value.id in (rule, "element-value")


def test_without_pyav_error_says_what_to_install(monkeypatch):
    stream = encode({"w": WEIGHT}, **VIDEO)
    monkeypatch.setitem(sys.modules, "av", None)
    assert refusal_of(stream) == "video-decoder-missing"
    with pytest.raises(NnrError) as caught:
        encode({"w": WEIGHT}, **VIDEO)
    assert caught.value.id == "extra-missing"
    assert "nnref[video]" in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"video_depth": 9}, {"video_qp": 52}, {"video_scales": "x"}, {"video_layers": "x"}]
)
def test_settings_outside_their_range_are_refused(options):
    with pytest.raises(NnrError) as caught:
        encode({"w": WEIGHT}, **options, **VIDEO)
    assert caught.value.id == "setting-unknown"
