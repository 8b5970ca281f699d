"""Hierarchical compression with training, on a net that learns a matrix in a second."""

import numpy as np
import pytest
import torch

from nnref.codec import Stream, decode, encode
from nnref.tools.torch_models import load_folded
from nnref.tools.torch_models.fixed_point import fixed_outputs, layers_with_weights
from nnref.tools.train.hierarchical import (
    Recipe,
    compress,
    group,
    layer_deviations,
    prune,
    sparsity,
)

INPUTS = torch.from_numpy(np.random.default_rng(1).normal(size=(64, 1, 6, 6)).astype(np.float32))


def net(seed=0):
    torch.manual_seed(seed)
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 24), nn.ReLU(), nn.Linear(24, 3)
    )


@pytest.fixture
def task():
    with torch.no_grad():
        wanted = net(5)(INPUTS)

    def train(module, steps=60):
        optimizer = torch.optim.Adam(module.parameters(), 3e-3)
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(module(INPUTS), wanted).backward()
            optimizer.step()

    def evaluate(module):
        with torch.no_grad():
            return -float(torch.nn.functional.mse_loss(module(INPUTS), wanted) / wanted.var())

    module = net()
    train(module, 200)
    return module, train, evaluate


def test_pruned_weights_stay_0_in_training(task):
    module, train, _ = task
    deviations = layer_deviations(module)
    prune(torch, module, {name: 0.8 * each for name, each in deviations.items()})
    zeros = {name: layer.weight == 0 for name, layer in layers_with_weights(module).items()}
    assert 0.3 < sparsity(module) < 0.9
    before = [layer.weight.detach().clone() for layer in layers_with_weights(module).values()]
    train(module)
    for (name, layer), old in zip(layers_with_weights(module).items(), before, strict=True):
        assert not layer.weight[zeros[name]].any()
        assert not torch.equal(layer.weight, old)
    prune(torch, module, dict.fromkeys(deviations, 0.0))
    assert all(not layer.weight[zeros[n]].any() for n, layer in layers_with_weights(module).items())


def test_grouped_weights_share_values_that_training_moves(task):
    module, train, evaluate = task
    prune(torch, module, {name: 0.3 * each for name, each in layer_deviations(module).items()})
    group(torch, module, 3)
    weight = module[3].weight.detach().clone()
    assert len(weight.unique()) <= 8
    grouped = evaluate(module)
    train(module)
    assert evaluate(module) > grouped
    moved = module[3].weight.detach()
    assert not torch.equal(moved, weight)
    assert torch.equal(moved == 0, weight == 0)
    for value in weight.unique():
        assert len(moved[weight == value].unique()) == 1


def test_recipe_ends_in_a_stream_of_the_trained_values(task):
    module, train, evaluate = task
    recipe = Recipe(ratios=(0.2, 0.4, 9.0), loss=0.05, index_bits=4, fixed_point_bits=12)
    found = compress(module, train, evaluate, recipe)
    names = [(stage.name, stage.ratio, stage.kept) for stage in found.stages]
    assert names == [
        ("original", 0.0, True),
        ("pruned", 0.2, True),
        ("pruned", 0.4, True),
        ("pruned", 9.0, False),
        ("grouped", 0.4, True),
    ]
    assert found.stages[2].sparsity == found.stages[-1].sparsity > found.stages[1].sparsity
    stream = Stream(encode(found.state, method="hierarchical", **found.options))
    for name in ("0.weight", "3.weight", "5.weight"):
        assert (
            np.abs(stream[name] - found.state[name]).max() <= 2.0**-11 * np.abs(stream[name]).max()
        )
        assert np.array_equal(stream[name] == 0, found.state[name] == 0)
    assert stream.output_formats == found.options["output_formats"]
    assert set(stream.output_formats) == {"0.weight", "3.weight", "5.weight"}
    decoded = load_folded(net(), dict(stream))
    with fixed_outputs(decoded, stream.output_formats):
        assert evaluate(decoded) > found.stages[-1].value - 0.05


def test_stages_can_be_left_out(task):
    module, train, evaluate = task
    recipe = Recipe(ratios=(), index_bits=None, output_bits=None)
    found = compress(module, train, evaluate, recipe)
    assert [stage.name for stage in found.stages] == ["original"]
    stream = encode(found.state, method="hierarchical", **found.options)
    assert Stream(stream).info("3.weight").tools == ("hierarchical", "fixed6")
    assert set(decode(stream)) == set(net().state_dict())
