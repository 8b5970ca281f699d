"""Weighing errors against bits: fewer bytes at the quality that was asked for."""

import ml_dtypes
import numpy as np
import pytest

from nnref.codec import decode, encode, encode_file, open_stream
from nnref.codec.encoder import forms
from nnref.codec.encoder.data_unit import write_data_unit
from nnref.codec.encoder.operating_point import PointSearch, Work
from nnref.codec.encoder.qp_bracket import QpBracket
from nnref.codec.encoder.unary_length import UNARY_LENGTHS, best_unary_length
from nnref.codec.entropy import TensorSyntax
from nnref.codec.quantization import exact_step, sqnr_db
from nnref.codec.quantization.coding_cost import CostModel


def weights(seed=0, shape=(64, 100)):
    random = np.random.default_rng(seed)
    return {"w": random.laplace(scale=0.03, size=shape).astype(np.float32)}


def outcome(model, **options):
    stream = encode(model, **options)
    decoded = decode(stream)["w"]
    error = decoded.astype(np.float64) - model["w"]
    return len(stream), float(np.vdot(error, error)), sqnr_db(model["w"], decoded)


@pytest.mark.parametrize("sqnr", [3.0, 10.0, 20.0, 37.5])
@pytest.mark.parametrize("options", [{}, {"dq": False}, {"scan_order": 1}, {"profile": 0}])
def test_sqnr_is_met_closely_and_with_fewer_bytes_than_by_nearest_values(sqnr, options):
    size, _, reached = outcome(weights(), sqnr=sqnr, **options)
    assert sqnr <= reached <= sqnr + 0.15
    assert size < outcome(weights(), sqnr=sqnr, effort="fast", **options)[0]


def test_best_effort_takes_no_more_bytes():
    sizes = [outcome(weights(3), sqnr=12.0, effort=e)[0] for e in ("best", "default", "fast")]
    assert sizes[0] <= 1.001 * sizes[1] < sizes[2]


