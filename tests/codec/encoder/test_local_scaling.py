"""Local scaling that the encoder finds: rows of one magnitude and factors for them."""

import numpy as np
import pytest

from nnref.codec import (
    Block,
    EncodeSettings,
    Rule,
    decode,
    encode,
    encode_file,
    encode_out_of_band,
    open_stream,
)
from nnref.codec.quantization import sqnr_db
from nnref.codec.transform.local_scaling import fitted_factors, split_local_scaling
from nnref.spec.errors import UsageError
from nnref.spec.process import compose_blocks, decode_stream

RNG = np.random.default_rng(11)
ROWS = (10.0 ** RNG.uniform(-2, 0, 30)).astype(np.float32)
CONV = (RNG.normal(size=(30, 6, 3, 3)) * ROWS.reshape(-1, 1, 1, 1)).astype(np.float32)
LOW = (RNG.normal(size=(30, 3)) @ RNG.normal(size=(3, 50)) * ROWS[:, None]).astype(np.float32)
MODEL = {
    "conv.weight": CONV,
    "conv.bias": ROWS,
    "low.weight": LOW,
    "line": RNG.normal(size=(1, 20)).astype(np.float32),
    "column": RNG.normal(size=(20, 1)).astype(np.float32),
}


def coded(stream):
    """Member names by role, of every unit whose weight is `name`."""
    found: dict[int, dict[str, str]] = {}
    for tensor in open_stream(stream, as_coded=True).tensors():
        found.setdefault(tensor.unit.index, {})[tensor.member.role] = tensor.name
    return [unit for unit in found.values() if "ls" in unit]


def check_against_the_literal_decoder(stream):
    literal, decoded = compose_blocks(decode_stream(stream)), decode(stream, strict=True)
    assert [tensor.name for tensor in literal] == list(decoded)
    for tensor in literal:
        values = np.array(tensor.values, np.float32)
        assert decoded[tensor.name].tobytes() == values.tobytes()
    return decoded


def row_errors(original, decoded):
    """Squared error of every row relative to its energy, in dB."""
    rows, found = (each.astype(np.float64).reshape(len(each), -1) for each in (original, decoded))
    return 10 * np.log10(np.sum((rows - found) ** 2, axis=1) / np.sum(rows**2, axis=1))


@pytest.mark.parametrize("profile", [0, 1])
@pytest.mark.parametrize(
    "options", [{"scan_order": 1}, {"dq": False}, {"codebook": 6}, {"low_rank": 0.5}]
)
@pytest.mark.parametrize("blocks", [(), "auto"])
def test_both_decoders_agree_on_local_scaling(profile, options, blocks):
    stream = encode(MODEL, local_scaling=True, profile=profile, blocks=blocks, **options)
    decoded = check_against_the_literal_decoder(stream)
    assert decoded.keys() == MODEL.keys()
    by_weight = {unit["ls"]: unit for unit in coded(stream)}
    assert by_weight.keys() == {"conv.weight_scaling", "low.weight_scaling"}
    assert ("bias" in by_weight["conv.weight_scaling"]) == bool(blocks)
    assert ("G" in by_weight["low.weight_scaling"]) == ("low_rank" in options)
    if options.keys() <= {"dq", "scan_order"}:
        assert all(sqnr_db(MODEL[name], array) >= 40 for name, array in decoded.items())


@pytest.mark.parametrize("sqnr", [9.0, 25.0])
@pytest.mark.parametrize("effort", ["fast", "default"])
def test_errors_are_relative_to_the_row_and_the_quality_is_that_of_the_whole(sqnr, effort):
    plain, scaled = (
        decode(encode({"w": CONV}, sqnr=sqnr, effort=effort, local_scaling=scaling))["w"]
        for scaling in (False, True)
    )
    assert np.ptp(row_errors(CONV, scaled)) < 6 < np.ptp(row_errors(CONV, plain))
    spare = 0.5 if effort == "default" else 2.0  # qp_density 2 is coarse
    assert sqnr <= sqnr_db(CONV, scaled) <= sqnr + spare


def test_rows_of_low_rank_have_the_quality_of_what_the_rank_leaves():
    stream = encode({"w": LOW}, sqnr=35.0, low_rank=0.4, local_scaling=True)
    decoded = check_against_the_literal_decoder(stream)["w"]
    assert 35 <= sqnr_db(LOW, decoded) <= 38
    cut = encode({"w": CONV}, sqnr=60.0, low_rank=0.4, local_scaling=True)
    assert open_stream(cut).info("w").unit.fields["decomposition_rank"] == 7
    assert 1 < sqnr_db(CONV, decode(cut)["w"]) < 20


