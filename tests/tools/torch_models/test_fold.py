"""Batch norms of torch modules are folded where that is right, and nowhere else."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from nnref.codec import decode, encode, open_stream
from nnref.spec.errors import IntegrityError, UsageError
from nnref.tools.torch_models import fold_module, load_folded
from tests.tools.torch_models.networks import (
    Block,
    Branching,
    Peeking,
    Plain,
    PreActivation,
    Standardized,
    Twice,
    Watched,
    settle,
)

IMAGES = torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(5))


def outputs(module, images=IMAGES):
    with torch.no_grad():
        return module(images).numpy()


def norms(folded):
    return [pair.batch_norm for pair in folded.report.pairs]


def reasons(folded):
    return {left.batch_norm: left.reason for left in folded.report.left}


@pytest.mark.parametrize("form", ["folded", "scaled", "kept"])
def test_outputs_are_those_of_the_module_in_every_form(form):
    module = settle(Plain())
    folded = fold_module(module, IMAGES, form=form)
    other = load_folded(module, folded.composed())
    np.testing.assert_allclose(outputs(other), outputs(module), rtol=1e-5, atol=1e-5)
    assert norms(folded) == ["bn1", "grouped.1", "up_norm", "fc_norm"]
    assert folded.report.output_error < 1e-5


def test_folded_tensors_are_the_state_dictionary_without_batch_norms():
    folded = fold_module(settle(Plain()), IMAGES)
    layers = ("conv1", "grouped.0", "up", "fc")
    assert list(folded.tensors) == [f"{x}.{y}" for x in layers for y in ("weight", "bias")]
    assert [block.weight for block in folded.blocks] == [
        "conv1.weight", "grouped.0.weight", "fc.weight"
    ]  # fmt: skip
    assert all(block.ls is None and block.bias is not None for block in folded.blocks)


def test_scaled_form_keeps_weights_and_adds_factors():
    module = settle(Plain())
    folded = fold_module(module, IMAGES, form="scaled")
    assert np.array_equal(folded.tensors["conv1.weight"], module.conv1.weight.detach())
    scale = module.bn1.weight / torch.sqrt(module.bn1.running_var + 1e-3)
    np.testing.assert_allclose(folded.tensors["conv1.weight_scaling"], scale.detach(), rtol=1e-6)
    assert not np.array_equal(folded.tensors["up.weight"], module.up.weight.detach())


def test_kept_form_changes_no_tensor_and_names_the_members():
    module = settle(Plain())
    folded = fold_module(module, IMAGES, form="kept")
    state = module.state_dict()
    assert list(folded.tensors) == list(state)
    assert all(np.array_equal(folded.tensors[name], state[name]) for name in state)
    first = folded.blocks[0]
    assert (first.weight, first.bias, first.ls) == ("conv1.weight", None, None)
    assert (first.bn_beta, first.bn_gamma) == ("bn1.bias", "bn1.weight")
    assert (first.bn_mean, first.bn_var) == ("bn1.running_mean", "bn1.running_var")


def test_residual_blocks_are_folded_without_an_example():
    module = settle(nn.Sequential(Block(3, 6), Block(6, 6)))
    folded = fold_module(module)
    assert len(folded.report.pairs) == 6
    assert folded.report.output_error is None
    other = load_folded(module, folded.tensors)
    np.testing.assert_allclose(outputs(other), outputs(module), rtol=1e-5, atol=1e-5)


def test_preactivation_pairs_go_by_the_graph_and_not_by_name():
    folded = fold_module(settle(PreActivation()))
    assert [(p.layer, p.batch_norm) for p in folded.report.pairs] == [("conv1", "bn2")]
    assert "no module's output" in reasons(folded)["bn1"]


def test_layers_with_other_uses_are_left_alone():
    module = settle(Twice())
    folded = fold_module(module, IMAGES)
    assert norms(folded) == []
    found = reasons(folded)
    assert "used elsewhere" in found["split_norm"]
    assert "called more than once" in found["again_norm1"]
    assert "called more than once" in found["again_norm2"]
    assert "called more than once" in found["reused_norm"]
    assert "parameters" in found["functional_norm"]
    assert all("not folded: " in warning for warning in folded.report.warnings)


def test_a_module_without_a_graph_is_folded_when_an_example_proves_it():
    module = settle(Branching())
    assert "cannot trace" in reasons(fold_module(module))["features.1"]
    folded = fold_module(module, IMAGES)
    assert norms(folded) == ["features.1"]
    other = load_folded(module, folded.tensors)
    np.testing.assert_allclose(outputs(other), outputs(module), rtol=1e-5, atol=1e-5)


def test_without_a_graph_an_output_that_another_module_takes_is_seen():
    folded = fold_module(settle(Watched()), IMAGES)
    assert "not the only one" in reasons(folded)["features.1"]


def test_without_a_graph_an_output_that_a_function_takes_fails_the_comparison():
    with pytest.raises(IntegrityError) as refused:
        fold_module(settle(Peeking()), IMAGES)
    assert refused.value.id == "comparison-failed"


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([Standardized(3, 4, 1), nn.BatchNorm2d(4)], "no module's output"),
        ([nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)], "is a ReLU"),
        ([nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False)], "statistics"),
        ([nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 1)), nn.BatchNorm2d(4)], ""),
        ([nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1)], "no module's output"),
    ],
)
def test_what_only_looks_like_a_pair_is_left_alone(layers, reason):
    folded = fold_module(settle(nn.Sequential(*layers)), IMAGES)
    assert norms(folded) == []
    assert reason in next(iter(reasons(folded).values()))


def test_hooks_keep_a_batch_norm():
    module = settle(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)))
    module[0].register_forward_hook(lambda _m, _i, output: output * 2)
    assert "has hooks" in reasons(fold_module(module))["1"]


def test_shared_parameters_keep_a_batch_norm():
    module = nn.Sequential(
        nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
    )
    module[2].weight = module[0].weight
    folded = fold_module(settle(module))
    assert all("shares parameters" in reason for reason in reasons(folded).values())
    assert len(reasons(folded)) == 2


def test_linear_layers_need_an_example_of_two_dimensions():
    module = settle(nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)))
    assert "give an example" in reasons(fold_module(module))["1"]
    assert norms(fold_module(module, torch.randn(3, 6))) == ["1"]
    assert "3" in reasons(fold_module(module, torch.randn(3, 4, 6)))["1"]


def test_the_module_is_left_as_it_was():
    module = settle(Plain()).train()
    module.up.eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    fold_module(module, IMAGES)
    assert module.training
    assert not module.up.training
    assert all(torch.equal(before[name], now) for name, now in module.state_dict().items())
    assert not any(child._forward_hooks for child in module.modules())


def test_coded_tensors_come_back_into_the_module():
    module = settle(Plain())
    folded = fold_module(module, IMAGES)
    decoded = decode(encode(folded.tensors, sqnr=60))
    found, expected = outputs(load_folded(module, decoded)), outputs(module)
    assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()


@pytest.mark.parametrize("form", ["folded", "scaled", "kept"])
@pytest.mark.parametrize("local_scaling", [False, True])
def test_blocks_of_every_form_come_back_as_a_module(form, local_scaling):
    module = settle(Plain())
    folded = fold_module(module, IMAGES, form=form)
    settings = {"blocks": folded.blocks, "local_scaling": local_scaling}
    stream = encode(folded.tensors, sqnr=60, **settings)
    units = {tensor.unit.index for tensor in open_stream(stream, as_coded=True).tensors()}
    assert len(units) < len(folded.tensors)
    loaded = load_folded(module, decode(stream))
    np.testing.assert_allclose(outputs(loaded), outputs(module), atol=0.02)


@pytest.mark.parametrize("damage", ["missing", "unknown", "shape"])
def test_tensors_that_are_not_the_modules_are_refused(damage):
    module = settle(Plain())
    tensors = fold_module(module, IMAGES).tensors
    if damage == "missing":
        del tensors["up.bias"]
    elif damage == "unknown":
        tensors["other"] = np.zeros(1, np.float32)
    else:
        tensors["up.bias"] = np.zeros(3, np.float32)
    with pytest.raises(UsageError) as refused:
        load_folded(module, tensors)
    assert refused.value.id == "tensor-unknown"


def test_importing_does_not_import_torch():
    code = "import sys, nnref.tools.torch_models; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
