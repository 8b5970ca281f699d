"""The demo's network on vertical and horizontal filters, retrained (extras `torch` and `demo`)."""

from functools import partial
from importlib.resources import as_file, files
from typing import Any, Final

from nnref.codec import decode
from nnref.codec.model.torch_tensors import to_numpy
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.demo.digits import accuracy, load_test_set
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.low_rank import composed, convolutions, factored
from nnref.tools.experiments.rows import Settings
from nnref.tools.torch_models import factored_state_dict, load_factored, load_folded
from nnref.tools.train.digits import build, fit

PARTS: Final = (0.5, 0.25, 0.125)
"""Numbers of the factors in parts of the weights'."""
_EPOCHS: Final = 10
_PEAK_LEARNING_RATE: Final = 1e-3
_QUALITY: Final = 30.0
"""dB."""
_SAME: Final = 1e-4
"""Error that the rank of trained filters leaves out: rounding."""


def retrained(torch: Any, journal: Journal, epochs: int = _EPOCHS) -> list[Values]:
    """A point for every part. Raises FileError extra-missing."""
    return [
        {
            "part": part,
            **journal.point(
                {"row": "retrained", "part": part, "epochs": epochs},
                partial(_point, torch, part, epochs),
            ),
        }
        for part in PARTS
    ]


def _point(torch: Any, part: float, epochs: int) -> Values:
    test = load_test_set()
    with as_file(files("nnref.tools.demo") / "digits_cnn.safetensors") as path:
        original = file_model(path)
    factors = _factors(original, part)
    network = load_factored(load_folded(build(torch), original), factors)
    fit(torch, network, epochs, _PEAK_LEARNING_RATE)
    state = {
        name: to_numpy(tensor)
        for name, tensor in factored_state_dict(network).items()
        if tensor.is_floating_point()
    }
    again = {"method": "lowrank", "kernel_error": _SAME}
    stream = Settings(again).code(state, _QUALITY).stream
    return {
        "original_bytes": sum(tensor.nbytes for tensor in original.values()),
        "bytes": len(stream),
        "before": accuracy(original, *test),
        "factored": accuracy(composed(factors), *test),
        "retrained": accuracy(decode(stream), *test),
        "dq_bytes": len(Settings({}).code(original, _QUALITY).stream),
    }


def _factors(model: Tensors, part: float) -> Tensors:
    """Every convolution with about so many of its numbers."""
    tensors: Tensors = {}
    spatial = convolutions(model)
    for name, tensor in model.items():
        if name in spatial:
            outputs, inputs, height, width = tensor.shape
            rank = int(part * tensor.size / (inputs * height + outputs * width))
            tensors |= factored(name, tensor, max(1, rank))
        else:
            tensors[name] = tensor
    return tensors
