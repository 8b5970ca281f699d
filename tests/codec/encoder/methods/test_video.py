"""Clause 15.2: models whose weights are pictures."""

import sys
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import EncodeSettings, Stream, decode, decode_chain, encode, encode_file
from nnref.codec.encoder.methods.video import chosen_packing
from nnref.spec.errors import NnrError
from nnref.spec.process import Refused, decode_stream
from nnref.spec.process import UpdateState as LiteralState
from nnref.spec.syntax import read_units, write_unit
from nnref.spec.tables.private_units import METHOD_UNIT
from nnref.spec.tables.video import LARGEST_EDGE, LEAST_EDGE, MOST_PADDING
from tests.support import needs_pictures

needs_pictures()

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


SHAPES = [
    (1, 1),
    (3, 5),
    (6, 8, 3, 3),
    (2, 9000),
    (300, 17),
    (5, 3, 40, 2),
    (7, 4, 3),
    (2, 2, 2, 2, 9),
]


@pytest.mark.parametrize("layout", ["rows", "kernels", "square"])
@pytest.mark.parametrize("shape", SHAPES)
def test_tensors_of_all_shapes_become_pictures_in_every_layout(shape, layout):
    values = normal(*shape)
    options = {"video_depth": 10, "video_layout": layout, "video_chroma": sum(shape) % 2 == 0}
    decoded = decode(encode({"w": values}, **options, **VIDEO))["w"]
    assert decoded.shape == shape
    assert np.abs(decoded - values).max() <= np.abs(values).max() / 1000


def test_streams_have_the_same_bytes_every_time():
    assert encode({"w": WEIGHT}, **VIDEO) == encode({"w": WEIGHT}, **VIDEO)


def header_of(shape, **options):
    packing = chosen_packing(shape, EncodeSettings(**options, **VIDEO))
    pictures = packing.pictures
    return pictures.width, pictures.height, packing.tile_width, packing.tile_height


@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((300, 784), "rows", (784, 300, 784, 1)),
        ((10, 5), "rows", (16, 16, 1, 1)),
        ((3, 9000), "rows", (165, 164, 1, 1)),
        ((64, 32, 3, 3), "rows", (288, 64, 288, 1)),
        ((64, 32, 3, 3), "kernels", (96, 192, 3, 3)),
        ((64, 1, 3, 3), "kernels", (24, 24, 3, 3)),
        ((6, 3, 40, 2), "kernels", (38, 38, 1, 1)),
        ((40, 24), "kernels", (24, 40, 1, 1)),
        ((300, 784), "square", (485, 485, 1, 1)),
        ((20000, 8192), "rows", (8192, 2048, 8192, 1)),
        ((20000, 20), "rows", (20, 8192, 20, 1)),
    ],
)
def test_layout_gives_pictures_their_size_and_tiles(shape, layout, expected):
    assert header_of(shape, video_layout=layout) == expected
    width, height, *_ = header_of(shape, video_layout=layout, video_chroma=True)
    assert width % 2 == height % 2 == 0


@given(
    st.lists(st.integers(1, 9000), min_size=2, max_size=4),
    st.sampled_from(["rows", "kernels", "square"]),
    st.booleans(),
)
@settings(deadline=None)
def test_pictures_of_all_shapes_are_within_the_limits_of_the_header(shape, layout, chroma):
    width, height, tile_width, tile_height = header_of(
        tuple(shape), video_layout=layout, video_chroma=chroma
    )
    assert tile_width <= width
    assert tile_height <= height
    assert {width, height} <= set(range(LEAST_EDGE, LARGEST_EDGE + 1))
    assert width * height <= prod(shape) + MOST_PADDING


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
    assert refusal_of(rewritten(stream, payload, video_chroma_flag=1)) == "video-picture"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"video_bit_depth_idc": 3}, "video-depth-reserved"),
        ({"video_width": 15}, "video-picture-size"),
        ({"video_height": 8193}, "video-picture-size"),
        ({"video_width": 8192}, "video-picture-size"),
        ({"video_tile_width_minus1": 60}, "video-tile"),
        ({"video_tile_height_minus1": 40}, "video-tile"),
        ({"video_width": 61, "video_chroma_flag": 1}, "video-chroma-size"),
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
    "options",
    [
        {"video_depth": 9},
        {"video_qp": 52},
        {"video_scales": "x"},
        {"video_layers": "x"},
        {"video_layout": "x"},
    ],
)
def test_settings_outside_their_range_are_refused(options):
    with pytest.raises(NnrError) as caught:
        encode({"w": WEIGHT}, **options, **VIDEO)
    assert caught.value.id == "setting-unknown"


