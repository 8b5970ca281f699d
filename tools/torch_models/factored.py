"""Layers that run as their low-rank factors: two small layers in place of one, and back."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.weight import scaling_name
from nnref.codec.model.torch_file import import_torch
from nnref.codec.quantization import kernel_weight, local_scaling, recomposition
from nnref.tools.torch_models.kernels import (
    VERTICAL_HORIZONTAL,
    kernel_pair,
    kernel_product,
)
from nnref.tools.torch_models.load import load_folded

Array = NDArray[Any]
_FACTORS = ["H", "G"]


def load_factored(module: Any, tensors: Mapping[str, Array]) -> Any:
    """A copy of a module with tensors loaded, whose layers run as the factors that are given.

    `tensors` are those of `decode(stream, as_coded=True)`: NAME, or NAME_G and NAME_H, with
    NAME_scaling or without. A linear layer, or a convolution that is not transposed, with factors
    becomes an `nn.Sequential` of two: `H` has its inputs, its kernel and as many outputs as the
    rank (in each group), `G` makes its outputs of them. With factors of low-rank kernels, which
    have three dimensions, a 2-D convolution becomes one of `vertical` and `horizontal` filters.
    Other layers get the product. Raises as `load_folded`.
    """
    torch = import_torch("loading a module")
    parts = dict(tensors)
    factors = {name[:-2]: _factors(parts, name[:-2]) for name in tensors if _is_g(name, tensors)}
    for name, (g, h) in factors.items():
        if g.ndim == 3:
            parts[name] = kernel_weight(g, h)
            continue
        shape = module.state_dict()[name].shape if name in module.state_dict() else (len(g), -1)
        parts[name] = recomposition(g, h).reshape(tuple(shape))
    for name in tuple(parts):
        if scaling_name(name) in parts:
            factors_of_rows = parts.pop(scaling_name(name)).astype(np.float32)
            parts[name] = local_scaling(parts[name].astype(np.float32), factors_of_rows)
    copy = load_folded(module, parts)
    for name, (g, h) in factors.items():
        layer = name.rpartition(".")[0]
        make = kernel_pair if g.ndim == 3 else _pair
        pair = make(torch, copy.get_submodule(layer), g, h)
        if pair is not None and layer:
            holder, _, key = layer.rpartition(".")
            setattr(copy.get_submodule(holder), key, pair)
        elif pair is not None:
            copy = pair
    return copy


def factored_state_dict(module: Any) -> dict[str, Any]:
    """The state dictionary of a module of `load_factored` with weights in place of factors.

    Names are those of the module before; weights are torch tensors on no graph. After training,
    `encode(..., low_rank_error=1e-4)` finds the factors of these weights again, with
    `method="lowrank", kernel_error=1e-4` those of kernels.
    """
    torch = import_torch("composing factors")
    tensors = dict(module.state_dict())
    for name, child in module.named_modules():
        names = list(child._modules) if type(child) is torch.nn.Sequential else []
        at = f"{name}." if name else ""
        if names == _FACTORS:
            weight = _product(child)
        elif names == VERTICAL_HORIZONTAL:
            weight = kernel_product(torch, child)
        else:
            continue
        for factor in names:
            del tensors[f"{at}{factor}.weight"]
        tensors[f"{at}weight"] = weight
        bias = f"{at}{names[-1]}.bias"
        if bias in tensors:
            tensors[f"{at}bias"] = tensors.pop(bias)
    return tensors


def _is_g(name: str, tensors: Mapping[str, Array]) -> bool:
    return name.endswith("_G") and f"{name[:-2]}_H" in tensors


def _factors(parts: dict[str, Array], name: str) -> tuple[Array, Array]:
    """G, with the local scaling of its rows, and H; they are taken out of `parts`."""
    g, h = (parts.pop(f"{name}_{factor}").astype(np.float32) for factor in "GH")
    if scaling_name(name) in parts:
        g = local_scaling(g, parts.pop(scaling_name(name)).astype(np.float32))
    return g, h


def _pair(torch: Any, layer: Any, g: Array, h: Array) -> Any:
    """Two layers for one, or None for a layer that cannot be two."""
    nn, rank = torch.nn, g.shape[1]
    if len(g) != layer.weight.shape[0]:
        return None
    with_bias = layer.bias is not None
    if type(layer) is nn.Linear:
        first = nn.Linear(layer.in_features, rank, bias=False)
        second = nn.Linear(rank, layer.out_features, bias=with_bias)
    elif type(layer) in (nn.Conv1d, nn.Conv2d, nn.Conv3d):
        kind, groups = type(layer), layer.groups
        first = kind(
            layer.in_channels,
            rank * groups,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.dilation,
            groups,
            bias=False,
            padding_mode=layer.padding_mode,
        )
        second = kind(rank * groups, layer.out_channels, 1, groups=groups, bias=with_bias)
    else:
        return None
    times = first.weight.shape[0] // rank
    with torch.no_grad():
        first.weight.copy_(torch.from_numpy(np.tile(h, (times, 1))).reshape(first.weight.shape))
        second.weight.copy_(torch.from_numpy(g).reshape(second.weight.shape))
        if with_bias:
            second.bias.copy_(layer.bias)
    pair = nn.Sequential(OrderedDict(zip(_FACTORS, (first, second), strict=True)))
    return pair.to(layer.weight).train(layer.training)


def _product(pair: Any) -> Any:
    """The weight of the layer that a pair of layers stands for."""
    first, second = pair.H.weight.detach(), pair.G.weight.detach()
    groups = getattr(pair.H, "groups", 1)
    h = first.reshape(groups, first.shape[0] // groups, -1)
    g = second.reshape(groups, second.shape[0] // groups, -1)
    return (g @ h).reshape(second.shape[0], *first.shape[1:])
