"""Command line of the benchmarks."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console

from nnref.conformance.interop.client import Peer
from nnref.spec.errors import NnrError
from nnref.tools.bench.equal_quality import QUALITIES, Measure, quality_tables
from nnref.tools.bench.fresh import measure_memory, measure_startup
from nnref.tools.bench.kernels import measure_rate
from nnref.tools.bench.large import Shape, measure_growth, measure_large_memory
from nnref.tools.bench.many import measure_many
from nnref.tools.bench.models import PEER_TIMEOUT, measure_model
from nnref.tools.bench.profiling import profile_model
from nnref.tools.bench.results import Results, Row
from nnref.tools.bench.workload import SPREADS, Tensors, count_weights, file_model, synthetic_model

Titled = tuple[str, list[Row]]

PARTS = ("kernels", "many", "model", "startup", "memory", "linearity")
MANY = (4, 400)
"""Payloads that are decoded together."""
TENSOR_COUNTS = (50, 200, 800)
"""Tensors of the synthetic models: time per tensor should not depend on it."""
MEMORY_MODEL = (16, 1 << 20)
"""Tensors and weights per tensor of the model whose memory is measured."""


@click.command()
@click.argument(
    "part", type=click.Choice([*PARTS, "all", "profile", "equal-quality"]), default="all"
)
@click.option(
    "--peer-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="NNREF_PEER_PYTHON",
    help="Python of an environment with NNCodec 2.1.3; without it nnref is measured alone.",
)
@click.option("--weights", type=click.IntRange(100), default=1 << 22, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--model",
    "model_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A safetensors file, in place of the synthetic models.",
)
@click.option(
    "--model-weights",
    type=click.IntRange(1 << 10),
    default=1 << 24,
    show_default=True,
    help="Weights of the largest file, for memory and linearity.",
)
@click.option(
    "--model-tensors",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    help="Its tensors, of equal size.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with safetensors files, for equal-quality.",
)
@click.option(
    "--sqnr",
    "qualities",
    type=click.FloatRange(1, 100),
    multiple=True,
    default=QUALITIES,
    show_default=True,
    help="dB, for equal-quality. Can be repeated.",
)
@click.option(
    "--measure",
    type=click.Choice(["each", "total"]),
    default="each",
    show_default=True,
    help="Equal SQNR of every weight tensor or of all together, for equal-quality.",
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the results.")
def main(
    part: str,
    peer_python: Path | None,
    weights: int,
    rounds: int,
    model_path: Path | None,
    model_weights: int,
    model_tensors: int,
    data: Path | None,
    qualities: tuple[float, ...],
    measure: Measure,
    json_path: Path | None,
) -> None:
    """Measure speed and memory in rounds paired with NNCodec 2.1.3.

    Times are CPU seconds (of several threads, wall clock) taken inside each process around the
    call; a ratio above 1 means that
    nnref is faster or smaller: the median of the rounds' ratios with the extremes.

    "equal-quality" compares bytes on the networks of --data: with nnref's defaults and NNCodec's
    best setting, the tensors with at least two dimensions at the same SQNR.
    """
    models = [file_model(model_path)] if model_path else map(synthetic_model, TENSOR_COUNTS)
    if part == "profile":
        click.echo(profile_model(list(models)[-1], entries=15))
        return
    if part == "equal-quality" and not (peer_python and data):
        raise click.UsageError("equal-quality needs --peer-python and --data")
    large = Shape(model_tensors, model_weights)
    console, results = Console(), Results()
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, timeout=PEER_TIMEOUT)) if peer_python else None
        tables = {
            "kernels": kernel_tables(weights, rounds, peer),
            "many": many_tables(weights, rounds, peer),
            "model": model_tables(models, rounds, peer),
            "startup": startup_tables(),
            "memory": memory_tables(model_path, peer_python, large),
            "linearity": linearity_tables(large),
        }
        if peer and data:
            tables["equal-quality"] = quality_tables(data, qualities, peer, measure)
        for name in PARTS if part == "all" else (part,):
            add_tables(results, tables[name], console)
    if json_path:
        results.write(json_path)


def add_tables(results: Results, tables: Iterable[Titled], console: Console) -> None:
    """Measure, keep and print; a refusal ends the command with its line."""
    try:
        for title, rows in tables:
            results.add(title, rows, console)
    except NnrError as error:
        raise click.ClickException(f"[{error.id}] {error}") from error


def kernel_tables(weights: int, rounds: int, peer: Peer | None) -> Iterator[Titled]:
    """One tensor at three rates with dependent quantization, and at one without."""
    for dq, rate in SPREADS:
        yield measure_rate(dq, rate, weights, rounds, peer)


def many_tables(weights: int, rounds: int, peer: Peer | None) -> Iterator[Titled]:
    """Few large and many small payloads of as many weights together."""
    for tensors in MANY:
        yield f"{tensors} payloads, {weights} weights", measure_many(tensors, weights, rounds, peer)


def model_tables(models: Iterable[Tensors], rounds: int, peer: Peer | None) -> Iterator[Titled]:
    """Whole models, one table each."""
    for model in models:
        title = f"{len(model)} tensors, {count_weights(model)} weights"
        yield title, measure_model(model, rounds, peer)


def startup_tables() -> Iterator[Titled]:
    """Import and kernels of fresh processes."""
    yield "start-up", measure_startup()


def memory_tables(
    model_path: Path | None, peer_python: Path | None, large: Shape
) -> Iterator[Titled]:
    """Peak memory of one model, beside the peer's, and of a large one."""
    model = file_model(model_path) if model_path else synthetic_model(*MEMORY_MODEL)
    title = f"peak memory, {count_weights(model)} weights"
    yield title, measure_memory(model, peer_python)
    yield f"peak memory, {large}", measure_large_memory(large)


def linearity_tables(largest: Shape) -> Iterator[Titled]:
    """Seconds per weight as size and tensor count grow."""
    yield "CPU time as models grow", measure_growth(largest)


if __name__ == "__main__":
    main()
