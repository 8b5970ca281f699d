"""`--fold-batch-norm` of `nnref encode` and `nnref verify`."""

import json

import numpy as np
import pytest

from nnref.codec import decode
from nnref.codec.transform import BatchNormPair, fold_state_dict
from tests.tools.cli.conftest import write


@pytest.fixture(scope="module")
def tensors():
    rng = np.random.default_rng(2)
    vectors = {
        f"{norm}.{part}": rng.uniform(0.5, 2, outputs).astype(np.float32)
        for norm, outputs in (("bn1", 8), ("norm_of_two", 6))
        for part in ("weight", "bias", "running_mean", "running_var")
    }
    return {
        "conv1.weight": rng.normal(size=(8, 3, 3, 3)).astype(np.float32),
        "two.weight": rng.normal(size=(8, 6, 2, 2)).astype(np.float32),
        **vectors,
    }


@pytest.fixture(scope="module")
def network(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "network.npz"  # keeps the order
    write(path, tensors)
    return path


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.json"
    entries = [
        {"layer": "conv1", "batch_norm": "bn1", "eps": 0.001},
        {"layer": "two", "batch_norm": "norm_of_two", "transposed": True, "groups": 1},
    ]
    path.write_text(json.dumps(entries))
    return path


def test_pairs_found_by_name_are_folded_and_the_others_warned_of(run_json, network, tmp_path):
    out = tmp_path / "out.nnr"
    status, found, err = run_json("encode", network, "-o", out, "--fold-batch-norm")
    assert status == 0
    assert found["folded"] == [{"layer": "conv1", "batch_norm": "bn1"}]
    assert [left["batch_norm"] for left in found["not_folded"]] == ["norm_of_two"]
    assert "nnref: warning: batch norm 'norm_of_two' is not folded: no layer" in err
    assert "conv1.bias" in decode(out)
    assert "bn1.bias" not in decode(out)


def test_pairs_of_a_file_are_folded_with_their_eps(run, network, tensors, pairs, tmp_path):
    out = tmp_path / "out.nnr"
    options = ("--fold-batch-norm", "--pairs", pairs, "--batch-norm-eps", "0.5", "--lossless")
    status, _, err = run("encode", network, "-o", out, *options)
    assert (status, err) == (0, "")
    expected = fold_state_dict(
        tensors,
        [
            BatchNormPair("conv1", "bn1", 0.001),
            BatchNormPair("two", "norm_of_two", 0.5, transposed=True),
        ],
    ).tensors
    decoded = decode(out)
    assert list(decoded) == list(expected)
    assert all(np.array_equal(decoded[name], expected[name]) for name in expected)


def test_verify_compares_with_the_folded_model(run, network, tmp_path):
    out = tmp_path / "out.nnr"
    assert run("encode", network, "-o", out, "--fold-batch-norm", "--sqnr", "35")[0] == 0
    status, _, err = run("verify", out, "--against", network)
    assert status == 6
    assert "bn1.weight" in err
    options = ("--against", network, "--min-sqnr", "35")
    assert run("verify", out, *options, "--fold-batch-norm")[0] == 0
    wrong = run("verify", out, *options, "--fold-batch-norm", "--batch-norm-eps", "0.5")
    assert wrong[0] == 6


@pytest.mark.parametrize(
    "options",
    [
        ("verify", "model.nnr", "--fold-batch-norm"),
        ("verify", "model.nnr", "--against", "model.npz", "--batch-norm-eps", "1"),
        ("encode", "model.npz", "-o", "model.nnr", "--pairs", "pairs.json"),
        ("encode", "model.npz", "-o", "o", "--fold-batch-norm", "--batch-norm-eps", "-1"),
    ],
)
def test_options_that_mean_nothing_are_wrong_usage(run, options):
    status, _, err = run(*options)
    assert (status, "error[usage]" in err) == (2, True)


@pytest.mark.parametrize(
    ("content", "rule", "status"),
    [
        ("[", "file-format", 7),
        ("{}", "setting-unknown", 2),
        ("[3]", "setting-unknown", 2),
        ('[{"layer": "conv1"}]', "setting-unknown", 2),
        ('[{"layer": "conv1", "batch_norm": "bn1", "more": 1}]', "setting-unknown", 2),
        ('[{"layer": "conv1", "batch_norm": "bn1", "groups": true}]', "setting-unknown", 2),
        ('[{"layer": "conv1", "batch_norm": "bn1", "eps": "1"}]', "setting-unknown", 2),
        ('[{"layer": "conv1", "batch_norm": "bn2"}]', "tensor-unknown", 2),
        (None, "file-not-found", 7),
    ],
)
def test_pairs_files_that_are_none_are_refused(run, network, tmp_path, content, rule, status):
    path = tmp_path / "pairs.json"
    if content is not None:
        path.write_text(content)
    options = ("-o", tmp_path / "out.nnr", "--fold-batch-norm", "--pairs", path)
    found, _, err = run("encode", network, *options)
    assert (found, f"error[{rule}]" in err) == (status, True)
    assert not (tmp_path / "out.nnr").exists()
