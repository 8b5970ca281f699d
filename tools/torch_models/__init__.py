"""Torch modules: their batch norms folded into tensors, and decoded tensors back into a module,
whose layers may run as low-rank factors.

    from nnref.tools.torch_models import fold_module, load_folded
    folded = fold_module(module, example_input)
    module = load_folded(module, tensors)

torch is imported when a function is called (extra `torch`).
"""

from nnref.tools.torch_models.factored import factored_state_dict, load_factored
from nnref.tools.torch_models.fold import fold_module
from nnref.tools.torch_models.load import load_folded
from nnref.tools.torch_models.pairs import module_pairs

__all__ = [
    "factored_state_dict",
    "fold_module",
    "load_factored",
    "load_folded",
    "module_pairs",
]
