"""Models encoded with deep compression: what is pruned is 0, what is left shares few values."""

import numpy as np
import pytest

from nnref.codec import EncodeSettings, Stream, decode, encode, encode_file
from nnref.codec.encoder.tensor import pruned
from nnref.codec.strip import strip
from nnref.spec.errors import NnrError
from nnref.spec.process import decode_stream

DEEP = {"method": "deep-compression"}
RANDOM = np.random.default_rng(5)
CONVOLUTION = RANDOM.laplace(size=(24, 16, 3, 3)).astype(np.float32)
MATRIX = RANDOM.normal(size=(60, 120)).astype(np.float32)
MODEL = {"c": CONVOLUTION, "m": MATRIX, "bias": RANDOM.normal(size=24).astype(np.float32)}


def literal(stream):
    return {t.name: np.array(t.values, np.float32) for t in decode_stream(stream).tensors}


def kept(name, prune):
    return pruned(MODEL[name], EncodeSettings(prune=prune))


@pytest.mark.parametrize("prune", [None, 0.5, 0.97])
def test_both_decoders_find_what_the_encoder_reports(prune, tmp_path):
    path = tmp_path / "model.nnr"
    report = encode_file(MODEL, path, prune=prune, **DEEP)
    decoded, expected = decode(path), literal(path.read_bytes())
    for tensor in report.tensors:
        values = decoded[tensor.name]
        assert values.tobytes() == expected[tensor.name].tobytes()
        assert tensor.max_error == pytest.approx(np.abs(values - kept(tensor.name, prune)).max())
    for name in "cm":
        zeros = np.count_nonzero(decoded[name] == 0) / decoded[name].size
        assert zeros == pytest.approx(prune or 0, abs=1e-3)


def test_indices_have_the_published_bits_unless_others_are_asked_for():
    published = Stream(encode(MODEL, **DEEP))
    assert published.info("m").tools == ("deep-compression", "shared31")
    assert 31 < len(np.unique(published["c"])) <= 255
    fewer = Stream(encode(MODEL, shared_bits=2, **DEEP))
    assert fewer.info("c").tools[1] == "shared3"
    assert len(np.unique(fewer["c"])) == 3


def test_pruned_streams_are_smaller_and_gaps_are_used():
    sizes = [len(encode(MODEL, prune=prune, **DEEP)) for prune in (0, 0.5, 0.9, 0.99)]
    assert sizes == sorted(sizes, reverse=True)
    stream = Stream(encode(MODEL, prune=0.95, **DEEP))
    (header,) = (
        unit.fields["deep_compression_header"]
        for unit in stream.units
        if unit.has_tensors and unit.fields["topology_elem_id"] == "m"
    )
    assert header["deep_gap_bits"] > 2


@pytest.mark.parametrize("shape", [(3, 4), (1, 9), (2, 2, 2)])
def test_zeros_take_a_few_bytes(shape):
    zeros = {"z": np.zeros(shape, np.float32)}
    stream = encode(zeros, **DEEP)
    assert decode(stream)["z"].tolist() == zeros["z"].tolist()
    assert literal(stream)["z"].any() == np.False_


def test_data_types_are_kept():
    halves = {"h": MATRIX.astype(np.float16)}
    decoded = decode(encode(halves, shared_bits=8, **DEEP))["h"]
    assert decoded.dtype == np.float16
    assert np.abs(decoded - halves["h"]).max() < 0.2


def test_stripped_stream_has_the_same_tensors_in_ordinary_units():
    stream = encode(MODEL, prune=0.8, **DEEP)
    data, report = strip(stream, replace_units=True)
    assert report.replaced == ("c", "m")
    ordinary = decode(data)
    assert all(ordinary[name].tobytes() == decode(stream)[name].tobytes() for name in MODEL)


@pytest.mark.parametrize("options", [{"shared_bits": 0}, {"shared_bits": 11}, {"method": "deep"}])
def test_settings_outside_their_range_are_refused(options):
    with pytest.raises(NnrError) as caught:
        encode(MODEL, **options)
    assert caught.value.id == "setting-unknown"
