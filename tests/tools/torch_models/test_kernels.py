"""Convolutions that run as vertical and horizontal filters (clause 15.3)."""

import numpy as np
import pytest
import torch
from torch import nn

from nnref.codec import decode, encode
from nnref.codec.decoder.stream import Stream
from nnref.tools.torch_models import factored_state_dict, load_factored, load_folded
from tests.tools.torch_models.networks import settle

IMAGES = torch.randn(2, 6, 13, 10, generator=torch.Generator().manual_seed(5))
LOW_RANK = {"method": "lowrank", "sqnr": 40}


class Convolutions(nn.Module):
    """Convolutions with everything that may be asked of them, and what is none."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(6, 12, (5, 3), stride=(2, 1), padding=(2, 1), padding_mode="reflect")
        self.grouped = nn.Sequential(
            nn.Conv2d(12, 16, 3, padding=(1, 2), dilation=(1, 2), groups=2, bias=False), nn.ReLU()
        )
        self.same = nn.Conv2d(16, 8, (4, 2), padding="same")
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.same(self.grouped(torch.relu(self.first(x))))
        return self.head(self.up(torch.relu(x)).mean((2, 3)))


def outputs(module):
    with torch.no_grad():
        return module(IMAGES).numpy()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_two_convolutions_give_the_outputs_of_one(part):
    module = settle(Convolutions())
    stream = encode(module.state_dict(), kernel_rank=part, **LOW_RANK)
    factored = load_factored(module, decode(stream, as_coded=True))
    composed = load_folded(module, decode(stream))
    np.testing.assert_allclose(outputs(factored), outputs(composed), rtol=1e-4, atol=1e-4)
    layers = (factored.first, factored.grouped[0], factored.same)
    assert [list(layer._modules) for layer in layers] == [["vertical", "horizontal"]] * 3
    assert factored.first.vertical.kernel_size == (5, 1)
    assert factored.first.horizontal.kernel_size == (1, 3)
    assert type(factored.up) is nn.ConvTranspose2d
    found, expected = factored_state_dict(factored), composed.state_dict()
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, rtol=1e-4, atol=1e-5)


def test_numbers_in_memory_are_those_of_the_factors():
    module = settle(nn.Conv2d(16, 16, 3, bias=False))
    tensors = decode(encode(module.state_dict(), kernel_rank=8, **LOW_RANK), as_coded=True)
    factored = load_factored(module, tensors)
    assert sum(each.numel() for each in factored.parameters()) == 8 * (16 * 3 + 16 * 3)


def test_trained_filters_are_found_again():
    module = settle(nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3)))
    stream = encode(module.state_dict(), kernel_rank=5, **LOW_RANK)
    factored = load_factored(module, decode(stream, as_coded=True)).train()
    optimizer = torch.optim.SGD(factored.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        factored(IMAGES).square().mean().backward()
        optimizer.step()
    again = encode(factored_state_dict(factored), kernel_error=1e-4, method="lowrank", sqnr=70)
    shapes = {t.name: t.info.shape for t in Stream(again, as_coded=True).tensors()}
    assert shapes["0.weight_G"] == (6, 3, 5)
    assert shapes["2.weight_H"] == (5, 6, 3)
    found = outputs(load_factored(module, decode(again, as_coded=True)))
    np.testing.assert_allclose(found, outputs(factored.eval()), atol=0.05)


def test_layer_of_another_shape_gets_the_product():
    module = settle(nn.Conv2d(4, 4, 3))
    name, rank = "weight", 3
    g = np.ones((4, 3, rank), np.float32)
    h = np.ones((rank, 4, 3), np.float32)
    transposed = settle(nn.ConvTranspose2d(4, 4, 3))
    tensors = {f"{name}_G": g, f"{name}_H": h, "bias": np.zeros(4, np.float32)}
    assert type(load_factored(module, tensors)) is nn.Sequential
    kept = load_factored(transposed, tensors)
    assert type(kept) is nn.ConvTranspose2d
    assert (kept.weight == rank).all()
