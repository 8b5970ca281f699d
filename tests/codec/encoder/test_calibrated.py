"""Encoding by a calibration: outputs as good as asked, in streams that everybody decodes."""

import math

import numpy as np
import pytest

from nnref.codec import Block, decode, decode_chain, encode, encode_file
from nnref.codec.calibration import Calibration, collect_activations, open_calibration
from nnref.codec.model import open_model
from nnref.spec.errors import FileError, UsageError
from nnref.spec.process import decode_stream

RNG = np.random.default_rng(4)
MODEL = {
    "one.weight": RNG.normal(size=(24, 40)).astype(np.float32),
    "one.bias": RNG.normal(size=24).astype(np.float32),
    "two.weight": RNG.laplace(size=(12, 8, 3, 3)).astype(np.float32),
    "three.weight": RNG.normal(size=(6, 24)).astype(np.float32),
    "grouped.weight": RNG.normal(size=(8, 2, 3)).astype(np.float32),
    "words.weight": RNG.normal(size=(30, 16)).astype(np.float32),
}
BASIS = RNG.normal(size=(6, 40))
INPUTS = {
    "one.weight": (RNG.normal(size=(300, 6)) @ BASIS + 0.1 * RNG.normal(size=(300, 40))),
    "two.weight": RNG.normal(size=(200, 1)) + 0.3 * RNG.normal(size=(200, 72)),
    "grouped.weight": RNG.normal(size=(100, 4, 6)) + 2.0,
    "words.weight": RNG.integers(0, 10, size=(50, 7)),
}


@pytest.fixture(scope="module")
def calibration(tmp_path_factory):
    path = tmp_path_factory.mktemp("calibration") / "model.safetensors"
    collect_activations(MODEL, INPUTS, path)
    return path


def reports(calibration, tmp_path, **options):
    report = encode_file(MODEL, tmp_path / "o.nnr", calibration=calibration, **options)
    return {tensor.name: tensor for tensor in report.tensors}


def output_sqnr(name, tensors, model=MODEL):
    """DB of what the inputs give, multiplied by the weight."""
    inputs = INPUTS[name].reshape(len(INPUTS[name]), -1)
    weight, decoded = (each[name].reshape(len(each[name]), -1) for each in (model, tensors))
    signal = ((inputs @ weight.T) ** 2).sum()
    return 10 * math.log10(signal / ((inputs @ (weight - decoded).T) ** 2).sum())


@pytest.mark.parametrize("dq", [True, False])
def test_outputs_are_better_at_no_more_bytes(calibration, dq):
    model = {"one.weight": MODEL["one.weight"]}
    stream = encode(model, calibration=calibration, sqnr=25, dq=dq)
    usual = next(
        s
        for q in np.arange(25, 0, -0.25)
        if len(s := encode(model, sqnr=float(q), dq=dq)) <= len(stream) + 8
    )
    better = output_sqnr("one.weight", decode(stream)) - output_sqnr("one.weight", decode(usual))
    assert len(stream) <= len(usual) + 8
    assert better > 5


def test_both_decoders_decode_it_alike(calibration):
    stream = encode(MODEL, calibration=calibration, sqnr=20)
    found, literal = decode(stream), decode_stream(stream).tensors
    assert [tensor.name for tensor in literal] == list(found)
    for tensor in literal:
        assert found[tensor.name].tobytes() == np.array(tensor.values, np.float32).tobytes()


def test_sqnr_is_about_that_of_the_outputs_shared_out_by_size(calibration, tmp_path):
    found = reports(calibration, tmp_path, sqnr=20)
    calibrated = {name: t for name, t in found.items() if "calibrated" in t.tools}
    assert set(calibrated) == set(INPUTS)
    mean = np.mean([MODEL[name].size for name in calibrated])
    for name, tensor in calibrated.items():
        wanted = 20 - 10 * math.log10(MODEL[name].size / mean)
        assert abs(tensor.output_sqnr - wanted) < 2, name
    decoded = decode((tmp_path / "o.nnr").read_bytes())
    for name in ("one.weight", "two.weight"):  # damped moments make it look worse, not better
        assert -0.1 < output_sqnr(name, decoded) - found[name].output_sqnr < 5
    assert found["three.weight"].output_sqnr is None
    assert found["three.weight"].sqnr >= 20


