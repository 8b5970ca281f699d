"""Processor time of convolutions as they are, and as vertical and horizontal filters (torch)."""

from time import process_time
from typing import Any, Final

from nnref.tools.bench.workload import Tensors
from nnref.tools.experiments.low_rank import composed, convolutions
from nnref.tools.torch_models import load_factored

_RUNS: Final = 5


class LayerSeconds:
    """`Seconds`: every convolution by itself, on a random picture with its input channels.

    Strides are 1, groups are not known; the numbers are those of a network without either.
    """

    def __init__(self, torch: Any, edge: int) -> None:
        """`edge` are rows and columns of a picture."""
        self._torch = torch
        self._edge = edge

    def __call__(self, model: Tensors, coded: Tensors) -> tuple[float, float]:
        """The least of several runs on one thread, which take turns."""
        torch = self._torch
        torch.set_num_threads(1)
        names = convolutions(model)
        plain = self._layers(composed(coded), names)
        factors = {name: tensor for name, tensor in coded.items() if tensor.ndim == 3}
        places = {f"{names.index(n[:-2])}.weight{n[-2:]}": t for n, t in factors.items()}
        kept = load_factored(plain, {**_arrays(plain, places), **places})
        random = torch.Generator().manual_seed(1)
        pictures = [
            torch.randn(1, model[name].shape[1], self._edge, self._edge, generator=random)
            for name in names
        ]
        times: tuple[list[float], list[float]] = ([], [])
        with torch.no_grad():
            for _ in range(_RUNS):
                for layers, measured in zip((plain, kept), times, strict=True):
                    started = process_time()
                    for layer, picture in zip(layers, pictures, strict=True):
                        layer(picture)
                    measured.append(process_time() - started)
        return min(times[0]), min(times[1])

    def _layers(self, model: Tensors, names: list[str]) -> Any:
        torch = self._torch
        layers = torch.nn.ModuleList()
        for name in names:
            outputs, inputs, height, width = model[name].shape
            padding = (height // 2, width // 2)
            layer = torch.nn.Conv2d(inputs, outputs, (height, width), padding=padding, bias=False)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(model[name]))
            layers.append(layer)
        return layers.eval()


def _arrays(module: Any, places: Tensors) -> Tensors:
    """The weights that have no factors."""
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    return {name: array for name, array in weights.items() if f"{name}_G" not in places}
