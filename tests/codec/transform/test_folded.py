"""State dictionaries with folded batch norms and scaled weights."""

from importlib.resources import as_file, files

import ml_dtypes
import numpy as np
import pytest

from nnref.codec import decode, encode
from nnref.codec.model import open_model
from nnref.codec.transform import (
    BatchNormPair,
    fold_batch_norm,
    fold_source,
    fold_state_dict,
)
from nnref.spec.errors import UsageError
from nnref.tools.demo.digits import load_test_set, scores
from tests.support import shared_dir

PAIR = BatchNormPair("conv", "norm", eps=1e-3)


@pytest.fixture
def tensors():
    rng = np.random.default_rng(3)
    return {
        "steps": np.array(7, np.int64),
        "conv.weight": rng.normal(size=(6, 4, 3, 3)).astype(np.float32),
        "norm.weight": rng.normal(size=6).astype(np.float32),
        "norm.bias": rng.normal(size=6).astype(np.float32),
        "norm.running_mean": rng.normal(size=6).astype(np.float32),
        "norm.running_var": rng.uniform(1, 2, 6).astype(np.float32),
        "norm.num_batches_tracked": np.array(3, np.int64),
        "head.weight": rng.normal(size=(2, 6)).astype(np.float32),
    }


def expected(tensors, pair=PAIR):
    get = tensors.get
    return fold_batch_norm(
        tensors["conv.weight"], get("conv.bias"), get("norm.weight"), get("norm.bias"),
        tensors["norm.running_mean"], tensors["norm.running_var"], pair.eps,
    )  # fmt: skip


def test_batch_norm_disappears_and_the_bias_follows_its_weight(tensors):
    folded = fold_state_dict(tensors, [PAIR])
    assert list(folded.tensors) == ["steps", "conv.weight", "conv.bias", "head.weight"]
    weight, bias = expected(tensors)
    assert np.array_equal(folded.tensors["conv.weight"], weight)
    assert np.array_equal(folded.tensors["conv.bias"], bias)
    assert folded.tensors["steps"] == 7
    assert folded.blocks[0].bias == "conv.bias"
    assert folded.report.pairs == (PAIR,)


def test_a_bias_of_the_layer_is_folded_too(tensors):
    tensors = {"conv.bias": np.arange(6, dtype=np.float32)} | tensors
    folded = fold_state_dict(tensors, [PAIR])
    assert np.array_equal(folded.tensors["conv.bias"], expected(tensors)[1])
    assert list(folded.tensors).count("conv.bias") == 1


def test_scaled_form_composes_to_the_folded_one(tensors):
    folded = fold_state_dict(tensors, [PAIR])
    scaled = fold_state_dict(tensors, [PAIR], form="scaled")
    assert list(scaled.tensors)[1:4] == ["conv.weight", "conv.weight_scaling", "conv.bias"]
    assert np.array_equal(scaled.tensors["conv.weight"], tensors["conv.weight"])
    composed = scaled.composed()
    assert list(composed) == list(folded.tensors)
    for name, array in composed.items():
        np.testing.assert_allclose(array, folded.tensors[name], rtol=2e-7)
    assert scaled.blocks[0].ls == "conv.weight_scaling"


def test_kept_form_changes_nothing_and_names_the_members(tensors):
    kept = fold_state_dict(tensors, [PAIR], form="kept")
    assert list(kept.tensors) == list(tensors)
    assert (kept.blocks[0].bn_mean, kept.blocks[0].bias) == ("norm.running_mean", None)
    del tensors["norm.weight"], tensors["norm.bias"]
    assert fold_state_dict(tensors, [PAIR], form="kept").blocks == ()


def test_pairs_are_inferred_when_none_are_given(tensors):
    renamed = {name.replace("norm", "bn"): array for name, array in tensors.items()}
    folded = fold_state_dict(renamed, eps=1e-3)
    assert [pair.layer for pair in folded.report.pairs] == ["conv"]
    assert np.array_equal(folded.tensors["conv.weight"], expected(tensors)[0])


def test_folded_tensors_are_float32_whatever_they_were(tensors):
    for name in ("conv.weight", "norm.running_mean"):
        tensors[name] = tensors[name].astype(ml_dtypes.bfloat16)
    for form in ("folded", "scaled"):
        with fold_source(tensors, [PAIR], form=form) as source:
            for name in ("conv.weight", "conv.bias"):
                assert source.info(name).dtype == source.read(name).dtype.name == "float32"
                assert source.info(name).shape == source.read(name).shape