def trained(weight, seed):
    """A tenth of the weights has changed a little."""
    rng = np.random.default_rng(seed)
    changed = rng.random(weight.shape) < 0.1
    moved = weight + 0.1 * changed * rng.normal(size=weight.shape)
    return moved.clip(weight.min(), weight.max()).astype(np.float32)


def chain_of(weight, updates, **options):
    """Weights, and the streams of a base and its updates."""
    weights, streams = [weight], [encode({"w": weight}, **options, **VIDEO)]
    for seed in range(updates):
        weights.append(trained(weights[-1], seed))
        streams.append(encode({"w": weights[-1]}, base=streams, **options, **VIDEO))
    return weights, streams


OF_UPDATES = [
    {},
    {"video_qp": 18},
    {"video_depth": 12, "video_scales": "row", "video_chroma": True},
]


@pytest.mark.parametrize("options", OF_UPDATES)
def test_updates_continue_the_pictures_of_the_base_and_decode_alike(options):
    weights, streams = chain_of(normal(64, 64), 2, **options)
    alone = encode({"w": weights[-1]}, **options, **VIDEO)
    assert len(streams[-1]) < len(alone) / 2
    state = LiteralState()
    for number, stream in enumerate(streams, 1):
        assert last(stream).fields["video_header"]["video_inter_flag"] == int(number > 1)
        (literal,) = decode_stream(stream, state=state).tensors
        found = decode_chain(streams[:number])["w"]
        assert found.tobytes() == np.array(literal.values, np.float32).tobytes()
    if options.get("video_qp") is None:
        step = np.abs(weights[0]).max() / (2 ** (options.get("video_depth", 8) - 1) - 1)
        assert np.abs(decode_chain(streams)["w"] - weights[-1]).max() <= 0.501 * step


def test_qp_of_an_update_is_the_size_of_what_it_leaves_out():
    weights, streams = chain_of(normal(64, 64), 1)
    sizes, errors = [], []
    for qp in (4, 16, 28):
        update = encode({"w": weights[1]}, base=streams[:1], video_qp=qp, **VIDEO)
        sizes.append(len(update))
        errors.append(np.abs(decode_chain([streams[0], update])["w"] - weights[1]).max())
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)
    assert len(set(sizes)) == 3


def test_update_says_what_it_did(tmp_path):
    base = encode({"w": WEIGHT, "b": normal(5)}, **VIDEO)
    new = {"w": trained(WEIGHT, 1), "b": normal(5)}
    report = encode_file(new, tmp_path / "u", base=base, **VIDEO)
    assert [one.tools for one in report.tensors] == [
        ("complete", "video", "bits8", "inter"),
        ("unchanged",),
    ]
    unchanged = encode_file(decode(base), tmp_path / "u", base=base, **VIDEO)
    assert unchanged.tensors[0].tools == ("unchanged",)


@pytest.mark.parametrize("changes", [{"video_depth": 10}, {"video_layout": "square"}])
def test_pictures_of_another_kind_start_anew(changes):
    base = encode({"w": WEIGHT}, **VIDEO)
    new = trained(WEIGHT, 1)
    update = encode({"w": new}, base=base, **changes, **VIDEO)
    assert last(update).fields["video_header"]["video_inter_flag"] == 0
    assert np.abs(decode_chain([base, update])["w"] - new).max() <= np.abs(WEIGHT).max() / 127


def test_base_of_another_encoder_that_cannot_be_continued_starts_anew(monkeypatch):
    base = encode({"w": WEIGHT}, **VIDEO)
    other = "bframes=0:keyint=-1:no-amp=1:ctu=16:max-tu-size=8"
    monkeypatch.setattr("nnref.codec.encoder.methods.hevc._SEQUENCE", other)
    update = encode({"w": trained(WEIGHT, 1)}, base=base, **VIDEO)
    assert last(update).fields["video_header"]["video_inter_flag"] == 0


def test_predictive_updates_have_increments():
    base = encode({"w": WEIGHT}, **VIDEO)
    update = encode({"w": trained(WEIGHT, 1)}, base=base, predictive=True, **VIDEO)
    assert last(update).type_name == "NNR_NDU"


def test_pictures_of_an_update_are_refused_without_their_base():
    _, streams = chain_of(WEIGHT, 1)
    assert refusal_of(streams[1]) == "video-base"
    _, others = chain_of(normal(40, 60, seed=1), 1)
    with pytest.raises(NnrError) as caught:
        decode_chain([others[0], streams[1]])
    assert caught.value.id == "base-model-mismatch"
    with pytest.raises(NnrError) as caught:
        decode(streams[1], base=Stream(others[0]).next_state())
    assert caught.value.id == "parent-mismatch"
    assert caught.value.place.tensor == "w"
