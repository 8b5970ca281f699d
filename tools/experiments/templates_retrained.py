"""The demo's network with frozen templates, retrained and coded (extras `torch` and `demo`)."""

from functools import partial
from importlib.resources import as_file, files
from typing import Any, Final

from nnref.codec import decode, open_stream
from nnref.codec.model.torch_tensors import to_numpy
from nnref.tools.bench.workload import file_model
from nnref.tools.demo.digits import accuracy, load_test_set
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.rows import Settings
from nnref.tools.train.digits import build, fit
from nnref.tools.train.templates import (
    can_have_templates,
    freeze_templates,
    plain_state,
)

COUNTS: Final = (4, 8, 16, 64)
"""Templates; the smallest convolution has 2,048 kernels."""
_EPOCHS: Final = 5
_PEAK_LEARNING_RATE: Final = 1e-3
_QUALITY: Final = 30.0
"""dB of all that is not templates, indices, scales and offsets."""


def retrained(torch: Any, journal: Journal, epochs: int = _EPOCHS) -> list[Values]:
    """A point for every count. Raises FileError extra-missing."""
    return [
        {
            "templates": count,
            **journal.point(
                {"row": "retrained", "templates": count, "epochs": epochs},
                partial(_point, torch, count, epochs),
            ),
        }
        for count in COUNTS
    ]


def _point(torch: Any, count: int, epochs: int) -> Values:
    test = load_test_set()
    with as_file(files("nnref.tools.demo") / "digits_cnn.safetensors") as path:
        original = file_model(path)
        network = build(torch)
        known = network.state_dict()
        known.update({n: torch.from_numpy(t.reshape(known[n].shape)) for n, t in original.items()})
        network.load_state_dict(known)
    names = [name for name, tensor in original.items() if can_have_templates(tensor.shape, count)]
    before = accuracy(original, *test)
    network.eval()
    freeze_templates(torch, network, count)
    frozen = accuracy(_state(network), *test)
    torch.manual_seed(0)
    fit(torch, network, epochs, _PEAK_LEARNING_RATE)
    state = _state(network)
    options = {"method": "templates", "templates": count, "template_residual": False}
    stream = Settings(options).code(state, _QUALITY).stream
    opened = open_stream(stream)
    return {
        "original_bytes": sum(original[name].nbytes for name in names),
        "bytes": sum(opened.info(name).unit.size for name in names),
        "before": before,
        "frozen": frozen,
        "retrained": accuracy(state, *test),
        "decoded": accuracy(decode(stream), *test),
    }


def _state(network: Any) -> dict[str, Any]:
    tensors = plain_state(network).items()
    return {name: to_numpy(tensor) for name, tensor in tensors if tensor.is_floating_point()}
