"""The tables of `nnref experiment lnq` as Markdown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any, Final

from nnref.tools.experiments import paper
from nnref.tools.experiments.curves import Point, bytes_at, bytes_within
from nnref.tools.experiments.layer_shares import sl_cap
from nnref.tools.experiments.lnq import TestResult

_NOTHING: Final = "–"
_SHOWN: Final = 2
"""Metrics of a network that are shown; an evaluation may say more, its time for example."""
_LOSSES: Final = (0.005, 0.01, 0.02)
"""Of the task metric, relative: the paper's is 2 %."""


def markdown(
    results: Sequence[TestResult],
    base: str,
    command: str,
    pictures: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """All tables; `base` is the row that ratios are of, `command` what was run.

    `pictures` are paths beside the report by what they show.
    """
    parts = ["# Local non-linear quantization", f"Printed by `{command}`."]
    parts += _shares(results)
    for result in results:
        parts += _network(result, base)
    parts += [*_geometric_means(results, base), *_paper_tables()]
    for title, paths in (pictures or {}).items():
        parts += [f"## Pictures: {title}", *(f"![{path}]({path})" for path in paths)]
    return "\n\n".join(parts) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; its first column is text, the others are numbers."""
    head = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    return "\n".join("| " + " | ".join(row) + " |" for row in [*head, *rows])


def equal_distortion(result: TestResult, row: str, db: float) -> float | None:
    """Bytes of a row's weight tensors at a distortion in dB (`weight_quality`)."""
    return bytes_at(_curve(result, row), db)


def equal_loss(result: TestResult, row: str, loss: float) -> float | None:
    """Bytes of a row's files at a relative loss of the first task metric."""
    return bytes_within(_losses(result, row), loss)


def _curve(result: TestResult, row: str) -> list[Point]:
    return [(each["db"], each["weight_bytes"]) for each in result.points[row]]


def _losses(result: TestResult, row: str) -> list[Point]:
    metric = next(iter(result.metrics), None)
    if metric is None:
        return []
    before = result.metrics[metric]
    return [
        (abs(each["metrics"][metric] - before) / abs(before), each["bytes"])
        for each in result.points[row]
        if before
    ]


def _title(result: TestResult) -> str:
    test = f"Test 2, {100 * result.sparsity:g} % pruned" if result.sparsity else "Test 1"
    return f"{result.network}, {test}"


def _shares(results: Sequence[TestResult]) -> Iterator[str]:
    yield "## Parameters by layer type (Table 2)"
    columns = ["network", "2-D convolution %", "PW & DW %", "FC %", "other %", "cap of SL %"]
    ours = [
        [result.network, *map(_percent, _by_type(result)), _percent(sl_cap(result.shares))]
        for result in results
        if not result.sparsity
    ]
    theirs = [
        [f"paper: {net.name}", *map(str, net.shares), "0", str(net.shares[0] + net.shares[2])]
        for net in paper.NETWORKS
    ]
    yield table(columns, [*ours, *theirs])


def _by_type(result: TestResult) -> list[float]:
    kinds = ("CONVOLUTION", "POINT_OR_DEPTH_WISE", "FULLY_CONNECTED", "OTHER")
    return [result.shares[kind] for kind in kinds]


def _network(result: TestResult, base: str) -> Iterator[str]:
    yield f"## {_title(result)}"
    if result.metrics:
        values = ", ".join(f"{name} {result.metrics[name]:.6g}" for name in _shown(result))
        yield f"Before coding: {values}."
    names = _shown(result)
    columns = ["row", "bytes", "CR %", "CR x", "SL %", "side %", "weights dB", *names]
    yield table(columns, _point_rows(result, names))
    qualities = _common_qualities(result)
    if qualities:
        yield f"Bytes of weight tensors at equal distortion, and {base} in parts of them:"
        heads = [f"{db:.1f} dB" for db in qualities]
        rows = [
            [row, *(_beside(result, row, base, db) for db in qualities)] for row in result.points
        ]
        yield table(["row", *heads], rows)
    if names:
        yield f"Bytes of files at equal loss of {names[0]} (relative, the sign left out):"
        rows = [
            [row, *(_bytes(equal_loss(result, row, loss)) for loss in _LOSSES)]
            for row in result.points
        ]
        yield table(["row", *(f"{100 * loss:g} %" for loss in _LOSSES)], rows)
    if result.ablation:
        yield "Published mode switch by switch, codewords at equal SQNR of every layer:"
        yield table(["variant", "bytes", "to the first", "SL %", "missed"], _ablation(result))


def _shown(result: TestResult) -> list[str]:
    return list(result.metrics)[:_SHOWN]


def _point_rows(result: TestResult, names: Sequence[str]) -> Iterator[list[str]]:
    for row, points in result.points.items():
        for each in points:
            part = each["bytes"] / each["original_bytes"]
            side = each.get("side_bits", 0) / (8 * each["bytes"])
            yield [
                row,
                str(each["bytes"]),
                _percent(part),
                f"{1 / part:.2f}",
                _percent(each["sl"]) if "sl" in each else _NOTHING,
                _percent(side) if "side_bits" in each else _NOTHING,
                f"{each['db']:.2f}",
                *(f"{each['metrics'][name]:.6g}" for name in names),
            ]


def _common_qualities(result: TestResult) -> list[float]:
    """Qualities of the first row that are between measured points of all rows, less a little."""
    curves = [[db for db, _ in _curve(result, row)] for row in result.points]
    low, high = max(map(min, curves)), min(map(max, curves))
    return [low + part * (high - low) for part in (0.1, 0.5, 0.9)] if low < high else []


def _beside(result: TestResult, row: str, base: str, db: float) -> str:
    size, other = equal_distortion(result, row, db), equal_distortion(result, base, db)
    return _NOTHING if size is None or other is None else f"{size:.0f} ({other / size:.3f}x)"


def _ablation(result: TestResult) -> Iterator[list[str]]:
    first = next(iter(result.ablation.values()))
    for name, each in result.ablation.items():
        comparable = each["weights"] == first["weights"] > 0
        ratio = f"{each['bytes'] / first['bytes']:.4f}" if comparable else _NOTHING
        selected = each["lnq_weights"] / each["weights"] if each["weights"] else 0.0
        yield [name, str(each["bytes"]), ratio, _percent(selected), str(each["missed"])]


def _geometric_means(results: Sequence[TestResult], base: str) -> Iterator[str]:
    yield f"## Geometric means over networks: bytes of {base} in parts of a row's"
    for pruned in (False, True):
        these = [result for result in results if bool(result.sparsity) == pruned]
        rows = [[row, *_means(these, row, base)] for row in (these[0].points if these else ())]
        yield f"Test {1 + pruned}, equal distortion, low, middle and high quality:"
        yield table(["row", "low", "middle", "high"], rows)


def _means(results: Sequence[TestResult], row: str, base: str) -> Iterator[str]:
    for place in range(3):
        ratios = []
        for result in results:
            qualities = _common_qualities(result)
            if qualities:
                size = equal_distortion(result, row, qualities[place])
                other = equal_distortion(result, base, qualities[place])
                ratios += [other / size] if size and other else []
        yield f"{prod(ratios) ** (1 / len(ratios)):.4f}" if ratios else _NOTHING


def _paper_tables() -> Iterator[str]:
    yield "## The paper (Tables 3 to 6)"
    columns = ["network", "test", "Deep Compression CR %", "anchor CR %", "LNQ CR %", "SL %"]
    yield table([*columns, "printed", "by the CRs"], _paper_rows())
    rows = [
        [net.name, f"{net.performance_gain:.2f}x", f"{net.sl_gain:.2f}x"] for net in paper.NETWORKS
    ]
    yield table(["network", "CR of Test 1 to Test 2", "SL of Test 2 to Test 1"], rows)
    yield "Why ours are other figures:"
    yield "\n".join(f"- {reason}" for reason in paper.REASONS)


def _paper_rows() -> Iterator[list[str]]:
    for net in paper.NETWORKS:
        for name, test in (("1", net.original), ("2", net.pruned)):
            deep: Any = _NOTHING if test.deep_compression is None else test.deep_compression
            figures = (deep, test.anchor, test.lnq, test.sl)
            yield [
                net.name,
                name,
                *map(str, figures),
                f"{test.printed:.2f}x",
                f"{test.ratio:.3f}x",
            ]


def _percent(part: float) -> str:
    return f"{100 * part:.2f}"


def _bytes(size: float | None) -> str:
    return _NOTHING if size is None else f"{size:.0f}"
