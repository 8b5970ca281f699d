"""What folding is worth: python -m nnref.tools.torch_models MODEL... [--evaluator FILE.py]

Encodes state-dictionary files at one SQNR per tensor: as they are, with batch norms folded, with
batch norms as local scaling, and with the encoder's local scaling, and prints the sizes. MODEL is a
tensor file; a file `NAME/model.safetensors` goes by NAME. The evaluator is a Python file with a
function `evaluate(name, tensors)` that takes torch tensors with the batch norms of the original
(here they change nothing) and returns numbers by name; they are printed, too.
"""

import argparse
import runpy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec import decode, encode
from nnref.codec.model import open_model
from nnref.codec.model.tensors import Array
from nnref.codec.model.torch_file import import_torch
from nnref.codec.transform import BatchNormPair, Form, fold_state_dict
from nnref.tools.cli.output import print_table

Evaluate = Callable[[str, Mapping[str, Any]], Mapping[str, float]]

_FORMS: Final[Mapping[str, tuple[Form, bool]]] = {
    "as it is": ("kept", False),
    "folded": ("folded", False),
    "scaled": ("scaled", False),
    "local scaling": ("kept", True),
    "folded, local scaling": ("folded", True),
}
"""What becomes of batch norms, and whether the encoder finds local scaling."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one row per model and form."""
    parser = argparse.ArgumentParser(prog="python -m nnref.tools.torch_models", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--sqnr", type=float, default=40.0, help="dB of every tensor  [40]")
    parser.add_argument("--eps", type=float, default=1e-5, help="eps of the batch norms  [1e-5]")
    parser.add_argument("--evaluator", type=Path, metavar="FILE.py")
    options = parser.parse_args(arguments)
    evaluate: Evaluate | None = None
    if options.evaluator is not None:
        evaluate = runpy.run_path(str(options.evaluator))["evaluate"]
    for path in options.models:
        rows = _rows(path, options.sqnr, options.eps, evaluate)
        columns = ("<form", "batch norms", "bytes", "difference", "<evaluation")
        print_table(_name(path), columns, rows)


def _rows(
    path: Path, sqnr: float, eps: float, evaluate: Evaluate | None
) -> Iterator[tuple[str, ...]]:
    with open_model(path) as source:
        tensors = {name: source.read(name) for name in source.names()}
    if evaluate is not None:
        yield "not encoded", "", "", "", _evaluation(evaluate, _name(path), tensors, ())
    before = 0
    for label, (form, local_scaling) in _FORMS.items():
        folded = fold_state_dict(tensors, eps=eps, form=form)
        stream = encode(folded.tensors, sqnr=sqnr, local_scaling=local_scaling)
        before = before or len(stream)
        change = f"{100 * (len(stream) / before - 1):+.2f} %"
        pairs = () if form == "kept" else folded.report.pairs
        found = ""
        if evaluate is not None:
            decoded = replace(folded, tensors=decode(stream)).composed()
            found = _evaluation(evaluate, _name(path), decoded, pairs)
        yield label, str(len(pairs)), f"{len(stream):,}", change, found


def _evaluation(
    evaluate: Evaluate, name: str, tensors: Mapping[str, Array], pairs: Sequence[BatchNormPair]
) -> str:
    torch = import_torch("an evaluator")
    given = {name: array.astype(np.float32) for name, array in tensors.items()}
    for pair in pairs:
        one = np.ones_like(given[pair.bias])
        given |= {pair.gamma: one, pair.var: one - np.float32(pair.eps)}
        given |= {pair.beta: 0 * one, pair.mean: 0 * one}
    found = evaluate(name, {key: torch.from_numpy(value) for key, value in given.items()})
    return ", ".join(f"{key} {value:.5g}" for key, value in found.items())


def _name(path: Path) -> str:
    return path.parent.name if path.stem == "model" else path.stem


if __name__ == "__main__":
    main()
