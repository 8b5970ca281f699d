"""Targets with a calibration: prices, journals, best points."""

import numpy as np
import pytest

from nnref.codec import Target, decode, encode_to_target
from nnref.codec.rate_control.target import Trial, pareto
from nnref.spec.errors import FileError, UsageError

RNG = np.random.default_rng(3)
MODEL = {
    "a": RNG.normal(size=(24, 30)).astype(np.float32),
    "b": RNG.laplace(size=(20, 24)).astype(np.float32),
}
MIXED = RNG.normal(size=(5, 30))
CALIBRATION = {
    "a:moment": (MIXED.T @ MIXED / 5)[None] + 0.01 * np.eye(30),
    "a:gains": np.full(24, 0.5),
    "b:moment": np.eye(24)[None],
    "b:gains": np.full(20, 0.1),
}


def error(tensors):
    """What the outputs of both layers lose."""
    lost = {name: MODEL[name] - np.asarray(tensors[name], np.float64) for name in MODEL}
    moments = {name: CALIBRATION[f"{name}:moment"][0] for name in MODEL}
    return sum(float(np.einsum("ri,ij,rj->", e, moments[n], e)) for n, e in lost.items())


LOSS = Target(max_loss=30.0, evaluate=error, higher_is_better=False)


def test_size_is_met():
    stream, report = encode_to_target(MODEL, Target(max_bytes=400), calibration=CALIBRATION)
    assert 385 <= len(stream) <= 400
    assert report.kept.sqnr > 5
    assert "calibrated" in report.encoded.tensors[0].tools


def test_sqnr_of_all_outputs_is_met():
    report = encode_to_target(MODEL, Target(min_sqnr=15.0), calibration=CALIBRATION)[1]
    assert 15 <= report.kept.sqnr < 15.6


def test_loss_is_met_with_the_better_of_two_prices():
    stream, report = encode_to_target(MODEL, LOSS, calibration=CALIBRATION)
    assert error(decode(stream)) == report.kept.loss <= 30
    smallest = {
        price: min(t.stream_bytes for t in report.trials if t.met and t.rd_lambda == price)
        for price in (None, 0.0)
    }
    assert len(stream) == min(smallest.values())
    given = encode_to_target(MODEL, LOSS, calibration=CALIBRATION, rd_lambda=0.1)[1]
    assert {trial.rd_lambda for trial in given.trials} == {None}


def test_search_that_was_broken_off_goes_on(tmp_path):
    expected, report = encode_to_target(MODEL, LOSS, calibration=CALIBRATION)
    path = tmp_path / "journal"
    seen = []

    def broken(trial):
        seen.append(trial)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_to_target(MODEL, LOSS, calibration=CALIBRATION, journal=path, on_trial=broken)
    path.write_text(path.read_text() + '{"cut')
    evaluations = []

    def counted(tensors):
        evaluations.append(1)
        return error(tensors)

    target = Target(max_loss=30.0, evaluate=counted, higher_is_better=False)
    stream, resumed = encode_to_target(MODEL, target, calibration=CALIBRATION, journal=path)
    assert stream == expected
    assert resumed.trials == report.trials
    assert len(evaluations) == 1 + len(report.trials) - 3


@pytest.mark.parametrize(
    ("content", "failure"),
    [('{"format": "other"}\n', FileError), ("x\n", FileError), (None, UsageError)],
)
def test_journal_of_something_else_is_refused(tmp_path, content, failure):
    path = tmp_path / "journal"
    if content is None:
        encode_to_target(MODEL, Target(max_bytes=500), journal=path)
    else:
        path.write_text(content)
    with pytest.raises(failure):
        encode_to_target(MODEL, Target(max_bytes=400), journal=path)


def test_weighting_goes_without_a_calibration():
    with pytest.raises(UsageError) as caught:
        encode_to_target(MODEL, LOSS, calibration=CALIBRATION, weighting="model")
    assert caught.value.id == "setting-conflict"


def test_best_points_are_those_that_no_other_beats():
    points = [(100, 5.0), (90, 6.0), (90, 7.0), (120, 5.0), (130, 1.0), (95, 6.5)]
    trials = [Trial(1.0, size, 0.0, loss, loss, False) for size, loss in points]
    assert [(t.stream_bytes, t.loss) for t in pareto(trials)] == [(90, 6.0), (100, 5.0), (130, 1.0)]
