"""`nnref demo`: the README's main job."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.options import json_option
from nnref.tools.cli.output import print_json, print_table, progress_bar
from nnref.tools.cli.text import count_text, one_line, ratio_text

if TYPE_CHECKING:
    from nnref.tools.demo.demonstration import Trial


@click.command(short_help="Encode, decode and test a small trained network.")
@click.option(
    "-o",
    "--output",
    "directory",
    type=click.Path(path_type=Path),
    help="Folder to keep the streams and the decoded networks in.",
)
@json_option
def command(directory: Path | None, as_json: bool) -> None:
    """Encode, decode and test a small trained network.

    A convolutional network that reads handwritten digits is encoded at three qualities. Each
    stream is decoded to a tensor file, compared with the original, and the decoded network is
    tested on pictures that it was not trained with.
    """
    from nnref.tools.demo.demonstration import demonstrate  # noqa: PLC0415  it loads numpy

    with ExitStack() as stack:
        folder = directory
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="nnref-demo-")))
        else:
            _make(folder)
        progress = stack.enter_context(progress_bar("demonstrating", quiet=False))
        trials = list(demonstrate(folder, progress))
    _tell(trials, directory, as_json)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise refusal("file-write", str(failure)) from failure


def _tell(trials: list["Trial"], directory: Path | None, as_json: bool) -> None:
    if as_json:
        rows = [_trial_object(trial, kept=directory is not None) for trial in trials]
        print_json("nnref.demo/1", {"trials": rows})
        return
    first = trials[0]
    sizes = f"{count_text(first.weights)} weights, {count_text(first.original_bytes)} bytes"
    print_table(
        f"digits_cnn: {sizes}",
        ("asked", "bytes", "smaller", "bits/weight", "lowest SQNR", "accuracy before", "after"),
        map(_row, trials),
    )
    print("Every stream was decoded and verified against the original network.")
    if directory is not None:
        print(f"The files are in {one_line(str(directory))}.")


def _row(trial: "Trial") -> tuple[str, ...]:
    return (
        f"{trial.asked_sqnr} dB",
        count_text(trial.stream_bytes),
        ratio_text(trial.original_bytes, trial.stream_bytes),
        f"{trial.bits_per_weight:.2f}",
        f"{trial.lowest_sqnr:.1f} dB",
        f"{100 * trial.accuracy_before:.2f} %",
        f"{100 * trial.accuracy_after:.2f} %",
    )


def _trial_object(trial: "Trial", *, kept: bool) -> dict[str, Any]:
    return {
        "asked_sqnr": trial.asked_sqnr,
        "lowest_sqnr": trial.lowest_sqnr,
        "bytes": trial.stream_bytes,
        "tensor_bytes": trial.original_bytes,
        "bits_per_weight": trial.bits_per_weight,
        "accuracy_before": trial.accuracy_before,
        "accuracy_after": trial.accuracy_after,
        "stream": str(trial.stream) if kept else None,
        "decoded": str(trial.decoded) if kept else None,
    }
