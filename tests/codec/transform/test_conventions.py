"""Pairs are found by names and shapes where these prove something, and nowhere else."""

import pytest

from nnref.codec.model import TensorInfo
from nnref.codec.transform import infer_pairs

NORM = ("weight", "bias", "running_mean", "running_var")


def state(*modules, order=None):
    """Tensor infos of (name, shape of the weight) and (name of a batch norm, features)."""
    infos = {}
    for name, shape in modules:
        if isinstance(shape, int):
            infos |= {f"{name}.{part}": TensorInfo("float32", (shape,)) for part in NORM}
            infos[f"{name}.num_batches_tracked"] = TensorInfo("int64", ())
        else:
            infos[f"{name}.weight"] = TensorInfo("float32", shape)
    return {name: infos[name] for name in sorted(infos)} if order == "names" else infos


def pairs(*modules, order=None):
    report = infer_pairs(state(*modules, order=order))
    return [(pair.layer, pair.batch_norm) for pair in report.pairs]


def reasons(*modules, order=None):
    return [left.reason for left in infer_pairs(state(*modules, order=order)).left]


@pytest.mark.parametrize("order", [None, "names"])
@pytest.mark.parametrize(
    ("layer", "norm"),
    [
        ("conv1", "bn1"),
        ("conv1", "norm1"),
        ("layer1.0.conv2", "layer1.0.bn2"),
        ("stem.conv", "stem.bn"),
        ("block.conv_2", "block.norm_2"),
        ("conv1", "conv1.bn"),
        ("conv1", "conv1_bn"),
        ("ds1.pw", "ds1.pwbn"),
        ("conv1", "bn_conv1"),
        ("fc1", "bn1"),
        ("down.linear", "down.batch_norm"),
        ("convs.3", "bns.3"),
        ("features.0", "features.1"),
        ("downsample.0", "downsample.1"),
        ("0", "1"),
    ],
)
def test_usual_names_are_paired(layer, norm, order):
    assert pairs((layer, (8, 3, 3, 3)), (norm, 8), order=order) == [(layer, norm)]


def test_eps_is_that_of_the_call():
    (pair,) = infer_pairs(state(("conv1", (8, 3)), ("bn1", 8)), 1e-3).pairs
    assert pair.eps == 1e-3


def test_a_batch_norm_in_front_of_its_layer_is_seen_by_the_order_of_the_file():
    layers = ("bn1", 8), ("conv1", (8, 8, 3, 3)), ("bn2", 8), ("conv2", (8, 8, 3, 3))
    assert pairs(*layers) == []
    assert all("no evidence of the order" in reason for reason in reasons(*layers))


def test_in_a_sorted_file_one_contradiction_stops_the_whole_convention():
    layers = (
        ("a.bn1", 4), ("a.conv1", (4, 4, 3, 3)),
        ("b.bn1", 4), ("b.conv1", (8, 4, 3, 3)),
    )  # fmt: skip
    assert pairs(*layers, order="names") == []
    assert any("no evidence of the order" in reason for reason in reasons(*layers, order="names"))
    assert any("its shape" in reason for reason in reasons(*layers, order="names"))


def test_in_a_sorted_file_square_layers_prove_nothing():
    assert pairs(("conv1", (8, 8, 3, 3)), ("bn1", 8), order="names") == []
    assert pairs(("conv1", (8, 1, 3, 3)), ("bn1", 8), order="names") == []


def test_in_a_sorted_file_one_proof_carries_the_convention():
    layers = ("conv1", (8, 3, 3, 3)), ("bn1", 8), ("conv2", (8, 8, 3, 3)), ("bn2", 8)
    assert len(pairs(*layers, order="names")) == 2


def test_a_file_sorted_within_each_data_type_counts_as_sorted():
    infos = state(("bn1", 8), ("conv1", (8, 8, 3, 3)), order="names")
    counters = {name: info for name, info in infos.items() if info.dtype == "int64"}
    assert infer_pairs(counters | infos).pairs == ()


def test_neighbours_in_a_sequence_need_no_gap():
    assert pairs(("0", (8, 3)), ("2", 8)) == []


def test_a_batch_norm_that_fits_two_layers_is_left():
    layers = ("conv1", (8, 3, 3, 3)), ("fc1", (8, 5)), ("bn1", 8)
    assert pairs(*layers) == []
    assert "'conv1' or 'fc1'" in reasons(*layers)[0]


def test_of_two_layers_the_one_with_its_shape_is_taken():
    assert pairs(("conv1", (8, 3, 3, 3)), ("fc1", (10, 5)), ("bn1", 8)) == [("conv1", "bn1")]


def test_a_layer_that_two_batch_norms_fit_is_left():
    assert pairs(("conv1", (8, 3, 3, 3)), ("bn1", 8), ("norm1", 8)) == []


def test_names_of_transposed_convolutions_are_not_trusted():
    layers = ("up.0", (8, 8, 2, 2)), ("up.1", 8), ("deconv1", (8, 8, 2, 2)), ("bn1", 8)
    assert ("deconv1", "bn1") not in pairs(*layers)


def test_wrong_shapes_and_unknown_names_have_reasons():
    assert "its shape [7]" in reasons(("conv1", (8, 3)), ("bn1", 7))[0]
    assert "no layer has a name" in reasons(("embedding", (8, 3)), ("bn1", 8))[0]


def test_normalizations_without_statistics_are_none():
    infos = {
        "norm.weight": TensorInfo("float32", (4,)),
        "conv.weight": TensorInfo("float32", (4, 2)),
    }
    report = infer_pairs(infos)
    assert (report.pairs, report.left) == ((), ())
