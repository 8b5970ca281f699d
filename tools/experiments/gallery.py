"""All pictures of an experiment, by the headings of its report. Those that are there stay."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from nnref.spec.errors import refusal
from nnref.tools.experiments.document import Picture
from nnref.tools.experiments.lnq import Experiment, TestResult, coded_network
from nnref.tools.experiments.pictures import draw_bits, draw_curves, draw_stream
from nnref.tools.experiments.rows import BEST, PUBLISHED

Kind = Literal["svg", "png"]


def gallery(
    results: Sequence[TestResult],
    experiment: Experiment,
    networks: Mapping[str, Path],
    out: Path,
    kind: Kind,
) -> dict[str, list[Picture]]:
    """Curves of every test, and of the middle quality what LNQ made of the layers.

    Streams are kept in `out` as points are. Raises as `draw_layer` and the encoder do.
    """
    found = {}
    for result in results:
        test = f"{result.network}-{100 * result.sparsity:g}"
        words = f"{result.network}, {result.test}"
        folder = out / "pictures" / test
        curves = folder / f"curves.{kind}"
        draw_curves(result, curves)
        found[words] = [Picture(f"{words}: bytes over distortion and metrics over CR", curves)]
        for row in (PUBLISHED, BEST):
            if row in result.points:
                path = out / "streams" / f"{test}-{_plain(row)}.nnr"
                stream = _stream(result, experiment, row, networks[result.network], path)
                drawn = [*_layers(result, experiment, row, stream, folder / _plain(row), kind)]
                found[f"{words}, {row} at {_middle(experiment):g} dB"] = drawn
    return {words: pictures for words, pictures in found.items() if pictures}


def _layers(
    result: TestResult, experiment: Experiment, row: str, stream: bytes, folder: Path, kind: Kind
) -> Iterator[Picture]:
    pictures = [Picture(name, path) for name, path in draw_stream(stream, folder, kind)]
    yield from pictures
    if pictures:
        bits = folder / f"bits.{kind}"
        points = result.points[row][: len(experiment.qualities)]
        draw_bits(points[len(experiment.qualities) // 2]["bits"], bits)
        yield Picture(f"{row}: bits of layers with LNQ by what they say", bits)


def _stream(
    result: TestResult, experiment: Experiment, row: str, network: Path, path: Path
) -> bytes:
    if path.exists():
        return path.read_bytes()
    model = coded_network(network, result.sparsity)
    stream = experiment.rows[row][0].code(model, _middle(experiment)).stream
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stream)
    except OSError as failure:
        raise refusal("file-write", str(failure)) from failure
    return stream


def _middle(experiment: Experiment) -> float:
    return experiment.qualities[len(experiment.qualities) // 2]


def _plain(row: str) -> str:
    return row.replace(" ", "-")
