"""The report of `nnref experiment lnq`: means, tables of every network, the paper beside ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, Final

from nnref.spec.errors import refusal
from nnref.tools.experiments import paper
from nnref.tools.experiments.document import Block, Heading, Picture, Table, Text, markdown
from nnref.tools.experiments.equal import Scale, scales
from nnref.tools.experiments.layer_shares import sl_cap
from nnref.tools.experiments.lnq import LOSS, TestResult
from nnref.tools.experiments.operating import smallest_within
from nnref.tools.experiments.page import page
from nnref.tools.experiments.paper_tables import paper_blocks
from nnref.tools.experiments.rows import BEST, URQ

NOTHING: Final = "–"


def write_report(
    results: Sequence[TestResult],
    command: str,
    pictures: Mapping[str, Sequence[Picture]],
    folder: Path,
) -> list[Path]:
    """`report.html`, `report.md` and `points.md`; their paths. Raises FileError file-write.

    `command` is what was run; `pictures`, of files below `folder`, go by their heading.
    """
    tables, points = list(report(results, command)), list(all_points(results))
    drawn = list(_pictures(pictures))
    texts = {
        "report.html": page([*tables, *drawn, *points]),
        "report.md": markdown([*tables, *drawn], folder),
        "points.md": markdown(points, folder),
    }
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as failure:
        raise refusal("file-write", str(failure)) from failure
    return [folder / name for name in texts]


def _pictures(pictures: Mapping[str, Sequence[Picture]]) -> Iterator[Block]:
    for title, drawn in pictures.items():
        yield Heading(title)
        yield from drawn


def report(results: Sequence[TestResult], command: str) -> Iterator[Block]:
    """All tables but those of single points."""
    base = URQ if all(URQ in each.points for each in results) else next(iter(results[0].points))
    yield Heading("Local non-linear quantization", 1)
    yield Text(f"Printed by `{command}`.")
    yield from _means(results, base)
    yield from _shares(results)
    for result in results:
        yield from _network(result, base)
    yield from paper_blocks(results)


def all_points(results: Sequence[TestResult]) -> Iterator[Block]:
    """Every point as it was measured."""
    yield Heading("All points")
    for result in results:
        yield Heading(f"{result.network}, {result.test}: points", 3)
        rows = ((row, each) for row, points in result.points.items() for each in points)
        yield point_table(result, rows)


def point_table(result: TestResult, points: Iterable[tuple[str, Mapping[str, Any]]]) -> Table:
    """Bytes, CR as the paper has it and its inverse, SL, side information, error and metrics."""
    columns = ["row", "bytes", "CR %", "CR x", "SL %", "side %", "weights dB", *result.metrics]
    return Table(columns, [_point(result, row, each) for row, each in points])


def _point(result: TestResult, row: str, each: Mapping[str, Any]) -> list[str]:
    part = each["bytes"] / each["original_bytes"]
    side = each.get("side_bits", 0) / (8 * each["bytes"])
    return [
        row,
        str(each["bytes"]),
        percent(part),
        f"{1 / part:.2f}",
        percent(each["sl"]) if "sl" in each else NOTHING,
        percent(side) if "side_bits" in each else NOTHING,
        f"{each['db']:.2f}",
        *(f"{each['metrics'][name]:.4g}" for name in result.metrics),
    ]


def percent(part: float) -> str:
    """As a number without its sign."""
    return f"{100 * part:.2f}"


def _shares(results: Sequence[TestResult]) -> Iterator[Block]:
    yield Heading("Parameters by layer type (Table 2 of the paper)")
    columns = ["network", "2-D convolution %", "PW & DW %", "FC %", "other %", "cap of SL %"]
    kinds = ("CONVOLUTION", "POINT_OR_DEPTH_WISE", "FULLY_CONNECTED", "OTHER")
    ours = [
        [
            each.network,
            *(percent(each.shares[kind]) for kind in kinds),
            percent(sl_cap(each.shares)),
        ]
        for each in results
        if not each.sparsity
    ]
    theirs = [
        [f"paper: {net.name}", *map(str, net.shares), "0", str(net.shares[0] + net.shares[2])]
        for net in paper.NETWORKS
    ]
    yield Table(columns, [*ours, *theirs])


def _network(result: TestResult, base: str) -> Iterator[Block]:
    yield Heading(f"{result.network}, {result.test}")
    pruned = f"Pruned by {100 * result.sparsity:g} %. " if result.sparsity else ""
    if result.metrics:
        values = ", ".join(f"{name} {value:.5g}" for name, value in result.metrics.items())
        yield Text(f"{pruned}Before coding: {values}.")
    elif pruned:
        yield Text(pruned.strip())
    for scale in scales(result, base):
        if scale.levels:
            yield Text(f"{scale.title}; in brackets the bytes of {base} in parts of them:")
            yield _beside(result, scale, base)
    if result.metrics:
        name = next(iter(result.metrics))
        yield Text(
            f"The smallest measured file of each row that changes {name} by no more than "
            f"{100 * LOSS:g} %:"
        )
        yield point_table(result, smallest_within(result, LOSS).items())
    if result.ablation:
        yield Text("Published mode switch by switch: bytes of codewords, every layer at one SQNR:")
        columns = ["variant", "bytes", "to the first", "SL %", "layers out of reach"]
        yield Table(columns, [*_ablation(result)])


def _beside(result: TestResult, scale: Scale, base: str) -> Table:
    def cell(row: str, level: str) -> str:
        size, other = (scale.bytes_at(result, each, level) for each in (row, base))
        if size is None:
            return NOTHING
        return f"{size:.0f}" if other is None else f"{size:.0f} ({other / size:.3f}x)"

    rows = [[row, *(cell(row, level) for level in scale.levels)] for row in result.points]
    return Table(["row", *scale.levels], rows)


def _ablation(result: TestResult) -> Iterator[list[str]]:
    first = next(iter(result.ablation.values()))
    for name, each in result.ablation.items():
        comparable = each["weights"] == first["weights"] > 0
        ratio = f"{each['bytes'] / first['bytes']:.4f}" if comparable else NOTHING
        selected = each["lnq_weights"] / each["weights"] if each["weights"] else 0.0
        yield [name, str(each["bytes"]), ratio, percent(selected), str(each["missed"])]


def _means(results: Sequence[TestResult], base: str) -> Iterator[Block]:
    """Rows against the base, and against the best of LNQ."""
    yield Heading("Geometric means over networks")
    tests = list(dict.fromkeys(result.test for result in results))
    for test in tests:
        these = [result for result in results if result.test == test]
        for over in dict.fromkeys((base, BEST)):
            if all(over in result.points for result in these):
                yield Text(f"{test}: bytes of {over} in parts of a row's")
                yield _mean_table(these, base, over)


def _mean_table(results: Sequence[TestResult], base: str, over: str) -> Table:
    names = list(dict.fromkeys(s.name for each in results for s in scales(each, base) if s.levels))
    heads = [f"{name}: {place}" for name in names for place in ("low", "middle", "high")]
    rows = [
        [
            row,
            *(_mean(results, base, row, over, name, place) for name in names for place in range(3)),
        ]
        for row in results[0].points
    ]
    return Table(["row", *heads], rows)


def _mean(
    results: Sequence[TestResult], base: str, row: str, over: str, name: str, place: int
) -> str:
    """The geometric mean and of how many networks it is."""
    ratios = []
    for result in results:
        for scale in scales(result, base):
            if scale.name == name and scale.levels:
                level = list(scale.levels)[place]
                size, other = (scale.bytes_at(result, each, level) for each in (row, over))
                ratios += [other / size] if size and other else []
    return f"{prod(ratios) ** (1 / len(ratios)):.4f} ({len(ratios)})" if ratios else NOTHING
