"""Convolutions that run as low-rank kernels (clause 15.3): vertical, then horizontal filters."""

from collections import OrderedDict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
VERTICAL_HORIZONTAL: Final = ["vertical", "horizontal"]
"""The children of what a convolution becomes."""


def kernel_pair(torch: Any, layer: Any, g: Array, h: Array) -> Any:
    """Two convolutions for one, or None for a layer that cannot be two.

    `g` is input channels (of a group) x height x rank, `h` rank x output channels x width; in each
    group the rank is that of the factors. The bias is added by the second one.
    """
    (inputs, height, rank), (_, outputs, width) = g.shape, h.shape
    if type(layer) is not torch.nn.Conv2d:
        return None
    if tuple(layer.weight.shape) != (outputs, inputs, height, width):
        return None
    groups, with_bias = layer.groups, layer.bias is not None
    first, second = (
        torch.nn.Conv2d(
            *channels,
            _along(axis, (height, width), 1),
            _along(axis, layer.stride, 1),
            layer.padding if isinstance(layer.padding, str) else _along(axis, layer.padding, 0),
            _along(axis, layer.dilation, 1),
            groups,
            bias=bias,
            padding_mode=layer.padding_mode,
        )
        for axis, channels, bias in (
            (0, (layer.in_channels, rank * groups), False),
            (1, (rank * groups, outputs), with_bias),
        )
    )
    with torch.no_grad():
        vertical = np.tile(g.transpose(2, 0, 1), (groups, 1, 1))
        first.weight.copy_(torch.from_numpy(vertical[..., np.newaxis]))
        second.weight.copy_(torch.from_numpy(h.transpose(1, 0, 2)[:, :, np.newaxis]))
        if with_bias:
            second.bias.copy_(layer.bias)
    pair = torch.nn.Sequential(OrderedDict(zip(VERTICAL_HORIZONTAL, (first, second), strict=True)))
    return pair.to(layer.weight).train(layer.training)


def kernel_product(torch: Any, pair: Any) -> Any:
    """The weight of the convolution that a pair of `kernel_pair` stands for, on no graph."""
    groups = pair.vertical.groups
    vertical = pair.vertical.weight.detach().squeeze(3).unflatten(0, (groups, -1))
    horizontal = pair.horizontal.weight.detach().squeeze(2).unflatten(0, (groups, -1))
    return torch.einsum("krcy,knrx->kncyx", vertical, horizontal).flatten(0, 1)


def _along(axis: int, both: tuple[int, int], other: int) -> tuple[int, int]:
    """The number of an axis, and another one across it."""
    return (both[0], other) if axis == 0 else (other, both[1])
