"""The demo's network through all stages with retraining (extras `torch` and `demo`)."""

from collections.abc import Iterator
from functools import partial
from importlib.resources import as_file, files
from typing import Any, Final

import numpy as np

from nnref.codec import Stream, encode
from nnref.tools.bench.workload import file_model
from nnref.tools.demo.digits import load_test_set, load_training_set
from nnref.tools.experiments.hierarchical import Row, Widths
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.torch_models import load_folded
from nnref.tools.torch_models.fixed_point import connections, fixed_outputs, output_formats
from nnref.tools.train.digits import build, fit
from nnref.tools.train.hierarchical import Recipe, Stage, compress

LOSSES: Final = (0.005, 0.05)
"""That pruning may cost: the light and the heavy one of the text's tables."""
WIDTHS: Final[tuple[Widths, ...]] = ((10, 6), (16, 4))
OUTPUT_BITS: Final = (16, 8, 6, 4)
_INDEX_BITS: Final = 5
_EPOCHS: Final = 4
_PEAK_LEARNING_RATE: Final = 1e-3
_RATIOS: Final = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)


def retrained(torch: Any, journal: Journal, epochs: int = _EPOCHS) -> list[Values]:
    """Every stage of every recipe. Raises FileError extra-missing."""
    key = {"row": "retrained", "epochs": epochs, "ratios": _RATIOS, "index_bits": _INDEX_BITS}
    return [
        stage
        for loss in LOSSES
        for stage in journal.point({**key, "loss": loss}, partial(_recipe, torch, loss, epochs))[
            "stages"
        ]
    ]


def digits_connections(torch: Any) -> int:
    """Multiplications for one picture, as Table 1 of the text counts them."""
    return connections(build(torch).eval(), torch.zeros(1, 1, 8, 8))


def _recipe(torch: Any, loss: float, epochs: int) -> Values:
    """A row for every stage: zeros, top-1 and top-5; for coded ones bytes and formats, too."""
    torch.manual_seed(1)
    with as_file(files("nnref.tools.demo") / "digits_cnn.safetensors") as path:
        original = file_model(path)
    module = load_folded(build(torch), original).eval()
    images = load_training_set()[0]

    def train(one: Any) -> None:
        fit(torch, one, epochs, _PEAK_LEARNING_RATE)

    def evaluate(one: Any) -> float:
        return _tops(torch, one.eval(), training=True)[0]

    def run(one: Any) -> None:
        _scores(torch, one.eval(), images)

    stages: list[Values] = []

    def tell(stage: Stage) -> None:
        top1, top5 = _tops(torch, module)
        what = {"stage": stage.name, "ratio": stage.ratio, "kept": stage.kept}
        stages.append({**what, "sparsity": stage.sparsity, "top1": top1, "top5": top5})

    recipe = Recipe(_RATIOS, loss, _INDEX_BITS, output_bits=None)
    found = compress(module, train, evaluate, recipe, tell=tell)
    size = sum(tensor.nbytes for tensor in original.values())
    for widths in WIDTHS:
        for coded in _coded(torch, build(torch).eval(), found.state, widths, run):
            stages.append({**coded, "original_bytes": size})
    return {"stages": [{"loss": loss, **stage} for stage in stages]}


def _coded(
    torch: Any, network: Any, state: dict[str, Any], widths: Widths, run: Any
) -> Iterator[Values]:
    """Streams of a width, and what the network is worth with outputs of several bits."""
    row = Row(index_bits=_INDEX_BITS, widths=widths)
    for bits in (None, *OUTPUT_BITS):
        formats = {} if bits is None else output_formats(load_folded(network, state), run, bits)
        data = encode(state, output_formats=formats, **row.options(state))
        stream = Stream(data)
        module = load_folded(network, dict(stream))
        with fixed_outputs(module, stream.output_formats):
            top1, top5 = _tops(torch, module)
        yield {
            "stage": "coded",
            "widths": widths,
            "output_bits": bits,
            "bytes": len(data),
            "top1": top1,
            "top5": top5,
        }


def _scores(torch: Any, module: Any, images: Any) -> Any:
    with torch.no_grad():
        return module(torch.from_numpy(images)).numpy()


def _tops(torch: Any, module: Any, *, training: bool = False) -> tuple[float, float]:
    """Top-1 and top-5 accuracy, 0..1."""
    images, labels = load_training_set() if training else load_test_set()
    order = np.argsort(-_scores(torch, module, images), axis=1)
    hits = order == labels[:, np.newaxis]
    return float(hits[:, 0].mean()), float(hits[:, :5].any(axis=1).mean())
