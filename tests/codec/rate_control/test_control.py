"""A stream is within its target and near it, the best one found is kept, or nothing is written."""

import math

import numpy as np
import pytest

from nnref.codec import (
    EncodeSettings,
    NnrError,
    Rule,
    Target,
    decode,
    encode,
    encode_file_to_target,
    encode_to_target,
)
from nnref.codec.quantization import sqnr_db


def model():
    random = np.random.default_rng(7)
    return {
        "a.weight": random.laplace(scale=0.05, size=(40, 60)).astype(np.float32),
        "a.bias": random.normal(size=40).astype(np.float32),
        "b.weight": random.normal(scale=3.0, size=(30, 8, 3, 3)).astype(np.float32),
        "steps": np.array(17),
    }


def total_sqnr(original, decoded, factor):
    signal = noise = 0.0
    for name in ("a.weight", "b.weight"):
        values = original[name].astype(np.float64)
        signal += factor(values) * float(np.sum(values**2))
        noise += factor(values) * float(np.sum((values - decoded[name]) ** 2))
    return 10 * math.log10(signal / noise)


FACTORS = {"tensor": lambda values: values.size / float(np.sum(values**2)), "model": lambda _: 1.0}


def numbers(tensors):
    return sum(tensor.size for tensor in tensors.values())


@pytest.mark.parametrize("weighting", FACTORS)
@pytest.mark.parametrize("limit", [500, 1200, 2500])
def test_stream_fills_the_bytes_that_it_may_take(limit, weighting):
    stream, report = encode_to_target(model(), Target(max_bytes=limit), weighting=weighting)
    assert 0.97 * limit <= len(stream) <= limit
    assert report.kept.stream_bytes == len(stream) == report.encoded.total_bytes
    within = [trial for trial in report.trials if trial.stream_bytes <= limit]
    assert report.kept.sqnr == max(trial.sqnr for trial in within)
    assert all(trial.met == (trial.stream_bytes <= limit) for trial in report.trials)


def test_bits_are_those_of_the_stream_for_every_number_of_the_model():
    stream, _ = encode_to_target(model(), Target(max_bits_per_weight=3.0))
    assert 2.9 <= 8 * len(stream) / numbers(model()) <= 3.0


@pytest.mark.parametrize("weighting", FACTORS)
@pytest.mark.parametrize("wanted", [8.0, 21.5, 45.0])
def test_sqnr_is_that_of_all_weight_tensors_together(wanted, weighting):
    stream, report = encode_to_target(model(), Target(min_sqnr=wanted), weighting=weighting)
    reached = total_sqnr(model(), decode(stream), FACTORS[weighting])
    assert reached == pytest.approx(report.kept.sqnr, abs=1e-6)
    assert wanted <= reached <= wanted + 0.2
    assert len(stream) == min(trial.stream_bytes for trial in report.trials if trial.met)


def test_weighting_by_tensor_gives_tensors_like_sqnrs_and_by_model_like_errors():
    by_tensor = decode(encode_to_target(model(), Target(min_sqnr=25.0), weighting="tensor")[0])
    by_model = decode(encode_to_target(model(), Target(min_sqnr=25.0), weighting="model")[0])
    weights = {name: model()[name] for name in ("a.weight", "b.weight")}
    sqnrs = [sqnr_db(weights[name], by_tensor[name]) for name in weights]
    assert max(sqnrs) - min(sqnrs) < 0.7
    sqnrs = [sqnr_db(weights[name], by_model[name]) for name in weights]
    assert sqnrs[1] > 20 > sqnrs[0]


def test_no_weighting_has_fewer_bytes_at_its_own_total_sqnr():
    wanted = Target(min_sqnr=15.0)
    equal_steps, _ = encode_to_target(model(), wanted, weighting="model")
    skewed = {"a.weight": 1.0, "b.weight": 9.0}
    other, _ = encode_to_target(model(), wanted, weighting=skewed)
    sqnr = total_sqnr(model(), decode(other), FACTORS["model"])
    same, _ = encode_to_target(model(), Target(min_sqnr=sqnr), weighting="model")
    assert len(same) < 1.005 * len(other)
    assert len(equal_steps) > 0


