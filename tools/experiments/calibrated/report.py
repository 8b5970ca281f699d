"""The report of `nnref experiment calibrated`, as blocks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from nnref.codec.model import atomic_write
from nnref.tools.experiments.calibrated import plots
from nnref.tools.experiments.calibrated.compared import (
    SIZES,
    frontier,
    geometric_mean,
    levels,
    nearest,
    ratios,
    size_at,
)
from nnref.tools.experiments.calibrated.experiment import LEVELS, Result
from nnref.tools.experiments.calibrated.rows import CALIBRATED, SINGLE
from nnref.tools.experiments.document import Block, Heading, Items, Picture, Table, Text, markdown
from nnref.tools.experiments.page import page

_NOTHING: Final = "–"
_SHOWN: Final = 0.01
"""The distance of whose nearest point layers and metrics are shown."""

_METHOD: Final = (
    "Distance: the mean Kullback-Leibler divergence of the outputs from those of the original, in "
    "nats; of restoration networks the mean square of the difference in parts of that of the "
    "network's own correction. Of the points of a setting those count that no smaller one "
    "undercuts in distance; between them bytes are interpolated on lines of the logarithms of "
    "bytes and distance, and beyond them nothing is said. Of the settings of a row the best one "
    "counts at every distance.",
    "A ratio is the bytes of a row by those of the calibrated row at the same distance. Of several "
    "seeds of calibration inputs their geometric mean is given, and the smallest and the largest "
    "in brackets. Rows of one point are compared at their own distance.",
    "NNCodec URQ and NNCodec best DQ are given two ways to choose steps, one for all weights and "
    "one SQNR for all, and best DQ the search for context parameters on and off and lambda 0 and "
    "0.8. Rows of integers and of GGUF-like blocks count numbers and scales alone; their tensors "
    "with one dimension stay binary32.",
)


def write_report(
    results: Sequence[Result], command: str, missing: Sequence[str], folder: Path
) -> list[Path]:
    """`report.html`, and `report.md` without its plots; their paths.

    `command` is what was run, `missing` are networks of the data that were not. Raises FileError
    extra-missing without matplotlib, file-write.
    """
    blocks = report(results, command, missing, folder / "pictures")
    tables = [block for block in blocks if not isinstance(block, Picture)]
    texts = {"report.html": page(blocks), "report.md": markdown(tables, folder)}
    for name, text in texts.items():
        with atomic_write(folder / name) as file:
            file.write(text.encode())
    return [folder / name for name in texts]


def report(
    results: Sequence[Result], command: str, missing: Sequence[str], pictures: Path
) -> list[Block]:
    """All blocks; plots are written to the folder `pictures`. Raises as `write_report`."""
    rows = list(dict.fromkeys(row for result in results for row in result.points))
    words = [f"Printed by `{command}`.", *_METHOD]
    blocks: list[Block] = [Heading("Calibrated encoding", 1), *map(Text, words)]
    for of in SIZES:
        blocks += _means(results, rows, of)
    for result in results:
        blocks += _network(result, pictures)
    return blocks + list(_failures(results, missing))


def _means(results: Sequence[Result], rows: Sequence[str], of: str) -> Iterator[Block]:
    yield Heading(f"Geometric means of ratios, {SIZES[of]}")
    yield Text(
        f"Over the networks of which both rows have bytes at the distance (their number after the "
        f"ratio): {', '.join(result.network for result in results)}."
    )
    swept = [row for row in rows if row not in SINGLE and row != CALIBRATED]
    table = [[row, *(_mean(results, row, level, of) for level in LEVELS)] for row in swept]
    yield Table(["row", *(f"at {level:g}" for level in LEVELS)], table)
    single = [row for row in rows if row in SINGLE]
    if single:
        table = [[row, _mean(results, row, None, of)] for row in single]
        yield Table(["row", "at its own distance"], table)


def _mean(results: Sequence[Result], row: str, level: float | None, of: str) -> str:
    by_network = [
        ratios(result, row, each, of)
        for result in results
        for each in (levels(result, row) if level is None else [level])
    ]
    by_network = [found for found in by_network if found]
    if not by_network:
        return _NOTHING
    common = set.intersection(*(set(found) for found in by_network))
    each_seed = [geometric_mean([found[seed] for found in by_network]) for seed in common]
    every = geometric_mean([geometric_mean(list(found.values())) for found in by_network])
    return f"{_spread(every, each_seed)} n={len(by_network)}"


def _spread(mean: float, numbers: Sequence[float]) -> str:
    if len(numbers) < 2:
        return f"{mean:.2f}"
    return f"{mean:.2f} ({min(numbers):.2f}–{max(numbers):.2f})"


def _network(result: Result, pictures: Path) -> Iterator[Block]:
    yield Heading(result.network)
    before = ", ".join(f"{name} {value:.6g}" for name, value in result.metrics.items())
    yield Text(f"{result.weights} numbers. Inputs: {result.inputs}. Original: {before}.")
    lines = _curves(result)
    if lines:
        path = pictures / f"{result.network}.svg"
        plots.curves(lines, path)
        yield Picture("bytes over distance", path)
    swept = [row for row in result.points if row not in SINGLE]
    heads = [f"{level:g}" for level in LEVELS]
    yield Text("Bytes of whole files at equal distance, and their ratio to the calibrated row:")
    yield Table(["row", *heads], [[row, *(_at(result, row, d) for d in LEVELS)] for row in swept])
    yield from _single(result)
    yield Text(f"The points nearest to distance {_SHOWN:g} of every row:")
    yield Table(*_operating_points(result))
    yield from _layers(result, pictures / f"{result.network}-layers.svg")


def _curves(result: Result) -> dict[str, list[tuple[float, float]]]:
    """By row, the points that no other of all settings and seeds undercuts."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for row, points in result.points.items():
        best = frontier((point["distance"], point["bytes"]) for point in points)
        lines[row] = [(distance, float(size)) for distance, size in best if distance > 0]
    return {row: line for row, line in lines.items() if line}


