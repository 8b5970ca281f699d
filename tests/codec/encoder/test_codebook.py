"""Codebooks in whole streams: asked for, chosen by the encoder, by rules."""

import numpy as np
import pytest

from nnref.codec import EncodeSettings, Rule, decode, encode, encode_file, open_stream
from nnref.codec.quantization import sqnr_db
from nnref.spec.errors import UsageError
from nnref.spec.process import decode_stream

RNG = np.random.default_rng(11)
SHARED = RNG.choice(np.float32([-0.3, -0.1, 0.01, 0.2, 0.4]), (24, 30), p=[0.1, 0.2, 0.4, 0.2, 0.1])
SPREAD = RNG.laplace(0, 0.1, (24, 30)).astype(np.float32)
MODEL = {"shared": SHARED, "spread": SPREAD, "bias": SPREAD[0]}


def entries(stream):
    return {t.name: len(t.member.codebook or ()) for t in open_stream(stream).tensors()}


@pytest.mark.parametrize("profile", [0, 1])
@pytest.mark.parametrize("scan_order", [0, 1])
@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_both_decoders_agree_on_every_codebook(profile, scan_order, size):
    options = {"profile": profile, "scan_order": scan_order, "cabac_unary_length_minus1": 3}
    stream = encode(MODEL, codebook=size, **options)
    assert entries(stream) == {"shared": min(size, 5), "spread": size, "bias": 0}
    decoded = decode(stream, strict=True)
    for tensor in decode_stream(stream).tensors:
        values = np.array(tensor.values, np.float32)
        assert decoded[tensor.name].tobytes() == values.tobytes()


def test_more_entries_lose_less():
    found = [sqnr_db(SPREAD, decode(encode(MODEL, codebook=n))["spread"]) for n in (2, 8, 64)]
    assert found == sorted(found)
    assert found[-1] > 30


def test_auto_takes_a_codebook_where_it_is_smaller_and_no_worse():
    plain, auto = encode(MODEL, sqnr=20.0), encode(MODEL, sqnr=20.0, codebook="auto")
    assert entries(auto) == {"shared": 5, "spread": 0, "bias": 0}
    assert len(auto) < len(plain)
    for name in MODEL:
        assert sqnr_db(MODEL[name], decode(auto)[name]) >= sqnr_db(MODEL[name], decode(plain)[name])


def test_qp_is_the_grid_of_the_entries():
    stream = encode(MODEL, codebook=4, qp=-8)
    decoded = decode(stream)["spread"] / 0.25
    assert np.array_equal(decoded, np.round(decoded))


def test_rules_set_codebooks_of_single_tensors():
    rules = (Rule("sp*", {"codebook": 3}), Rule("bias", {"codebook": 3}))
    stream = encode(MODEL, rules=rules)
    assert entries(stream) == {"shared": 0, "spread": 3, "bias": 0}
    assert open_stream(stream).info("shared").unit.fields["dq_flag"] == 1
    assert open_stream(stream).info("spread").unit.fields["dq_flag"] == 0


def test_a_parameter_set_announces_codebooks():
    def flags(stream):
        return open_stream(stream).units[1].fields["mps_quantization_method_flags"]

    assert flags(encode(MODEL)) == 1
    assert flags(encode(MODEL, codebook=2)) == flags(encode(MODEL, codebook="auto")) == 3
    assert flags(encode(MODEL, rules=(Rule("x", {"codebook": 2}),))) == 3


def test_other_types_and_scalars_come_back_with_codebooks():
    model = {
        "half": SPREAD.astype(np.float16),
        "steps": np.array(3),
        "one": np.array(0.5, np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "zeros": np.zeros((2, 3), np.float32),
    }
    decoded = decode(encode(model, codebook=16))
    assert {n: (a.dtype, a.shape) for n, a in decoded.items()} == {
        n: (a.dtype, a.shape) for n, a in model.items()
    }
    assert not decoded["zeros"].any()


def test_the_report_names_the_tool_and_the_loss(tmp_path):
    report = encode_file(MODEL, tmp_path / "m.nnr", codebook=4)
    by_name = {tensor.name: tensor for tensor in report.tensors}
    assert by_name["spread"].tools == ("codebook",)
    decoded = decode(tmp_path / "m.nnr")["spread"]
    assert by_name["spread"].sqnr == sqnr_db(SPREAD, decoded)


@pytest.mark.parametrize("codebook", [0, 1025, True, 2.0, "all"])
def test_a_codebook_size_that_does_not_exist_is_refused(codebook):
    with pytest.raises(UsageError) as caught:
        EncodeSettings(codebook=codebook)
    assert caught.value.id == "setting-unknown"


def test_compatible_coding_has_no_codebooks():
    with pytest.raises(UsageError) as caught:
        EncodeSettings(codebook=3, compatible=True)
    assert caught.value.id == "setting-conflict"