def test_more_sensitive_tensor_gets_the_finer_step():
    factors = {"a.weight": 1.0, "b.weight": 1.0}
    _, before = encode_to_target(model(), Target(max_bytes=1500), weighting=factors)
    _, after = encode_to_target(
        model(), Target(max_bytes=1500), weighting=factors | {"a.weight": 400.0}
    )
    sqnrs = [{t.name: t.sqnr for t in report.encoded.tensors} for report in (before, after)]
    assert sqnrs[1]["a.weight"] > sqnrs[0]["a.weight"] + 3
    assert sqnrs[1]["b.weight"] < sqnrs[0]["b.weight"]


def distance(tensors):
    """A loss that grows with the error."""
    return float(np.abs(np.asarray(tensors["a.weight"]) - model()["a.weight"]).mean())


def test_loss_is_within_its_bound_and_more_bytes_were_not_needed():
    target = Target(max_loss=0.004, evaluate=distance, higher_is_better=False)
    stream, report = encode_to_target(model(), target)
    assert distance(decode(stream)) == report.kept.metric <= 0.004
    assert report.original_metric == 0.0
    assert report.kept.stream_bytes == min(t.stream_bytes for t in report.trials if t.met)
    coarser = [t for t in report.trials if not t.met]
    assert max(t.stream_bytes for t in coarser) > 0.9 * len(stream)


def test_loss_is_the_fall_of_a_metric_that_is_better_when_higher():
    target = Target(max_loss=0.5, evaluate=lambda tensors: 3.0 - 100 * distance(tensors))
    _, report = encode_to_target(model(), target)
    assert report.original_metric == 3.0
    assert report.kept.loss == pytest.approx(3.0 - report.kept.metric)
    assert 0.3 < report.kept.loss <= 0.5


def test_metric_that_is_no_number_is_not_within_the_target():
    def broken(tensors):
        error = distance(tensors)
        return error if error < 0.01 else math.nan

    target = Target(max_loss=0.5, evaluate=broken, higher_is_better=False)
    _, report = encode_to_target(model(), target)
    assert report.kept.metric < 0.01
    assert any(math.isnan(trial.metric) and not trial.met for trial in report.trials)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target(max_bytes=40), "the smallest stream found has"),
        (Target(max_bits_per_weight=0.01), "bits per weight"),
        (Target(min_sqnr=190.0), "the most found are"),
        (
            Target(max_loss=0.0, evaluate=lambda t: -distance(t) - (distance(t) > 0)),
            "the least found is",
        ),
    ],
)
def test_target_out_of_reach_is_refused_with_what_was_reached(target, words, tmp_path):
    with pytest.raises(NnrError, match=words) as caught:
        encode_file_to_target(model(), tmp_path / "out.nnr", target)
    assert caught.value.id == "target-unreachable"
    assert not list(tmp_path.iterdir())


def test_smallest_stream_of_the_refusal_is_one_without_weights():
    with pytest.raises(NnrError) as caught:
        encode_to_target(model(), Target(max_bytes=40))
    smallest = int(caught.value.detail.split("stream found has ")[1].split(" ")[0])
    zeros = {n: np.zeros_like(a) if "weight" in n else a for n, a in model().items()}
    assert smallest <= len(encode(zeros, sqnr=3.0)) + 8


def test_evaluation_that_has_no_number_for_the_model_is_refused():
    target = Target(max_loss=1.0, evaluate=lambda tensors: math.nan)
    with pytest.raises(NnrError) as caught:
        encode_to_target(model(), target)
    assert caught.value.id == "evaluation-failed"


def test_file_holds_the_stream_that_was_kept(tmp_path):
    report = encode_file_to_target(model(), tmp_path / "m.nnr", Target(max_bytes=900))
    assert (tmp_path / "m.nnr").stat().st_size == report.kept.stream_bytes