def test_layer_that_the_outputs_feel_more_gets_more(tmp_path):
    weight = RNG.normal(size=(20, 30)).astype(np.float32)
    arrays = {f"{name}:moment": np.eye(30)[None] for name in "abc"}
    gains = {"a:gains": np.full(20, 5.0), "b:gains": np.full(20, 500.0)}
    model = dict.fromkeys("abc", weight)
    report = encode_file(model, tmp_path / "o.nnr", calibration=arrays | gains, sqnr=25)
    a, b, c = (tensor.output_sqnr for tensor in report.tensors)
    assert 18 < b - a < 22
    assert a < c < b  # what is not known counts like the mean


def test_rows_that_the_outputs_feel_more_get_more():
    weight = RNG.normal(size=(2, 400)).astype(np.float32)
    arrays = {"w:moment": np.eye(400)[None], "w:gains": np.array([1.0, 30.0])}
    decoded = decode(encode({"w": weight}, calibration=arrays, sqnr=8))["w"]
    errors = ((weight - decoded) ** 2).sum(1)
    assert errors[1] < 0.7 * errors[0]


def test_qp_is_kept(calibration, tmp_path):
    found = reports(calibration, tmp_path, qp=-9)
    assert {found[name].qp for name in INPUTS} == {-9}


def test_rule_decides_on_its_tensor(calibration, tmp_path):
    from nnref.codec import Rule

    rule = Rule("two.*", {"sqnr": 30.0})
    assert reports(calibration, tmp_path, sqnr=15, rules=(rule,))["two.weight"].output_sqnr >= 30


def test_bytes_do_not_depend_on_jobs_or_on_the_form_of_the_calibration(calibration):
    expected = encode(MODEL, calibration=calibration, sqnr=15)
    assert encode(MODEL, calibration=calibration, sqnr=15, jobs=3) == expected
    with open_model(calibration) as source:
        arrays = {name: source.read(name).copy() for name in source.names()}
    assert encode(MODEL, calibration=arrays, sqnr=15) == expected


def test_weight_of_a_block_is_calibrated(calibration, tmp_path):
    found = reports(calibration, tmp_path, sqnr=15, blocks=(Block("one.weight", bias="one.bias"),))
    assert {"block", "calibrated"} <= set(found["one.weight"].tools)


def test_quality_that_no_step_reaches_is_left_to_the_weights(calibration, tmp_path):
    found = reports(calibration, tmp_path, sqnr=190)
    assert found["one.weight"].sqnr > 140


def test_update_is_calibrated_for_what_it_changes(calibration, tmp_path):
    name = "one.weight"
    old = {name: MODEL[name]}
    new = {name: MODEL[name] + RNG.normal(scale=0.2, size=MODEL[name].shape).astype(np.float32)}
    base, path = encode(old, sqnr=50), tmp_path / "u.nnr"
    report = encode_file(new, path, base=base, calibration=calibration, sqnr=35)
    assert {"increment", "calibrated"} <= set(report.tensors[0].tools)

    def reached(stream):
        return output_sqnr(name, decode_chain([base, stream]), new)

    assert 33 < report.tensors[0].output_sqnr < 38
    assert abs(reached(path.read_bytes()) - report.tensors[0].output_sqnr) < 5
    usual = next(
        s
        for q in np.arange(35, 10, -0.5)
        if len(s := encode(new, base=base, sqnr=float(q))) <= report.total_bytes + 8
    )
    assert reached(path.read_bytes()) > reached(usual) + 3


def test_update_that_the_outputs_do_not_feel_is_left_out(calibration, tmp_path):
    new = MODEL | {"one.weight": MODEL["one.weight"] * np.float32(1.001)}
    base = encode(MODEL, lossless=True)
    report = encode_file(new, tmp_path / "u.nnr", base=base, calibration=calibration, sqnr=15)
    assert report.tensors[0].tools == ("unchanged",)


