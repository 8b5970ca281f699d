"""The tables and curves of `nnref experiment video`, with the figures of the text beside ours."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from nnref.tools.experiments.document import Block, Heading, Items, Picture, Table, Text
from nnref.tools.experiments.journal import Values
from nnref.tools.experiments.pictures import save, subplots
from nnref.tools.experiments.video import ORIGINAL, TEXT, best_within, bits_of_weight, saved

Results = Mapping[str, Sequence[Values]]

LOSS: Final = 0.03
"""The text's accuracy loss is less than 3 %."""
_NOTHING: Final = "–"
_RIVALS: Final = "filters"
_PUBLISHED: Final = (
    ("ImageNet, Places365: HEVC of FC layers", "76", "< 3"),
    ("ResNet: HEVC", "76", "less than the others'"),
    ("ResNet: filters pruned, not retrained (ThiNet, NFP)", "35", "more"),
)
"""All figures that the text has: per cent of the size saved, per cent of accuracy lost."""
REASONS: Final = (
    "The text's networks, ImageNet and Places365 are not to be had; ours are smaller. It names no "
    "QP, no bits per weight and not which layers are in its 76 %: hence both readings.",
    "76 % of binary32 is 7.7 bits for each weight. That is what integers of 8 bits take without "
    "loss, in pictures or in any other way: trained weights look like noise, and there is little "
    "that a picture predicts from the one beside it.",
    "Where other layers stay binary32, the size that is saved is bounded by the part that is fully "
    "connected.",
    "What is saved beyond that is saved by the quantizer of the pictures. The standard's own, "
    "without pictures, takes fewer bytes at the same distortion: the rows DQ. At an equal loss of "
    "the metric pictures may take fewer, where neighbouring weights are alike, as those of pixels.",
    "The rivals' rows are ours: filters of least magnitude are left out, nothing is retrained; "
    "those that the next layer loses are not counted.",
)


def blocks(results: Results, command: str, pictures: Mapping[str, Path]) -> Iterator[Block]:
    """The report; `pictures` are the curves by network."""
    yield Heading("Video-coded weights (text 000)", 1)
    yield Text(f"Printed by `{command}`.")
    yield Heading("The text's rows")
    yield Table(["text", "saved %", "accuracy lost %"], _PUBLISHED)
    yield Text(
        "Ours, with the change of the first metric; the last three columns are the smallest points "
        f"of a curve with a relative change of at most {100 * LOSS:g} %."
    )
    yield Table(*_text_rows(results))
    yield Text("Why ours are other figures:")
    yield Items(REASONS)
    yield Heading("All points")
    yield Text(
        "Bits are those of a weight, in pictures or not; seconds are processor time on one thread."
    )
    for network, points in results.items():
        yield Heading(network, 3)
        share = f"{100 * points[0]['fc']:.1f} % of its numbers are in fully connected layers"
        before = ", ".join(f"{name} {value:.6g}" for name, value in points[0]["metrics"].items())
        yield Text(f"{share}. {before}".strip())
        yield Table(*_points(points))
        if network in pictures:
            yield Picture(network, pictures[network])


def _text_rows(results: Results) -> tuple[list[str], list[list[str]]]:
    series = ("all pictures", _RIVALS, "DQ")
    columns = ["network", "FC %"]
    for row in TEXT:
        columns += [f"{row.words}: saved %", "change"]
    columns += [f"{name}: saved %" for name in series]
    lines = []
    for network, points in results.items():
        line = [network, f"{100 * points[0]['fc']:.1f}"]
        for row in TEXT:
            point = next((each for each in points if each["row"] == row.words), None)
            line += [_saved(point), _change(points[0], point)]
        line += [_saved(best_within(points, name, LOSS)) for name in series]
        lines.append(line)
    return columns, lines


def _points(points: Sequence[Values]) -> tuple[list[str], list[list[str]]]:
    names = [name for name in list(points[0]["metrics"])[:2] if _varies(points, name)]
    columns = ["row", "bytes", "CR %", "CR x", "saved %", "bits", "weights dB", *names]
    columns += ["encode s", "decode s"]
    lines = []
    for point in points:
        part = point["bytes"] / point["original_bytes"]
        line = [point["row"], str(point["bytes"]), f"{100 * part:.2f}", f"{1 / part:.2f}"]
        line += [_saved(point), f"{bits_of_weight(point):.2f}", f"{point['db']:.2f}"]
        line += [f"{point['metrics'][name]:.6g}" for name in names]
        line += [_seconds(point, name) for name in ("encode_s", "decode_s")]
        lines.append(line)
    return columns, lines


def _varies(points: Sequence[Values], name: str) -> bool:
    """Whether a metric says something: some evaluations name the number of their samples, too."""
    return len({point["metrics"][name] for point in points}) > 1


def draw(points: Sequence[Values], path: Path) -> None:
    """Quality of the weights, and the first metric, over bits of a weight: a curve for each series.

    Raises FileError extra-missing without matplotlib, file-write.
    """
    metric = next(iter(points[0]["metrics"]), None)
    figure, all_axes = subplots(1 if metric is None else 2)
    for series in dict.fromkeys(each["series"] for each in points if each["row"] != ORIGINAL.words):
        own = sorted((p for p in points if p["series"] == series), key=bits_of_weight)
        bits = [bits_of_weight(point) for point in own]
        all_axes[0].plot(bits, [point["db"] for point in own], marker=".", label=series)
        if metric is not None:
            worth = [point["metrics"][metric] for point in own]
            all_axes[1].plot(bits, worth, marker=".", label=series)
    all_axes[0].set(xlabel="bits per weight", ylabel="dB of weights")
    all_axes[0].legend(fontsize="x-small")
    if metric is not None:
        all_axes[1].axhline(points[0]["metrics"][metric], color="black", linewidth=0.5)
        all_axes[1].set(xlabel="bits per weight", ylabel=metric)
    save(figure, path)


def _saved(point: Values | None) -> str:
    return _NOTHING if point is None else f"{100 * saved(point):.1f}"


def _change(before: Values, after: Values | None) -> str:
    if after is not None:
        for name, value in [*before["metrics"].items()][:1]:
            return f"{after['metrics'][name] - value:+.3f}"
    return _NOTHING


def _seconds(point: Values, name: str) -> str:
    return f"{point[name]:.2f}" if name in point else _NOTHING
