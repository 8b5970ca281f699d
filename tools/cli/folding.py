"""Options that fold batch norms, and the file that names which.

A pairs file is JSON: a list of objects `{"layer": NAME, "batch_norm": NAME}` with the names of
modules in the state dictionary, and where they are needed `"eps": NUMBER`, `"transposed": true` (a
transposed convolution) and its `"groups": NUMBER`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal

if TYPE_CHECKING:
    from nnref.codec.transform import BatchNormPair, FoldedSource, Form

Command = Callable[..., Any]

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "layer": (str,),
    "batch_norm": (str,),
    "eps": (float, int),
    "transposed": (bool,),
    "groups": (int,),
}
_NEEDED: Final = {"layer", "batch_norm"}


def folding_options(command: Command) -> Command:
    """`--fold-batch-norm`, `--pairs` and `--batch-norm-eps`."""
    options = (
        click.option(
            "--fold-batch-norm",
            is_flag=True,
            help="Let the layers before them do the batch norms of MODEL.",
        ),
        click.option(
            "--pairs",
            "pairs_file",
            type=click.Path(path_type=Path, readable=False),
            help="JSON file: which layers and batch norms.  [default: by names and shapes]",
        ),
        click.option(
            "--batch-norm-eps",
            "eps",
            type=click.FloatRange(min=0.0),
            help="What is added to variances where no pair says.  [default: 1e-05]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def check_folding(fold: bool, pairs_file: Path | None, eps: float | None) -> None:
    """Raise UsageError for options that mean nothing without --fold-batch-norm."""
    if not fold and (pairs_file is not None or eps is not None):
        context = click.get_current_context()
        raise click.UsageError("--pairs and --batch-norm-eps need --fold-batch-norm", context)


def folded_model(
    model: str, pairs_file: Path | None, eps: float | None, form: "Form" = "folded"
) -> "FoldedSource":
    """A model file with its batch norms folded. Raises as `read_pairs` and `fold_source` do."""
    from nnref.codec.transform import fold_source  # noqa: PLC0415  it loads numpy
    from nnref.codec.transform.pairs import DEFAULT_EPS  # noqa: PLC0415

    added = DEFAULT_EPS if eps is None else eps
    pairs = None if pairs_file is None else read_pairs(pairs_file, added)
    return fold_source(model, pairs, eps=added, form=form)


def read_pairs(path: Path, eps: float) -> "tuple[BatchNormPair, ...]":
    """The pairs of a file, in order; `eps` for those that do not say.

    Raises FileError file-not-found and file-format (not JSON), UsageError setting-unknown (not the
    form above).
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise refusal("file-not-found", str(failure)) from failure
    except ValueError as failure:
        raise refusal("file-format", f"{path}: {failure}") from failure
    if not isinstance(entries, list):
        raise refusal("setting-unknown", f"{path}: a pairs file is a list")
    return tuple(_pair(entry, path, eps) for entry in entries)


def _pair(entry: object, path: Path, eps: float) -> "BatchNormPair":
    from nnref.codec.transform import BatchNormPair  # noqa: PLC0415  it loads numpy

    good = isinstance(entry, dict) and entry.keys() >= _NEEDED and entry.keys() <= _TYPES.keys()
    if not isinstance(entry, dict) or not good:
        keys = ", ".join(_TYPES)
        raise refusal("setting-unknown", f"{path}: {entry!r} is no object with keys of: {keys}")
    for key, value in entry.items():
        if type(value) not in _TYPES[key]:
            raise refusal("setting-unknown", f"{path}: {key} = {value!r}")
    values: dict[str, Any] = {"eps": eps} | entry
    return BatchNormPair(**values)
