"""Layers that run as two, by their low-rank factors."""

import numpy as np
import pytest
import torch
from torch import nn

from nnref.codec import decode, encode, open_stream
from nnref.spec.errors import UsageError
from nnref.tools.torch_models import factored_state_dict, load_factored, load_folded
from tests.tools.torch_models.networks import settle

IMAGES = torch.randn(2, 6, 11, 9, generator=torch.Generator().manual_seed(5))


class Layers(nn.Module):
    """Convolutions with everything that may be asked of them, and linear layers."""

    def __init__(self):
        super().__init__()
        self.strided = nn.Conv2d(6, 12, 3, stride=2, padding=1, padding_mode="reflect")
        self.grouped = nn.Sequential(
            nn.Conv2d(12, 16, 3, padding=2, dilation=2, groups=2), nn.ReLU()
        )
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2, bias=False)
        self.head = nn.Linear(8, 10, bias=False)
        self.tail = nn.Linear(10, 7)

    def forward(self, x):
        x = self.up(self.grouped(torch.relu(self.strided(x))))
        return self.tail(torch.relu(self.head(x.mean((2, 3)))))


def outputs(module, images=IMAGES):
    with torch.no_grad():
        return module(images).numpy()


@pytest.mark.parametrize("local_scaling", [False, True])
@pytest.mark.parametrize("low_rank", [0.6, 0.9])
def test_two_layers_give_the_outputs_of_their_product(low_rank, local_scaling):
    module = settle(Layers())
    settings = {"low_rank": low_rank, "local_scaling": local_scaling, "blocks": "auto"}
    stream = encode(module.state_dict(), sqnr=40, **settings)
    factored = load_factored(module, decode(stream, as_coded=True))
    composed = load_folded(module, decode(stream))
    np.testing.assert_allclose(outputs(factored), outputs(composed), rtol=1e-4, atol=1e-4)
    kinds = [type(factored.strided), type(factored.grouped[0]), type(factored.tail)]
    assert kinds == [nn.Sequential] * 3
    assert type(factored.up) is nn.ConvTranspose2d
    found, expected = factored_state_dict(factored), composed.state_dict()
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, rtol=1e-4, atol=1e-5)


def test_trained_factors_are_found_again():
    module = settle(Layers())
    stream = encode(module.state_dict(), low_rank=0.8)
    factored = load_factored(module, decode(stream, as_coded=True)).train()
    optimizer = torch.optim.SGD(factored.parameters(), lr=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        factored(IMAGES).square().mean().backward()
        optimizer.step()
    again = encode(factored_state_dict(factored), low_rank_error=1e-4)
    for name in ("strided.weight", "head.weight"):
        ranks = [
            open_stream(one).info(name).unit.fields["decomposition_rank"] for one in (stream, again)
        ]
        assert ranks[0] == ranks[1] is not None
    found = outputs(load_factored(module, decode(again, as_coded=True)))
    np.testing.assert_allclose(found, outputs(factored.eval()), atol=0.05)


def test_a_layer_alone_is_factored_too():
    layer = settle(nn.Linear(30, 20))
    given = torch.randn(3, 30, generator=torch.Generator().manual_seed(2))
    tensors = decode(encode(layer.state_dict(), low_rank=0.5), as_coded=True)
    factored = load_factored(layer, tensors)
    assert list(factored._modules) == ["H", "G"]
    composed = load_folded(layer, factored_state_dict(factored))
    np.testing.assert_allclose(outputs(factored, given), outputs(composed, given), atol=1e-4)


def test_tensors_of_another_module_are_refused():
    layer = settle(nn.Linear(30, 20))
    tensors = decode(encode(layer.state_dict(), low_rank=0.5), as_coded=True)
    renamed = {f"other.{name}": array for name, array in tensors.items()}
    with pytest.raises(UsageError) as caught:
        load_factored(layer, renamed)
    assert caught.value.id == "tensor-unknown"
