"""How far the outputs of a network are from those that it has with its own tensors."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from nnref.codec.model import open_model
from nnref.codec.model.tensors import Array
from nnref.tools.calibrate.running import Inputs, batch_of, size_of

Distance = Callable[[Mapping[str, Array]], float]

_BATCH: Final = 50


def read_inputs(path: str) -> dict[str, Array]:
    """The arrays of a file by name."""
    with open_model(path) as source:
        return {name: source.read(name).copy() for name in source.names()}


def distance_of(torch: Any, module: Any, inputs: Inputs, *, mse: bool) -> Distance:
    """How far the outputs of the module with other tensors are from its own.

    That is the mean Kullback-Leibler divergence of the outputs as logits along their last dimension
    or, with `mse`, the mean square of the difference. Raises UsageError input-type.
    """
    size = size_of(inputs)

    def outputs(state: dict[str, Any]) -> Any:
        parts = []
        for start in range(0, size, _BATCH):
            some = batch_of(torch, inputs, start, start + _BATCH)
            arguments, keywords = ((*some.values(),), {}) if len(some) == 1 else ((), some)
            with torch.no_grad():
                parts.append(torch.func.functional_call(module, state, arguments, keywords))
        return torch.cat(parts).double()

    original = outputs(module.state_dict())

    def distance(tensors: Mapping[str, Array]) -> float:
        found = outputs({name: torch.from_numpy(np.array(a)) for name, a in tensors.items()})
        if mse:
            return float(((found - original) ** 2).mean())
        logs, expected = found.log_softmax(-1), original.log_softmax(-1)
        return float((expected.exp() * (expected - logs)).sum(-1).mean())

    return distance