def test_trials_are_told_as_they_come():
    told = []
    _, report = encode_to_target(model(), Target(max_bytes=900), on_trial=told.append)
    assert tuple(told) == report.trials


def test_settings_and_rules_hold_for_every_trial():
    settings = EncodeSettings(dq=False, rules=(Rule("b.*", {"sqnr": 30.0}), Rule("*s", {})))
    _, report = encode_to_target(model(), Target(max_bytes=2500), settings, effort="fast")
    tensors = {tensor.name: tensor for tensor in report.encoded.tensors}
    assert tensors["b.weight"].sqnr == pytest.approx(30.0, abs=0.3)
    assert "dq" not in tensors["a.weight"].tools


@pytest.mark.parametrize("options", [{"out_of_band": True}, {"blocks": "auto"}, {"index": True}])
def test_other_forms_of_a_stream_are_evaluated_and_counted_too(options):
    target = Target(max_loss=0.01, evaluate=distance, higher_is_better=False)
    _, report = encode_to_target(model(), target, **options)
    assert report.kept.met
    stream, _ = encode_to_target(model(), Target(max_bytes=2000), **options)
    assert len(stream) <= 2000


def test_tensor_that_no_step_suits_is_carried_as_it_is():
    tiny = model() | {"tiny": (model()["a.weight"][:5, :5] * np.float32(1e-33))}
    stream, report = encode_to_target(tiny, Target(min_sqnr=20.0))
    kept = {tensor.name for tensor in report.encoded.tensors if tensor.out_of_reach}
    assert kept == {"tiny"}
    assert np.array_equal(decode(stream)["tiny"], tiny["tiny"])
    with pytest.raises(NnrError) as caught:
        encode_to_target(tiny, Target(min_sqnr=20.0), rules=(Rule("tiny", {"step": 1e-36}),))
    assert caught.value.id == "step-out-of-range"


def test_model_without_weights_meets_what_it_can():
    vectors = {"b": np.linspace(-1, 1, 50, dtype=np.float32), "z": np.zeros((3, 3), np.float32)}
    assert encode_to_target(vectors, Target(min_sqnr=30.0))[1].kept.sqnr == math.inf
    assert len(encode_to_target(vectors, Target(max_bytes=150))[0]) <= 150


@pytest.mark.parametrize(
    "options",
    [{"qp": -20}, {"step": 0.1}, {"sqnr": 30.0}, {"lossless": True}, {"codebook": 16}],
)
def test_quality_and_target_exclude_each_other(options):
    with pytest.raises(NnrError) as caught:
        encode_to_target(model(), Target(max_bytes=900), **options)
    assert caught.value.id == "setting-conflict"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({}, "setting-conflict"),
        ({"max_bytes": 10, "min_sqnr": 3.0}, "setting-conflict"),
        ({"max_bytes": -1}, "setting-unknown"),
        ({"max_bytes": 10.5}, "setting-unknown"),
        ({"min_sqnr": math.nan}, "setting-unknown"),
        ({"max_loss": 0.1}, "setting-conflict"),
        ({"max_bytes": 10, "evaluate": distance}, "setting-conflict"),
    ],
)
def test_targets_that_are_none_are_refused(arguments, rule):
    with pytest.raises(NnrError) as caught:
        Target(**arguments)
    assert caught.value.id == rule


@pytest.mark.parametrize(
    "weighting",
    [
        "layer",
        {"a.weight": 1.0},
        {"a.weight": 1.0, "b.weight": 1.0, "a.bias": 1.0},
        {"a.weight": 0.0, "b.weight": 1.0},
        {"a.weight": True, "b.weight": 1.0},
    ],
)
def test_weighting_has_a_positive_factor_for_every_weight_tensor_and_nothing_else(weighting):
    with pytest.raises(NnrError) as caught:
        encode_to_target(model(), Target(max_bytes=900), weighting=weighting)
    assert caught.value.id == "setting-unknown"
