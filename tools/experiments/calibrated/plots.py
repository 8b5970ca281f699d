"""Plots of the page (extra `experiments`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nnref.tools.experiments.pictures import save, subplots


def curves(lines: Mapping[str, Sequence[tuple[float, float]]], path: Path) -> None:
    """Bytes over distance on logarithmic axes, a point for each pair of positive numbers.

    Raises FileError extra-missing without matplotlib, file-write.
    """
    figure, (axes,) = subplots(1)
    figure.set_size_inches(8, 5)
    for name, line in lines.items():
        axes.plot(*zip(*line, strict=True), marker=".", linewidth=1, label=name)
    axes.set(xscale="log", yscale="log", xlabel="distance", ylabel="bytes")
    axes.grid(visible=True, which="both", linewidth=0.3)
    axes.legend(fontsize="small")
    save(figure, path)


def bits_per_weight(layers: Mapping[str, float], path: Path) -> None:
    """One bar for each layer, the first at the top. Raises as `curves`."""
    figure, (axes,) = subplots(1)
    figure.set_size_inches(8, 1 + 0.2 * len(layers))
    drawn = axes.barh(list(layers), list(layers.values()))
    axes.bar_label(drawn, fmt="%.2f", fontsize="x-small")
    axes.tick_params(axis="y", labelsize="x-small")
    axes.margins(x=0.1, y=0.01)
    axes.invert_yaxis()
    axes.set(xlabel="bits per weight")
    save(figure, path)
