"""SVG or PNG pictures of streams with LNQ and of an experiment's curves (extra `experiments`)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal
from nnref.tools.experiments.curves import best_points
from nnref.tools.experiments.layers import LayerPicture, layer_pictures
from nnref.tools.experiments.lnq import TestResult

_FIXED: Final[dict[Any, Any]] = {"svg.hashsalt": "nnref", "svg.fonttype": "none"}
"""The same figures give the same bytes, with text that can be searched."""
_METADATA: Final = {".svg": {"Date": None}, ".png": {"Software": None}}
"""Nothing that differs from run to run, or from version to version."""
_ELEMENTS: Final = {
    "header": "unit header, qp_delta",
    "map": "lnq_flag, lnq_class",
    "shift parameters": "shift_idx_minus_1",
    "codebooks": "codebooks (15.1.5)",
    "levels": "levels (9.5)",
    "symbols": "symbols (15.1.4)",
}
"""What the parts of an LNQ unit's bits are called in the specification."""
_WIDEST: Final = 60
"""Steps on either side of 0 that a histogram shows."""


def draw_stream(stream: bytes, folder: Path, kind: str = "svg") -> Iterator[tuple[str, Path]]:
    """Name and picture of each layer with LNQ. Raises as `draw_layer`, and NnrError."""
    for number, layer in enumerate(layer_pictures(stream)):
        path = folder / f"layer{number}.{kind}"
        draw_layer(layer, path)
        yield layer.name, path


def draw_layer(layer: LayerPicture, path: Path) -> None:
    """Selection map, histogram of the weights' values, and in published mode of the centroids.

    Raises FileError extra-missing without matplotlib, file-write.
    """
    figure, (chosen, *histograms) = subplots(3 if layer.is_published else 2)
    last = max(1, int(layer.units.max()))
    colours = {"cmap": "viridis", "vmin": 0, "vmax": last}
    drawn = chosen.imshow(layer.units, aspect="auto", interpolation="nearest", **colours)
    figure.colorbar(drawn, ax=chosen, ticks=range(last + 1))
    kind = "lnq_flag" if layer.is_published else "class"
    chosen.set(title=f"{kind} of every unit", xlabel="unit column", ylabel="unit row")
    shown = ((layer.integers, "weights"), (layer.centroids, "centroids"))
    for axes, (integers, what) in zip(histograms, shown, strict=False):
        _histogram(axes, integers, what, layer.fraction_bits)
    figure.suptitle(layer.name)
    save(figure, path)


def draw_bits(bits: Mapping[str, int], path: Path) -> None:
    """Bits of the LNQ units of a stream by what they say. Raises as `draw_layer`."""
    figure, (axes,) = subplots(1)
    axes.barh([_ELEMENTS.get(part, part) for part in bits], list(bits.values()))
    axes.invert_yaxis()
    axes.set(title="bits by syntax element", xlabel="bits")
    save(figure, path)


def draw_curves(result: TestResult, path: Path) -> None:
    """Bytes over distortion, and each metric over CR (the paper's Fig. 8).

    Raises as `draw_layer`.
    """
    figure, all_axes = subplots(1 + len(result.metrics))
    for row, points in result.points.items():
        best = best_points((each["db"], each["weight_bytes"]) for each in points)
        all_axes[0].plot(*zip(*best, strict=True), marker=".", label=row)
        for axes, (metric, _) in zip(all_axes[1:], result.metrics.items(), strict=True):
            reached = sorted(
                (100 * each["bytes"] / each["original_bytes"], each["metrics"][metric])
                for each in points
            )
            axes.plot(*zip(*reached, strict=True), marker=".", label=row)
    all_axes[0].set(xlabel="dB of weights", ylabel="bytes of weight tensors")
    for axes, (metric, before) in zip(all_axes[1:], result.metrics.items(), strict=True):
        axes.axhline(before, color="black", linewidth=0.5)
        axes.set(xlabel="CR %", ylabel=metric, yscale="linear" if before else "log")
    all_axes[0].legend(fontsize="small")
    figure.suptitle(f"{result.network}, {result.test}")
    save(figure, path)


def _histogram(axes: Any, integers: NDArray[np.int32], what: str, fraction_bits: int) -> None:
    fractions = 1 << fraction_bits
    values, counts = np.unique(integers, return_counts=True)
    near = np.abs(values) <= _WIDEST * fractions
    axes.bar(values[near] / fractions, counts[near], width=max(0.2, 1 / fractions))
    axes.set(title=f"{integers.size} {what}", xlabel="steps of the quantizer")
    if integers.size:
        axes.set_yscale("log")


def subplots(count: int) -> tuple[Any, Sequence[Any]]:
    """A figure with so many axes beside each other. Raises FileError extra-missing."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  an extra, and slow to import
    except ImportError:
        detail = "pictures are drawn by matplotlib: pip install 'nnref[experiments]'"
        raise refusal("extra-missing", detail) from None
    figure = Figure(figsize=(5 * count, 4), layout="constrained")
    return figure, figure.subplots(1, count, squeeze=False)[0]


def save(figure: Any, path: Path) -> None:
    """Write a figure; the suffix is the format. Raises FileError file-write."""
    from matplotlib import rc_context  # noqa: PLC0415

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with rc_context(_FIXED):
            figure.savefig(path, metadata=_METADATA[path.suffix])
    except OSError as failure:
        raise refusal("file-write", str(failure)) from failure
