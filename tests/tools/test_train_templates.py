"""Retraining with frozen templates."""

import numpy as np
import torch

from nnref.codec import decode, encode
from nnref.tools.train.templates import can_have_templates, freeze_templates, plain_state

COUNT = 6


def network():
    torch.manual_seed(4)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(8, 5, 1))


def directions(weight):
    """Kernels without mean, of norm 1 and positive first number."""
    kernels = weight.detach().numpy().reshape(-1, 9).astype(np.float64)
    kernels -= kernels.mean(axis=1, keepdims=True)
    kernels /= np.linalg.norm(kernels, axis=1, keepdims=True)
    return kernels * np.sign(kernels[:, :1])


def test_only_scales_and_offsets_move_in_training():
    net = network()
    assert freeze_templates(torch, net, COUNT) == ["0"]
    before = directions(net[0].weight)
    assert len(np.unique(before.round(4), axis=0)) == COUNT
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    scale = net[0].parametrizations.weight.original0.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        (net(torch.rand(2, 3, 9, 9)) ** 2).mean().backward()
        optimizer.step()
    assert not torch.equal(scale, net[0].parametrizations.weight.original0)
    assert np.allclose(directions(net[0].weight), before, atol=1e-3)


def test_frozen_kernels_are_the_nearest_to_what_they_were():
    net = network()
    original = net[0].weight.detach().numpy().copy()
    errors = []
    for count in (COUNT, 2):
        freeze_templates(torch, net := network(), count)
        errors.append(np.sum((net[0].weight.detach().numpy() - original) ** 2))
    assert 0 < errors[0] < errors[1] < np.sum(original**2)


def test_as_many_templates_code_what_was_trained():
    net = network()
    freeze_templates(torch, net, COUNT)
    state = plain_state(net)
    weight = state["0.weight"].numpy()
    options = {"method": "templates", "templates": COUNT, "template_residual": False}
    decoded = decode(encode({"w": weight}, sqnr=30, **options))["w"]
    assert np.sum((decoded - weight) ** 2) < 1e-2 * np.sum(weight**2)
    network().load_state_dict(state)


def test_small_kernels_and_few_of_them_have_no_templates():
    assert not can_have_templates((64, 64, 1, 1), 4)
    assert not can_have_templates((2, 3, 3, 3), 6)
    assert not can_have_templates((64, 64), 4)
    assert can_have_templates((2, 4, 3, 3), 6)
