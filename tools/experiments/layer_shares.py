"""Parameters by layer type (Table 2 of the paper), and the cap that they set to SL."""

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType

LNQ_TYPES: Final = (LayerType.CONVOLUTION, LayerType.FULLY_CONNECTED)
"""The paper's: its LNQ leaves point-wise and depth-wise convolutions alone."""


def layer_shares(model: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """Parts of all parameters by the name of their `LayerType`; biases and norms are OTHER."""
    total = sum(tensor.size for tensor in model.values())
    shares = {kind.name: 0.0 for kind in LayerType}
    for tensor in model.values():
        shares[layer_type_of(tensor.shape).name] += tensor.size / total if total else 0.0
    return shares


def sl_cap(shares: Mapping[str, float]) -> float:
    """The largest SL = W_LNQ / W_all that a codec can reach which keeps to `LNQ_TYPES`."""
    return sum(shares[kind.name] for kind in LNQ_TYPES)
