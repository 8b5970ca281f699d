"""The tables and curves of `nnref experiment lowrank`, with the figures of the text beside ours."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from nnref.tools.experiments.document import Block, Heading, Items, Picture, Table, Text
from nnref.tools.experiments.journal import Values
from nnref.tools.experiments.low_rank import ONE_LAYER, ORIGINAL, TWO_LAYERS
from nnref.tools.experiments.pictures import save, subplots

Results = Mapping[str, Sequence[Values]]

_NOTHING: Final = "–"
TEXT: Final = {
    ORIGINAL.words: (692, 100, 38.95, 100),
    ONE_LAYER.words: (495, 72, 38.93, 94),
    TWO_LAYERS.words: (341, 49, 38.92, 83),
}
"""Tables 1 and 2 of the text: KB, % of them, PSNR in dB (the original's is printed as 39.95, but
losses as 0.02 to 0.03 dB), % of the running time."""
REASONS: Final = (
    "The text's network, its sequences and its `.mat` files are not to be had. Its 692, 495 and "
    "341 KB do not follow from ranks of 32 and 24: two layers of one size save 197, then 154 KB, "
    "although the second one has the lower rank. Ours are 4 bytes a number.",
    "The two layers are more than half of the text's file. Where a network has more layers, size "
    "and time fall by less.",
    "The text loses 0.03 dB at half the rank. Kernels that are not of low rank lose more, as "
    "nothing is trained again; dB of the weights tell which they are.",
    "The text's time is that of a whole network, in software that it does not name. Ours is that "
    "of the convolutions in torch: two small layers touch more memory than one, so that time falls "
    "by less than multiplications do.",
)


def blocks(
    results: Results,
    command: str,
    pictures: Mapping[str, Path],
    again: Sequence[Values] = (),
) -> Iterator[Block]:
    """The report; `pictures` are the curves by network, `again` points of the retrained one."""
    yield Heading("Low-rank kernels (text 001)", 1)
    yield Text(f"Printed by `{command}`.")
    yield Heading("The text's rows")
    yield Text(
        "Rank 32 of 64 channels in the second layer, 24 in the third; in ours the same parts of "
        "the channels. Nothing is coded: numbers are binary32. Metrics are changes of the first "
        "one, times those of the convolutions alone."
    )
    yield Table(*_text_rows(results))
    yield Text("Why ours are other figures:")
    yield Items(REASONS)
    yield Heading("All points")
    yield Text(
        "O, C and R are the sizes of the original, of the file and of the network in memory, with "
        "factors kept or multiplied, in kB. MACs are those of a sample at stride 1."
    )
    for network, points in results.items():
        yield Heading(network, 3)
        before = points[0]["metrics"]
        if before:
            yield Text(", ".join(f"{name} {value:.6g}" for name, value in before.items()))
        yield Table(*_points(points))
        if network in pictures:
            yield Picture(network, pictures[network])
    if again:
        yield Heading("Retrained: the demo's network")
        yield Text(
            "Every convolution as two, trained as such; coded at 30 dB with the rank that it was "
            "trained with. The last column is the network as it was, coded at 30 dB."
        )
        yield Table(*_retrained(again))


def _retrained(points: Sequence[Values]) -> tuple[list[str], list[list[str]]]:
    columns = ["numbers %", "C/O %", "top-1 before", "factored", "retrained", "DQ: C/O %"]
    rows = []
    for point in points:
        worth = (f"{100 * point[name]:.2f}" for name in ("before", "factored", "retrained"))
        size = _percent(point, "bytes", "original_bytes")
        plain = _percent(point, "dq_bytes", "original_bytes")
        rows.append([f"{100 * point['part']:g}", size, *worth, plain])
    return columns, rows


def _text_rows(results: Results) -> tuple[list[str], list[list[str]]]:
    columns = ["row", "text: KB", "size %", "PSNR", "time %"]
    for network in results:
        columns += [f"{network}: size %", "metric", "time %"]
    rows = []
    for words, published in TEXT.items():
        size, part, psnr, time = published
        row = [words, str(size), str(part), f"{psnr:.2f}", str(time)]
        for points in results.values():
            point = next((each for each in points if each["row"] == words), None)
            if point is None:
                row += [_NOTHING] * 3
                continue
            row += [_percent(point, "kept_bytes", "original_bytes"), _change(points[0], point)]
            row.append(_time(points[0], point))
        rows.append(row)
    return columns, rows


def _change(before: Values, after: Values) -> str:
    for name, value in before["metrics"].items():
        return f"{after['metrics'][name] - value:+.3f}"
    return _NOTHING


def _points(points: Sequence[Values]) -> tuple[list[str], list[list[str]]]:
    names = list(points[0]["metrics"])[:2]
    columns = ["row", "layers", "ranks", "O", "C", "C/O %", "R kept", "R multiplied"]
    columns += ["MACs %", "time %", "weights dB", *names]
    rows = []
    for point in points:
        ranks = list(point["ranks"].values())
        between = f"{min(ranks)}..{max(ranks)}" if ranks else _NOTHING
        row = [point["row"], str(len(ranks)), between]
        row += [_kilobytes(point["original_bytes"]), _kilobytes(point["bytes"])]
        row += [_percent(point, "bytes", "original_bytes")]
        row += [_kilobytes(point["kept_bytes"]), _kilobytes(point["original_bytes"])]
        row += [_percent(point, "macs", "original_macs"), _time(points[0], point)]
        row += [f"{point['db']:.2f}"]
        row += [f"{point['metrics'][name]:.6g}" for name in names]
        rows.append(row)
    return columns, rows


def draw(points: Sequence[Values], path: Path) -> None:
    """The first metric, or dB of the weights without any, over bytes: a curve for each series.

    Raises FileError extra-missing without matplotlib, file-write.
    """
    figure, (axes,) = subplots(1)
    metric = next(iter(points[0]["metrics"]), None)
    for series in dict.fromkeys(point["series"] for point in points[1:]):
        own = sorted((p for p in points if p["series"] == series), key=lambda p: int(p["bytes"]))
        sizes = [100 * p["bytes"] / p["original_bytes"] for p in own]
        worth = [p["db"] if metric is None else p["metrics"][metric] for p in own]
        axes.plot(sizes, worth, marker=".", label=series)
    if metric is not None:
        axes.axhline(points[0]["metrics"][metric], color="black", linewidth=0.5)
    axes.set(xlabel="C/O %", ylabel=metric or "dB of weights", xscale="log")
    axes.legend(fontsize="small")
    save(figure, path)


def _percent(point: Values, part: str, whole: str) -> str:
    return f"{100 * point[part] / point[whole]:.1f}" if point.get(whole) else _NOTHING


def _time(before: Values, after: Values) -> str:
    """In %, rounded as two measurements of the same differ; of no convolutions there is none."""
    whole = before.get("seconds")
    return f"{100 * after['seconds'] / whole:.0f}" if whole else _NOTHING


def _kilobytes(count: int) -> str:
    return f"{count / 1000:.1f}"
