"""Layer outputs as fixed-point numbers (clause 15.4.4): simulated by hooks, and their ranges."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

from nnref.codec.model.torch_file import import_torch
from nnref.codec.quantization.fixed_point import FixedPoint

Run = Callable[[Any], object]
"""Runs a module on data of the user's."""


def layers_with_weights(module: Any) -> dict[str, Any]:
    """The layers that have outputs of their own, by the name of their weight: linear ones and
    convolutions. Raises FileError extra-missing.
    """
    nn = import_torch("layers of a module").nn
    kinds = (nn.Linear, nn.modules.conv._ConvNd)
    return {
        f"{name}.weight" if name else "weight": layer
        for name, layer in module.named_modules()
        if isinstance(layer, kinds)
    }


def output_formats(module: Any, run: Run, width: int) -> dict[str, FixedPoint]:
    """A format of `width` bits for every layer's outputs: the finest one in which none of those
    that occur in `run(module)` saturates. Layers that do not occur have none.

    Raises FileError extra-missing, UsageError setting-unknown.
    """
    largest: dict[str, float] = {}

    def watch(name: str, output: Any) -> None:
        largest[name] = max(largest.get(name, 0.0), float(output.detach().abs().max()))

    with _hooked(module, watch):
        run(module)
    return {name: FixedPoint.of_range(most, width) for name, most in largest.items()}


@contextmanager
def fixed_outputs(module: Any, formats: Mapping[str, FixedPoint]) -> Iterator[Any]:
    """Inside the block the outputs of layers are rounded to their formats, as clause 15.4.4 says.

    `formats` are those of `Stream.output_formats`; the module is handed out. Raises FileError
    extra-missing.
    """

    def rounded(name: str, output: Any) -> Any:
        if name not in formats:
            return None
        number = formats[name]
        integers = (output * 2.0**number.fraction_length).round()
        return integers.clamp(number.least, -number.least - 1) * number.step

    with _hooked(module, rounded):
        yield module


def connections(module: Any, example: Any) -> int:
    """Multiplications of all layers for the one example that a batch has, as in Table 1 of the
    paper. Raises FileError extra-missing.
    """
    torch = import_torch("connections of a module")
    layers, found = layers_with_weights(module), [0]

    def count(name: str, output: Any) -> None:
        weight = layers[name].weight
        places = output.numel() // weight.shape[0] if weight.ndim > 2 else output[..., 0].numel()
        found[0] += places * prod(weight.shape)

    with _hooked(module, count), torch.no_grad():
        module(example)
    return found[0]


@contextmanager
def _hooked(module: Any, called: Callable[[str, Any], Any]) -> Iterator[None]:
    """`called` gets name and output of every layer; what it returns, if anything, replaces that."""

    def hook(name: str) -> Callable[[Any, Any, Any], Any]:
        return lambda _layer, _inputs, output: called(name, output)

    layers = layers_with_weights(module)
    handles = [layer.register_forward_hook(hook(name)) for name, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
