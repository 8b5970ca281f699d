"""Retraining with frozen templates: kernels stay a * template + b, and only a and b are trained.

After "Deep convolutional neural networks compression method based on linear representation of
kernels" (clause 15.5): templates are found by clustering the kernels of each convolution, then
frozen. Needs the extra `torch`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.quantization.templates import Kernels, fitted_scales

LEAST_SIZE: Final = 4
"""Weights of a kernel below which a, b and an index are no fewer numbers."""


def freeze_templates(torch: Any, network: Any, count: int, *, signed: bool = False) -> list[str]:
    """Make every convolution's kernels linear in `count` templates; its layers' names.

    The kernels become those nearest to what they were. Layers with smaller kernels, or with no more
    kernels than templates, stay. `network` is a torch module, `torch` the imported package.
    """
    frozen = []
    for name, layer in network.named_modules():
        if isinstance(layer, torch.nn.Conv2d) and can_have_templates(layer.weight.shape, count):
            _freeze(torch, layer, count, signed=signed)
            frozen.append(name)
    return frozen


def can_have_templates(shape: tuple[int, ...], count: int) -> bool:
    """Whether a weight has kernels that so many templates represent with fewer numbers."""
    size, kernels = int(np.prod(shape[2:])), int(np.prod(shape[:2]))
    return len(shape) > 2 and size >= LEAST_SIZE and kernels > count


def plain_state(network: Any) -> dict[str, Any]:
    """The state dictionary of a network as if its templates were not frozen: kernels as they are.

    Copies of the network without frozen templates take it.
    """
    state = {
        name: tensor.detach()
        for name, tensor in network.state_dict().items()
        if ".parametrizations." not in f".{name}"
    }
    for name, layer in network.named_modules():
        if hasattr(layer, "parametrizations"):
            state[f"{name}.weight"] = layer.weight.detach()
    return state


def _freeze(torch: Any, layer: Any, count: int, *, signed: bool) -> None:
    weight: NDArray[np.float32] = layer.weight.detach().numpy()
    kernels = weight.reshape(-1, int(np.prod(weight.shape[2:]))).astype(np.float64)
    templates, indices = Kernels.of(kernels, signed=signed).clustered(count)
    scales, offsets = fitted_scales(kernels, templates[indices]), kernels.mean(axis=1)

    class Linear(torch.nn.Module):  # type: ignore[misc]  # torch comes at run time
        """A kernel's scale and offset, the template between them."""

        def __init__(self) -> None:
            super().__init__()
            chosen = templates[indices].reshape(weight.shape)
            self.register_buffer("chosen", torch.from_numpy(chosen.astype(np.float32)))

        def forward(self, scale: Any, offset: Any) -> Any:
            """A * K + b."""
            return scale * self.chosen + offset

        def right_inverse(self, _: Any) -> tuple[Any, Any]:
            """What the parameters are before training."""
            planes = (scales, offsets)
            shape = (*weight.shape[:2], *[1] * (weight.ndim - 2))
            first, second = (torch.from_numpy(p.reshape(shape).astype(np.float32)) for p in planes)
            return first, second

    torch.nn.utils.parametrize.register_parametrization(layer, "weight", Linear())
