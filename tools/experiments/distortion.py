"""How far the weights of a decoded model are from the original ones."""

from collections.abc import Mapping
from math import log10
from typing import Any

import numpy as np

from nnref.codec.quantization.metrics import distance
from nnref.tools.bench.workload import Tensors


def weight_quality(model: Tensors, decoded: Mapping[str, Any]) -> float:
    """dB: the mean over all weights of the squared error in parts of their tensor's mean square.

    Weights are those of tensors with at least two dimensions that are not zero.
    """
    error, count = 0.0, 0
    for name, tensor in model.items():
        if tensor.ndim > 1 and np.any(tensor):
            apart = distance(tensor, decoded[name])
            error += tensor.size * apart.noise / apart.signal
            count += tensor.size
    return -10 * log10(error / count) if error else float("inf")