def _at(result: Result, row: str, distance: float) -> str:
    size = size_at(result, row, distance)
    if size is None:
        return _NOTHING
    found = list(ratios(result, row, distance).values())
    return f"{size:.0f}" + (f" ({_spread(geometric_mean(found), found)}x)" if found else "")


def _single(result: Result) -> Iterator[Block]:
    rows = []
    for row in (row for row in result.points if row in SINGLE):
        (point,) = result.points[row]
        found = list(ratios(result, row, point["distance"]).values())
        ratio = f"{_spread(geometric_mean(found), found)}x" if found else _NOTHING
        rows.append([row, str(point["bytes"]), f"{point['distance']:.3g}", ratio])
    if rows:
        yield Table(["row of one point", "bytes", "distance", "ratio"], rows)


def _operating_points(result: Result) -> tuple[list[str], list[list[str]]]:
    names = [name for name in result.metrics if name != "n"]
    columns = ["row", "setting", "bytes", "distance", *names, "seconds", "the same in NNCodec"]
    rows = []
    for row in result.points:
        point = nearest(result, row, _SHOWN)
        rows.append(
            [
                row,
                point["setting"] or _NOTHING,
                str(point["bytes"]),
                f"{point['distance']:.3g}",
                *(f"{point['metrics'][name]:.6g}" for name in names),
                f"{point['seconds']:.1f}",
                _same(result, row),
            ]
        )
    return columns, rows


def _same(result: Result, row: str) -> str:
    """How many of the streams of a row NNCodec decodes to the same numbers."""
    said = [point["peer"] for point in result.points[row] if point.get("peer") is not None]
    same = sum(not words for words in said)
    return f"{same} of {len(said)} streams" if said else _NOTHING


def _layers(result: Result, path: Path) -> Iterator[Block]:
    if not result.points.get(CALIBRATED):
        return
    point = nearest(result, CALIBRATED, _SHOWN)
    bits = {name: 8 * size / result.layers[name] for name, size in point["layers"].items()}
    plots.bits_per_weight(bits, path)
    words = f"{CALIBRATED}, seed {point['seed']}, distance {point['distance']:.3g}"
    yield Picture(f"Bits per weight of every layer: {words}", path)
    yield Text(f"Bits per weight of layers with {words}: {_quantiles(bits)}.")


def _quantiles(bits: Mapping[str, float]) -> str:
    order = sorted(bits, key=lambda name: bits[name])
    shown = {"least": order[0], "middle": order[len(order) // 2], "most": order[-1]}
    return ", ".join(f"{word} {bits[name]:.2f} ({name})" for word, name in shown.items())


def _failures(results: Sequence[Result], missing: Sequence[str]) -> Iterator[Block]:
    yield Heading("What fails")
    words = [f"{name}: not run." for name in missing]
    for result in results:
        words += [f"{result.network}: {what}: {why}" for what, why in result.failures.items()]
        words += _losses(result)
        if result.left_out:
            names = ", ".join(result.left_out)
            words.append(f"{result.network}: no product is seen of {names}: not calibrated.")
        for row in result.points:
            bad = [point["peer"] for point in result.points[row] if point.get("peer")]
            words += [f"{result.network}: {row} in NNCodec: {each}" for each in bad]
    yield Items(words) if words else Text("Nothing.")


def _losses(result: Result) -> Iterator[str]:
    """Where the calibrated row takes more bytes than another, or has none to compare."""
    for level in LEVELS:
        if size_at(result, CALIBRATED, level) is None:
            yield f"{result.network}: {CALIBRATED} has no point beside distance {level:g}."
    for row in result.points:
        for level in levels(result, row):
            found = list(ratios(result, row, level).values())
            if row != CALIBRATED and found and geometric_mean(found) < 1:
                ratio = geometric_mean(found)
                yield f"{result.network}: {row} is smaller at distance {level:.3g}: {ratio:.2f}x."
