"""Decoded tensors back into a torch module."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from nnref.codec.model.tensors import plain
from nnref.codec.model.torch_file import import_torch
from nnref.codec.model.torch_tensors import from_numpy, is_tensor
from nnref.spec.errors import refusal
from nnref.tools.torch_models.graph import batch_norm_names


def load_folded(module: Any, tensors: Mapping[str, Any]) -> Any:
    """A copy of a module with tensors, by their names in its state dictionary, loaded.

    A batch norm none of whose tensors is given becomes an identity, and a layer without a bias
    that is given one gets it; everything else has to be there. `tensors` are numpy arrays or torch
    tensors as decoding hands them out. Raises FileError extra-missing without torch, UsageError
    tensor-unknown when names or shapes are not those of the module.
    """
    torch = import_torch("loading a module")
    copy = deepcopy(module)
    for name in batch_norm_names(torch, copy):
        if name and not any(tensor.startswith(f"{name}.") for tensor in tensors):
            holder, _, key = name.rpartition(".")
            setattr(copy.get_submodule(holder), key, torch.nn.Identity())
    state = {name: _tensor(value, torch) for name, value in tensors.items()}
    for name, child in copy.named_modules():
        bias = state.get(f"{name}.bias" if name else "bias")
        if bias is not None and "bias" in child._parameters and child.bias is None:
            child.bias = torch.nn.Parameter(bias.to(child.weight))
    try:
        copy.load_state_dict(state)
    except RuntimeError as error:
        raise refusal("tensor-unknown", " ".join(str(error).split())) from None
    return copy


def _tensor(value: Any, torch: Any) -> Any:
    return value if is_tensor(value) else from_numpy(np.array(plain(np.asarray(value))), torch)
