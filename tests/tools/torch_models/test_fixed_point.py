"""Layer outputs in fixed point: rounding, ranges, and the connections of layers."""

import torch

from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.tools.torch_models.fixed_point import connections, fixed_outputs, output_formats

INPUTS = torch.linspace(-2, 3, 5 * 36).reshape(5, 1, 6, 6)


def net():
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 24))


def test_outputs_are_rounded_to_even_and_saturate_only_inside_the_block():
    layer = torch.nn.Linear(1, 1, bias=False)
    layer.weight.data[:] = 1
    inputs = torch.tensor([[0.25], [0.75], [9.0], [-9.0]])
    with fixed_outputs(layer, {"weight": FixedPoint(4, 1)}) as same:
        assert same(inputs).flatten().tolist() == [0.0, 1.0, 3.5, -4.0]
    assert torch.equal(layer(inputs), inputs)
    with fixed_outputs(layer, {"other": FixedPoint(1, 0)}):
        assert torch.equal(layer(inputs), inputs)


def test_formats_are_those_of_the_largest_outputs():
    module = net()
    formats = output_formats(module, lambda one: one(INPUTS), 8)
    largest = float(module[0](INPUTS).detach().abs().max())
    assert formats["0.weight"] == FixedPoint.of_range(largest, 8)
    more = output_formats(module, lambda one: (one(INPUTS), one(64 * INPUTS)), 8)
    assert more["0.weight"].fraction_length < formats["0.weight"].fraction_length


def test_connections_are_the_multiplications_of_one_example():
    assert connections(net(), INPUTS[:1]) == 16 * 6 * 9 + 96 * 24
