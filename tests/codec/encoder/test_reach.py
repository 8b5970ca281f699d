"""Clause 7.3.2: tensors whose scale no qp reaches beside the others."""

import numpy as np
import pytest

from nnref.codec import EncodeSettings, Rule, decode, encode, encode_file
from nnref.codec.encoder.parameter_sets import stream_settings
from nnref.codec.model import open_model
from nnref.codec.quantization import sqnr_db
from nnref.spec.errors import NnrError
from nnref.spec.process import decode_stream

RNG = np.random.default_rng(3)


def weights(scale, *shape, dtype=np.float32):
    return (RNG.normal(size=shape or (12, 20)) * scale).astype(dtype)


USUAL = weights(0.02, 30, 40)
FAR = {
    "denormal": weights(1e-41),
    "tiny": weights(1e-30),
    "huge": weights(1e30),
    "beyond float32": weights(1e300, dtype=np.float64),
    "vector": weights(1e-30, 9),
}


@pytest.mark.parametrize("name", FAR)
@pytest.mark.parametrize("options", [{}, {"effort": "fast"}, {"codebook": 8}])
def test_a_tensor_out_of_reach_is_carried_as_it_is_and_warned_of(tmp_path, name, options):
    model = {"usual": USUAL, name: FAR[name]}
    report = encode_file(model, tmp_path / "m.nnr", **options)
    (warning,) = report.warnings
    assert repr(name) in warning
    assert "without quantization" in warning
    decoded = decode(tmp_path / "m.nnr", strict=True)
    assert decoded[name].tobytes() == FAR[name].tobytes()
    assert decoded[name].dtype == FAR[name].dtype
    assert sqnr_db(USUAL, decoded["usual"]) >= (14 if options.get("codebook") else 40)


@pytest.mark.parametrize("name", FAR)
def test_a_tensor_out_of_reach_is_refused_on_request(name):
    with pytest.raises(NnrError) as caught:
        encode({"usual": USUAL, name: FAR[name]}, out_of_reach="error")
    assert caught.value.id in ("step-out-of-range", "tensor-out-of-range")
    assert caught.value.place.tensor == name


def test_what_is_asked_for_and_cannot_be_is_refused_whatever_becomes_of_other_tensors():
    for options in ({"qp": 5000}, {"step": 1e-30}, {"nonweight_qp": 5000}):
        with pytest.raises(NnrError):
            encode({"usual": USUAL, "vector": weights(0.1, 9)}, **options)
    with pytest.raises(NnrError):
        encode({"usual": USUAL}, rules=(Rule("usual", {"qp": 5000}),))


def test_levels_beyond_32_bits_with_the_asked_qp_are_out_of_reach():
    decoded = decode(encode({"usual": USUAL, "huge": FAR["huge"]}, qp=-30))
    assert decoded["huge"].tobytes() == FAR["huge"].tobytes()
    assert decoded["usual"].tobytes() != USUAL.tobytes()


def test_compatible_streams_have_no_raw_tensors():
    with pytest.raises(NnrError) as caught:
        encode({"tiny": FAR["tiny"]}, compatible=True, sqnr=30.0)
    assert caught.value.id == "step-out-of-range"


def test_the_base_reaches_the_most_weights():
    outliers = {"tiny": FAR["tiny"], "huge": FAR["huge"]}
    with open_model({"usual": USUAL, **outliers}) as source:
        assert stream_settings(source, EncodeSettings())[1] == 0
    large = weights(1e-30, 50, 50)
    model = {"usual": USUAL, "large": large}
    with open_model(model) as source:
        assert stream_settings(source, EncodeSettings())[1] < 0
    decoded = decode(encode(model))
    assert decoded["usual"].tobytes() == USUAL.tobytes()
    assert decoded["large"].tobytes() != large.tobytes()
    assert sqnr_db(large, decoded["large"]) >= 40


def test_a_block_that_somebody_did_not_ask_for_gives_way():
    model = {"fc.weight": weights(0.1), "fc.bias": weights(1e-30, 12)}
    stream = encode(model, blocks="auto")
    assert decode(stream)["fc.bias"].tobytes() == model["fc.bias"].tobytes()
    literal = {tensor.name: tensor.values for tensor in decode_stream(stream).tensors}
    assert np.array_equal(np.array(literal["fc.bias"], np.float32), model["fc.bias"])


def test_a_name_that_no_decoder_takes_is_refused():
    encode({"n" * (1 << 16): USUAL[:1]})
    with pytest.raises(NnrError, match="max_string_bytes") as caught:
        encode({"\u00e9" * (1 << 15) + "n": USUAL[:1]})
    assert caught.value.id == "tensor-name-unsupported"


@pytest.mark.parametrize("model", [[USUAL], None, USUAL, 5])
def test_what_is_no_model_is_refused_by_name(model):
    with pytest.raises(NnrError, match="state_dict") as caught:
        encode(model)
    assert caught.value.id == "input-type"


@pytest.mark.parametrize("stream", [[1], None, 5])
def test_what_is_no_stream_is_refused_by_name(stream):
    with pytest.raises(NnrError) as caught:
        decode(stream)
    assert caught.value.id == "input-type"