@pytest.mark.parametrize(
    ("change", "pair", "rule"),
    [
        ({}, BatchNormPair("other", "norm"), "tensor-unknown"),
        ({}, BatchNormPair("conv", "other"), "tensor-unknown"),
        ({}, BatchNormPair("head", "norm"), "batch-norm-unfit"),
        ({}, BatchNormPair("conv", "norm", transposed=True), "batch-norm-unfit"),
        ({"conv.weight": np.ones((6, 2), np.int32)}, PAIR, "tensor-dtype-unsupported"),
        ({"norm.running_var": np.ones(5, np.float32)}, PAIR, "batch-norm-unfit"),
        ({"norm.running_var": np.full(6, -1, np.float32)}, PAIR, "batch-norm-unfit"),
        ({"conv.weight": np.float32(1)}, PAIR, "batch-norm-unfit"),
    ],
)
def test_pairs_that_do_not_go_together_are_refused(tensors, change, pair, rule):
    with pytest.raises(UsageError) as refused:
        fold_state_dict(tensors | change, [pair])
    assert refused.value.id == rule


def test_a_layer_has_one_batch_norm(tensors):
    with pytest.raises(UsageError) as refused:
        fold_state_dict(tensors, [PAIR, PAIR])
    assert refused.value.id == "setting-conflict"


def test_factors_do_not_replace_a_tensor_of_their_name(tensors):
    tensors["conv.weight_scaling"] = np.ones(6, np.float32)
    with pytest.raises(UsageError) as refused:
        fold_state_dict(tensors, [PAIR], form="scaled")
    assert refused.value.id == "tensor-announced"


def without_batch_norms(tensors, pairs):
    """The same network for an evaluation that expects batch norms: they change nothing."""
    neutral = dict(tensors)
    for pair in pairs:
        one = np.ones_like(tensors[pair.bias])
        neutral |= {
            pair.gamma: one, pair.beta: 0 * one, pair.mean: 0 * one, pair.var: one * (1 - pair.eps)
        }  # fmt: skip
    return {name: array.astype(np.float32) for name, array in neutral.items()}


def test_network_of_the_demo_answers_as_before():
    with (
        as_file(files("nnref.tools.demo") / "digits_cnn.safetensors") as path,
        open_model(path) as source,
    ):
        tensors = {name: source.read(name) for name in source.names()}
    images, _ = load_test_set()
    folded = fold_state_dict(tensors)
    assert len(folded.report.pairs) == 3
    before = scores(tensors, images[:40])
    after = scores(without_batch_norms(folded.tensors, folded.report.pairs), images[:40])
    np.testing.assert_allclose(after, before, atol=1e-4 * np.abs(before).max())


@pytest.mark.shared
@pytest.mark.parametrize(
    ("network", "count", "eps"),
    [("resnet20_cifar10", 19, 1e-5), ("kws_dscnn_l", 11, 1e-3), ("audiocnn_esc10", 6, 1e-5)],
)
def test_real_networks_keep_their_accuracy(network, count, eps, monkeypatch):
    data = shared_dir() / "data"
    monkeypatch.syspath_prepend(str(data))
    evaluate = pytest.importorskip("eval_models").evaluate
    torch = pytest.importorskip("torch")
    path = data / "models" / network / "model.safetensors"
    with open_model(path) as source:
        tensors = {name: source.read(name) for name in source.names()}
    expected = evaluate(network, str(path))
    for form in ("folded", "scaled"):
        folded = fold_state_dict(tensors, eps=eps, form=form)
        assert len(folded.report.pairs) == count
        assert folded.report.left == ()
        neutral = without_batch_norms(folded.composed(), folded.report.pairs)
        assert evaluate(network, {k: torch.from_numpy(v) for k, v in neutral.items()}) == expected


def test_coding_a_folded_source_codes_the_folded_tensors(tensors):
    with fold_source(tensors, [PAIR]) as source:
        decoded = decode(encode(source, sqnr=60))
    weight, bias = expected(tensors)
    assert list(decoded) == ["steps", "conv.weight", "conv.bias", "head.weight"]
    np.testing.assert_allclose(decoded["conv.weight"], weight, atol=0.01)
    np.testing.assert_allclose(decoded["conv.bias"], bias, atol=0.001)