def test_qp_of_an_update_is_that_of_its_increment(calibration, tmp_path):
    new = MODEL | {"one.weight": MODEL["one.weight"] * np.float32(1.5)}
    base = encode(MODEL, lossless=True)
    report = encode_file(new, tmp_path / "u.nnr", base=base, calibration=calibration, qp=-9)
    assert (report.tensors[0].qp, report.tensors[0].tools[0]) == (-9, "increment")


@pytest.mark.parametrize(
    "options",
    [
        {"compatible": True, "qp": -9},
        {"effort": "fast"},
        {"codebook": 8},
        {"lnq": "auto"},
        {"method": "templates"},
        {"low_rank": "auto"},
        {"local_scaling": True},
        {"scan_order": 1},
    ],
)
def test_tools_that_go_without_a_calibration_are_refused(calibration, options):
    with pytest.raises(UsageError) as caught:
        encode(MODEL, calibration=calibration, **options)
    assert caught.value.id == "setting-conflict"


@pytest.mark.parametrize(
    ("arrays", "error"),
    [
        ({"one.weight:moment": np.eye(41)[None]}, "setting-conflict"),
        ({"one.weight:moment": np.zeros((5, 40, 40))}, "setting-conflict"),
        (
            {"one.weight:moment": np.eye(40)[None], "one.weight:gains": np.ones(23)},
            "setting-conflict",
        ),
        ({"one.weight:moment": np.eye(40)[None], "one.weight:gains": -np.ones(24)}, "file-format"),
        ({"words.weight:rows": np.ones(29)}, "setting-conflict"),
        ({"other.weight:moment": np.eye(40)[None]}, "tensor-unknown"),
        ({"one.weight:moment": np.eye(40)}, "file-format"),
        ({"one.weight:moment": np.ones((1, 40, 39))}, "file-format"),
        ({"one.weight:moment": np.full((1, 40, 40), np.nan)}, "file-format"),
        ({"one.weight:moment": np.ones((1, 40, 40), np.int64)}, "file-format"),
        ({"one.weight:count": np.array(3)}, "file-format"),
        ({"one.weight:moment": np.eye(40)[None], "one.weight:rows": np.ones(24)}, "file-format"),
    ],
)
def test_calibration_that_is_none_of_the_model_is_refused(arrays, error):
    with pytest.raises((UsageError, FileError)) as caught:
        encode(MODEL, calibration=arrays)
    assert caught.value.id == error


def test_moments_are_means_of_products(calibration):
    with open_calibration(calibration) as opened:
        assert isinstance(opened, Calibration)
        assert opened.names() == set(INPUTS)
        one, grouped, words = (
            opened.moments(f"{name}.weight") for name in ("one", "grouped", "words")
        )
    inputs = INPUTS["one.weight"]
    assert np.allclose(one.columns, [inputs.T @ inputs / 300], rtol=1e-3, atol=1e-3)
    assert one.count == 300
    assert grouped.columns.shape == (1, 6, 6)
    assert np.allclose(words.rows, np.bincount(INPUTS["words.weight"].ravel(), minlength=30) / 350)


def test_inputs_of_a_grouped_weight_hold_those_of_all_groups(tmp_path):
    inputs = RNG.normal(size=(50, 12))
    path = tmp_path / "grouped.safetensors"
    collect_activations(MODEL, {"grouped.weight": inputs}, path)
    with open_calibration(path) as opened:
        found = opened.moments("grouped.weight").columns
    for group in range(2):
        own = inputs[:, 6 * group : 6 * group + 6]
        assert np.allclose(found[group], own.T @ own / 50, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "inputs", "error"),
    [
        ("four.weight", np.ones((3, 4)), "tensor-unknown"),
        ("one.weight", np.ones((3, 41)), "input-type"),
        ("words.weight", np.array([30]), "input-type"),
        ("words.weight", np.array([-1]), "input-type"),
    ],
)
def test_activations_that_do_not_fit_are_refused(tmp_path, name, inputs, error):
    with pytest.raises(UsageError) as caught:
        collect_activations(MODEL, {name: inputs}, tmp_path / "c.safetensors")
    assert caught.value.id == error
    assert not list(tmp_path.iterdir())