@pytest.mark.parametrize("shape", [(300, 700), (2, 90000)])
def test_large_tensors_whose_sample_decides_meet_the_sqnr(shape):
    size, _, reached = outcome(weights(1, shape), sqnr=15.0)
    assert 15.0 <= reached <= 15.1
    assert size < 0.99 * outcome(weights(1, shape), sqnr=15.0, effort="fast", qp_density=6)[0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn", "float64"])
@pytest.mark.parametrize(
    "options",
    [{}, {"effort": "fast"}, {"rd_lambda": 0}, {"codebook": "auto"}, {"blocks": "auto"}],
    ids=lambda options: next(iter(options), "default"),
)
def test_sqnr_holds_after_the_rounding_to_the_dtype_and_is_reported_so(dtype, options, tmp_path):
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    random = np.random.default_rng(2)
    model = {
        "l.weight": weights(2)["w"].astype(dtype),
        "l.bias": random.normal(size=64).astype(dtype),
    }
    for sqnr in (20.0, 40.0):
        report = encode_file(model, tmp_path / "m.nnr", sqnr=sqnr, **options)
        decoded = decode(tmp_path / "m.nnr")
        for tensor in report.tensors:
            assert tensor.sqnr == sqnr_db(model[tensor.name], decoded[tensor.name]) >= sqnr


@pytest.mark.parametrize("dq", [True, False])
@pytest.mark.parametrize("rd_lambda", [0.05, 0.3, 1.0])
def test_objective_is_never_above_that_of_nearest_values(dq, rd_lambda):
    options = {"qp": -20, "dq": dq, "cabac_unary_length_minus1": 9}
    step = exact_step(-20, 2)

    def objective(**more):
        size, noise, _ = outcome(weights(4), **options, **more)
        return noise / step**2 + rd_lambda * 8 * size

    assert objective(rd_lambda=rd_lambda) < objective(rd_lambda=0)


@pytest.mark.parametrize("quality", [{"qp": -20}, {"step": 0.02}])
def test_lambda_0_keeps_the_nearest_values(quality):
    plain = decode(encode(weights(), **quality, effort="fast", qp_density=2))["w"]
    assert np.array_equal(
        decode(encode(weights(), **quality, qp_density=2, rd_lambda=0))["w"], plain
    )


def sparse(share, seed=7):
    random = np.random.default_rng(seed)
    values = random.laplace(scale=0.03, size=(60, 90))
    values[np.abs(values) < np.quantile(np.abs(values), share)] = 0
    return {"w": values.astype(np.float32)}


@pytest.mark.parametrize("effort", ["default", "best"])
@pytest.mark.parametrize("more", [{}, {"local_scaling": True}])
def test_sparse_weights_take_the_quantizer_of_fewer_bytes(effort, more):
    model, options = sparse(0.8), {"sqnr": 14.0, "effort": effort, **more}
    size, _, reached = outcome(model, **options)
    assert reached >= 14.0
    assert size < 0.95 * dependent(model, **options)
    assert size <= outcome(model, dq=False, **options)[0]


@pytest.mark.parametrize("sqnr", [3.0, 6.0, 10.0, 20.0, 40.0])
def test_the_choice_of_quantizer_never_takes_more_bytes(sqnr):
    for share in (0.4, 0.95):
        model = sparse(share)
        size, _, reached = outcome(model, sqnr=sqnr)
        assert reached >= sqnr
        assert size <= dependent(model, sqnr=sqnr)


def dependent(model, **options):
    """The bytes with dependent quantization whatever it costs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms, "_may_be_independent", lambda weight: False)
        return outcome(model, **options)[0]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (weights(), {"sqnr": 14.0}),
        (sparse(0.8), {"step": 0.02}),
        (sparse(0.8), {"sqnr": 14.0, "effort": "fast"}),
    ],
    ids=["dense", "step", "fast"],
)
def test_dependent_quantization_stays_where_nothing_speaks_against_it(model, options, monkeypatch):
    tried = []
    monkeypatch.setattr(forms, "write_data_unit", lambda *a: tried.append(a) or write_data_unit(*a))
    stream = encode(model, **options)
    assert dict(open_stream(stream).info("w").unit.fields)["dq_flag"] == 1
    assert len(tried) == 1


def test_step_is_the_one_asked_for(tmp_path):
    report = encode_file(weights(), tmp_path / "w.nnr", qp=-17)
    assert report.tensors[0].qp == -17


def test_lengths_of_unary_codes_follow_the_tensor():
    random = np.random.default_rng(0)
    model = {
        "vector": random.normal(size=40).astype(np.float32),
        "coarse": random.laplace(size=(60, 60)).astype(np.float32),
        "numbers": random.integers(-5000, 5000, 30),
    }
    stream = open_stream(encode(model, sqnr=12.0))
    fields = {name: dict(stream.info(name).unit.fields) for name in model}
    assert fields["vector"]["cabac_unary_length_minus1"] < 5
    assert fields["numbers"]["cabac_unary_length_minus1"] < 5
    assert fields["coarse"]["cabac_unary_length_flag"] == 0
    decoded = decode(encode(model, sqnr=12.0))
    assert np.array_equal(decoded["numbers"], model["numbers"])


def test_unary_length_asked_for_is_used():
    stream = encode(weights(), sqnr=20.0, cabac_unary_length_minus1=3)
    assert dict(open_stream(stream).info("w").unit.fields)["cabac_unary_length_minus1"] == 3


def test_best_unary_length_has_the_least_bits():
    q = np.rint(np.random.default_rng(1).laplace(scale=40, size=3000)).astype(np.int32)

    def model(length):
        return CostModel((3000,), TensorSyntax(3000, 1, length), search=True)

    length, cost = best_unary_length(q, model, UNARY_LENGTHS)
    assert cost.bits == model(length).cost(q).bits
    assert cost.bits < min(model(each).cost(q).bits for each in (5, 10, 30))


def test_rows_of_zeros_are_skipped_when_that_takes_fewer_bytes():
    model = weights(5, (200, 50))
    model["w"][::2] = 0
    sizes = [len(encode(model, sqnr=20.0, row_skip=skip)) for skip in (None, True, False)]
    assert sizes[0] == min(sizes[1:])
    model["w"][1:] = np.float32(0.1)
    sizes = [len(encode(model, sqnr=20.0, row_skip=skip)) for skip in (None, True, False)]
    assert sizes[0] == min(sizes[1:])


@pytest.mark.parametrize("value", [0.0, 3.0])
@pytest.mark.parametrize("shape", [(4, 5), (0, 3), (3, 0), (1, 1)])
def test_degenerate_tensors_come_back(shape, value):
    model = {"w": np.full(shape, value, np.float32)}
    decoded = decode(encode(model, sqnr=25.0))["w"]
    assert decoded.shape == shape
    assert np.allclose(decoded, model["w"], rtol=0.06)


def test_encoding_is_repeatable():
    assert encode(weights(), sqnr=18.0) == encode(weights(), sqnr=18.0)


def test_points_of_several_prices_all_meet_the_target():
    values = weights(6)["w"]
    syntax = TensorSyntax(64, 100, dq_flag=1)
    for prices in ((1.0,), (0.1, 3.0)):
        search = PointSearch(values, syntax, qp_density=6, work=Work(prices=prices))
        point = search.at_sqnr(14.0)
        decoded = search.quantized(point) * np.float32(exact_step(point.qp, 6))
        assert sqnr_db(values, decoded) >= 14.0


def test_bracket_ends_between_a_qp_that_meets_and_one_that_fails():
    for limit in (-70, -3, 0, 8, 63):
        bracket = QpBracket(range(-64, 64), 5, 2)
        tried = [bracket.qp]
        while bracket.note(-0.3 if bracket.qp > limit else 3.0 * (limit - bracket.qp) + 0.1):
            tried.append(bracket.qp)
        assert all(qp in range(-64, 64) for qp in tried)
        assert len(set(tried)) == len(tried) <= 12
        if limit >= -64:
            assert limit in tried
