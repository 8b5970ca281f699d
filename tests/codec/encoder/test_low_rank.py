"""Low-rank factors: which rank, what they lose, how they are coded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import Block, EncodeSettings, Rule, decode, encode, encode_file, open_stream
from nnref.codec.encoder.low_rank import Decomposition, can_be_factored, promising_factors
from nnref.codec.quantization import recomposition, sqnr_db
from nnref.spec.errors import UsageError
from nnref.spec.process import compose_blocks, decode_stream

RNG = np.random.default_rng(3)
LOW = (RNG.normal(size=(40, 4)) @ RNG.normal(size=(4, 54))).astype(np.float32)
FULL = RNG.normal(size=(40, 54)).astype(np.float32)
BIAS = RNG.normal(size=40).astype(np.float32)
MODEL = {"low.weight": LOW, "full.weight": FULL.reshape(40, 6, 3, 3), "low.bias": BIAS}


def ranks(stream):
    """decomposition_rank of every unit, by the name handed out."""
    tensors = open_stream(stream).tensors()
    return {t.name: t.unit.fields["decomposition_rank"] for t in tensors}


def check_against_the_literal_decoder(stream):
    composed = {tensor.name: tensor for tensor in compose_blocks(decode_stream(stream))}
    decoded = decode(stream, strict=True)
    assert composed.keys() == decoded.keys()
    for name, tensor in composed.items():
        assert decoded[name].tobytes() == np.array(tensor.values, np.float32).tobytes()
    return decoded


@given(st.integers(0, 2**32), st.integers(2, 7), st.integers(2, 7))
@settings(deadline=None, max_examples=40)
def test_errors_of_ranks_are_those_of_their_products(seed, rows, columns):
    values = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    decomposition = Decomposition(values)
    left_out = decomposition.left_out
    assert left_out.size == min(rows, columns) + 1
    for rank in range(1, left_out.size):
        factors = decomposition.factors(rank)
        assert factors.rank == rank
        error = np.square(values - recomposition(factors.g, factors.h), dtype=np.float64).sum()
        assert error == pytest.approx(left_out[rank], abs=1e-5)
        assert np.square(factors.g).sum() == pytest.approx(np.square(factors.h).sum(), rel=1e-4)


def test_signs_follow_a_convention():
    g = Decomposition(-LOW).factors(4).g
    assert (g[np.abs(g).argmax(axis=0), range(4)] > 0).all()


@pytest.mark.parametrize("profile", [0, 1])
@pytest.mark.parametrize("scan_order", [0, 1])
@pytest.mark.parametrize("options", [{"dq": True}, {"dq": False}, {"codebook": 20}])
@pytest.mark.parametrize("blocks", [(), "auto"])
def test_both_decoders_agree_on_factors(profile, scan_order, options, blocks):
    settings = {"profile": profile, "scan_order": scan_order, "blocks": blocks} | options
    stream = encode(MODEL, low_rank=0.3, sqnr=30.0, **settings)
    assert ranks(stream) == {"low.weight": 6, "full.weight": 6, "low.bias": 6 if blocks else None}
    decoded = check_against_the_literal_decoder(stream)
    assert decoded["full.weight"].shape == (40, 6, 3, 3)
    if "dq" in options:
        assert sqnr_db(LOW, decoded["low.weight"]) >= 29.99
    assert sqnr_db(BIAS, decoded["low.bias"]) >= 55


def test_a_ratio_is_that_of_the_numbers_coded():
    for ratio in (0.1, 0.25, 0.6):
        stream = encode({"w": FULL}, low_rank=ratio)
        factors = decode(stream, as_coded=True)
        assert sum(array.size for array in factors.values()) <= ratio * FULL.size
        assert ranks(stream)["w"] == int(ratio * 40 * 54 / 94)


def test_a_rank_can_follow_an_error():
    stream = encode(MODEL, low_rank_error=1e-3, sqnr=60.0)
    assert ranks(stream) == {"low.weight": 4, "full.weight": None, "low.bias": None}
    stream = encode({"w": FULL}, low_rank_error=0.6, sqnr=60.0)
    lost = np.linalg.norm(FULL - decode(stream)["w"]) / np.linalg.norm(FULL)
    assert 0.5 < lost <= 0.601


def test_auto_takes_factors_where_they_are_smaller_and_no_worse():
    plain, auto = encode(MODEL), encode(MODEL, low_rank="auto")
    assert ranks(auto) == {"low.weight": 4, "full.weight": None, "low.bias": None}
    assert len(auto) < len(plain)
    before, after = decode(plain)["low.weight"], decode(auto)["low.weight"]
    assert np.square(LOW - after).sum() <= np.square(LOW - before).sum()


def test_promising_ranks_leave_room_for_quantization():
    error = 1e-3 * float(np.square(FULL).sum()) + 0.5 * Decomposition(FULL).left_out[8]
    for factors in promising_factors(FULL, error):
        left_out = np.square(FULL - recomposition(factors.g, factors.h)).sum()
        assert left_out < error
        assert factors.sqnr > 0
    assert not list(promising_factors(FULL, 1e-9))


def test_qp_is_that_of_the_factors():
    factors = decode(encode({"w": LOW}, low_rank=0.3, qp=-8, dq=False), as_coded=True)
    for array in factors.values():
        assert np.array_equal(array * 4, np.round(array * 4))


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (2, 2), (7,), (0, 4), (3, 0)])
def test_tensors_that_have_no_smaller_factors_are_coded_as_they_are(shape):
    assert not can_be_factored(shape)
    for asked in ({"low_rank": 0.5}, {"low_rank": "auto"}, {"low_rank_error": 0.5}):
        stream = encode({"w": np.ones(shape, np.float32)}, **asked)
        assert ranks(stream) == {"w": None}


def test_a_weight_of_zeros_has_factors_of_zeros():
    zeros = np.zeros((30, 20), np.float32)
    for asked in ({"low_rank": 0.5}, {"low_rank": "auto"}, {"low_rank_error": 0.5}):
        assert not decode(encode({"w": zeros}, **asked))["w"].any()


def test_auto_codes_a_weight_whose_factors_no_step_fits():
    values = LOW * np.float32(1e36)
    stream = encode({"w": values}, low_rank="auto")
    assert ranks(stream) == {"w": None}
    assert sqnr_db(values, decode(stream)["w"]) >= 40
    with pytest.raises(UsageError) as caught:
        encode({"w": values}, low_rank=0.3, out_of_reach="error")
    assert caught.value.place.tensor == "w"
    kept = decode(encode({"w": values}, low_rank=0.3))["w"]
    assert kept.tobytes() == values.tobytes()


@pytest.mark.parametrize("sqnr", [8.0, 33.0, 47.5])
@pytest.mark.parametrize("effort", ["fast", "default"])
def test_products_reach_the_quality_asked_for_and_hardly_more(sqnr, effort):
    decoded = decode(encode({"w": LOW}, low_rank=0.3, sqnr=sqnr, effort=effort))["w"]
    assert sqnr <= sqnr_db(LOW, decoded) <= sqnr + 1


def test_integers_and_raw_tensors_are_not_factored():
    model = {"i": np.arange(600).reshape(30, 20), "r": np.full((30, 20), np.inf, np.float32)}
    stream = encode(model, low_rank=0.5, non_finite="raw")
    assert ranks(stream) == {"i": None, "r": None}
    assert all(np.array_equal(decode(stream)[name], array) for name, array in model.items())


def test_local_scaling_goes_to_the_rows_of_g():
    model = {"w": LOW, "w_scaling": np.abs(BIAS)}
    stream = encode(model, low_rank=0.3, blocks=(Block("w", ls="w_scaling"),), sqnr=40.0)
    decoded = check_against_the_literal_decoder(stream)
    assert list(decoded) == ["w"]
    assert sqnr_db(LOW * np.abs(BIAS)[:, np.newaxis], decoded["w"]) >= 30


def test_the_type_of_the_weight_comes_back():
    decoded = decode(encode({"w": LOW.astype(np.float16)}, low_rank=0.3))["w"]
    assert decoded.dtype == np.float16
    assert sqnr_db(LOW, decoded) >= 38


def test_the_report_tells_the_rank_and_the_whole_loss(tmp_path):
    report = encode_file(MODEL, tmp_path / "m.nnr", low_rank=0.3, blocks="auto")
    by_name = {tensor.name: tensor for tensor in report.tensors}
    assert by_name.keys() == MODEL.keys()
    assert "rank6" in by_name["full.weight"].tools
    decoded = decode(tmp_path / "m.nnr")
    assert by_name["full.weight"].sqnr == sqnr_db(MODEL["full.weight"], decoded["full.weight"])
    assert by_name["full.weight"].sqnr < 10


def test_rules_and_lists_of_names_work_with_factors():
    stream = encode(MODEL, indexed_names=True, rules=(Rule("low*", {"low_rank": 0.3}),))
    assert ranks(stream) == {"low.weight": 6, "full.weight": None, "low.bias": None}


def test_a_name_that_a_factor_needs_has_to_be_free():
    with pytest.raises(UsageError) as caught:
        encode({"w": LOW, "w_G": BIAS}, low_rank=0.3)
    assert caught.value.id == "setting-conflict"


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"low_rank": 0}, "setting-unknown"),
        ({"low_rank": 1.5}, "setting-unknown"),
        ({"low_rank": "most"}, "setting-unknown"),
        ({"low_rank_error": "auto"}, "setting-unknown"),
        ({"low_rank_error": -0.1}, "setting-unknown"),
        ({"low_rank": 0.5, "low_rank_error": 0.5}, "setting-conflict"),
        ({"low_rank": 0.5, "compatible": True}, "setting-conflict"),
    ],
)
def test_settings_are_checked(options, rule):
    with pytest.raises(UsageError) as caught:
        EncodeSettings(**options)
    assert caught.value.id == rule