def test_factors_are_fitted_to_the_decoded_rows():
    factors = decode(encode({"w": CONV}, sqnr=9.0, local_scaling=True), as_coded=True)
    rows, scaling = factors["w"], factors["w_scaling"]
    best = fitted_factors(CONV, rows, scaling)
    np.testing.assert_allclose(scaling, best, rtol=0.3)
    assert not np.allclose(scaling, split_local_scaling(CONV)[1], rtol=0.02)
    errors = (row_errors(CONV, rows * each.reshape(-1, 1, 1, 1)) for each in (scaling, best))
    assert np.median(np.subtract(*errors)) < 0.2


def test_fitted_factors_leave_the_least_squared_error():
    rows = RNG.normal(size=(4, 9))
    rows[2] = 0
    factors = fitted_factors(3 * rows, rows, np.full(4, 5, np.float32))
    np.testing.assert_allclose(factors, [3, 3, 5, 3])
    noisy = rows + RNG.normal(size=rows.shape)
    best = fitted_factors(rows, noisy, factors)
    for near in (0.99, 1.01):
        assert np.all(
            np.square(rows - best[:, None] * noisy).sum(axis=1)
            <= np.square(rows - near * best[:, None] * noisy).sum(axis=1)
        )


def test_factors_have_the_precision_of_vectors_even_where_a_rule_names_the_weight():
    rule = Rule("w", {"step": 0.5, "local_scaling": True})
    factors = decode(encode({"w": CONV}, rules=(rule,)), as_coded=True)
    assert np.array_equal(factors["w"] * 2, np.round(factors["w"] * 2))
    assert not np.array_equal(factors["w_scaling"] * 2, np.round(factors["w_scaling"] * 2))


def test_local_scaling_of_the_model_stays():
    model = MODEL | {"conv.weight_scaling": ROWS}
    apart = decode(encode(model, local_scaling=True))
    assert sqnr_db(ROWS, apart["conv.weight_scaling"]) >= 65
    block = Block("low.weight", ls="conv.bias")
    stream = encode(MODEL, local_scaling=True, blocks=(block,))
    scaled = check_against_the_literal_decoder(stream)["low.weight"]
    assert sqnr_db(LOW * ROWS[:, None], scaled) >= 30
    assert {unit["ls"] for unit in coded(stream)} == {"conv.bias", "conv.weight_scaling"}


def test_zeros_integers_and_raw_tensors_decode_as_ever():
    model = {
        "zeros": np.zeros((5, 6), np.float32),
        "half": np.concatenate([np.zeros((3, 40)), RNG.normal(size=(3, 40))]).astype(np.float16),
        "integers": np.arange(30).reshape(5, 6),
        "raw": np.full((5, 6), np.inf, np.float32),
    }
    stream = encode(model, local_scaling=True, non_finite="raw")
    decoded = decode(stream)
    for name in ("zeros", "integers", "raw"):
        assert np.array_equal(decoded[name], model[name])
    assert decoded["half"].dtype == np.float16
    assert not decoded["half"][:3].any()
    assert sqnr_db(model["half"], decoded["half"]) >= 40


def test_the_report_tells_what_was_done(tmp_path):
    settings = {"local_scaling": True, "indexed_names": True, "blocks": "auto"}
    report = encode_file(MODEL, tmp_path / "m.nnr", **settings)
    by_name = {tensor.name: tensor for tensor in report.tensors}
    assert by_name.keys() == MODEL.keys()
    assert "local-scaling" in by_name["conv.weight"].tools
    assert "local-scaling" not in by_name["line"].tools
    decoded = decode(tmp_path / "m.nnr")
    for name in ("conv.weight", "low.weight"):
        assert by_name[name].sqnr == sqnr_db(MODEL[name], decoded[name])
    assert "local-scaling" in open_stream(tmp_path / "m.nnr").info("conv.weight").tools


@pytest.mark.parametrize("scan_order", [0, 1])
@pytest.mark.parametrize("low_rank", [None, 0.4])
def test_other_ways_to_send_and_read_it_give_the_same_numbers(scan_order, low_rank):
    settings = {"local_scaling": True, "blocks": "auto", "effort": "fast"}
    settings |= {"scan_order": scan_order, "low_rank": low_rank}
    expected = decode(encode(MODEL, **settings))
    stream, known = encode_out_of_band(MODEL, **settings)
    found = decode(stream, out_of_band=known)
    split = open_stream(
        encode(MODEL, max_unit_bytes=99, index=True, indexed_names=True, **settings)
    )
    for name, array in expected.items():
        assert found[name].tobytes() == split[name].tobytes() == array.tobytes()
    assert np.array_equal(split.rows("conv.weight", 5, 17), expected["conv.weight"][5:17])


def test_settings_are_checked():
    for options, rule in (
        ({"local_scaling": 1}, "setting-unknown"),
        ({"local_scaling": True, "compatible": True}, "setting-conflict"),
    ):
        with pytest.raises(UsageError) as caught:
            EncodeSettings(**options)
        assert caught.value.id == rule
