"""Tables 3 to 6 and Fig. 8 of the paper, with our networks below its own."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from nnref.tools.experiments import paper
from nnref.tools.experiments.document import Block, Heading, Items, Table, Text
from nnref.tools.experiments.lnq import LOSS, TestResult
from nnref.tools.experiments.operating import smallest_within
from nnref.tools.experiments.rows import BEST, DEEP_COMPRESSION, PUBLISHED, URQ

_NOTHING: Final = "–"
_ROWS: Final = (DEEP_COMPRESSION, URQ, PUBLISHED, BEST)
"""Of ours: the paper's three, its anchor being uniform quantization, and what LNQ can be."""


def paper_blocks(results: Sequence[TestResult]) -> Iterator[Block]:
    """The paper's figures as printed, ours as measured, and why they differ."""
    yield Heading("The paper beside ours")
    yield Text(
        "Tables 3 and 4: CR in % and as a ratio, SL, and the anchor's bytes in parts of LNQ's. "
        "Ours are the smallest measured files that change the task metric by no more than "
        f"{100 * LOSS:g} %."
    )
    columns = ["network", "test", DEEP_COMPRESSION, "anchor (ours: URQ)", PUBLISHED, "SL %"]
    columns += ["over anchor", BEST, "over anchor"]
    yield Table(columns, [*_printed(), *_ours(results)])
    yield Text("Tables 5 and 6: gains of Test 1 and Test 2, and Test 2 in parts of Test 1:")
    columns = ["network", "Test 1", "Test 2", "CR, Test 2 to 1", "SL, Test 2 to 1"]
    yield Table(columns, [*_printed_gains(), *_our_gains(results)])
    yield Text(
        "Fig. 8, the accuracy of VGG-16 over CR, is a picture without numbers; ours are the curves "
        "of every network."
    )
    yield Text("Why the figures are others:")
    yield Items(paper.REASONS)


def _printed() -> Iterator[list[str]]:
    for net in paper.NETWORKS:
        for name, test in (("1", net.original), ("2", net.pruned)):
            deep = _NOTHING if test.deep_compression is None else _ratio(test.deep_compression)
            figures = [deep, _ratio(test.anchor), _ratio(test.lnq), f"{test.sl:.1f}"]
            gain = f"{test.printed:.2f}x (by the CRs {test.ratio:.3f}x)"
            yield [f"paper: {net.name}", name, *figures, gain, _NOTHING, _NOTHING]


def _ours(results: Sequence[TestResult]) -> Iterator[list[str]]:
    for result in results:
        found = _found(result)
        if found:
            crs = {
                row: _ratio(100 * _cr(found[row])) if row in found else _NOTHING for row in _ROWS
            }
            sl = f"{100 * found[PUBLISHED]['sl']:.1f}" if PUBLISHED in found else _NOTHING
            yield [
                result.network,
                result.test.removeprefix("Test "),
                *(crs[row] for row in _ROWS[:3]),
                sl,
                _times(_gain(found, PUBLISHED)),
                crs[BEST],
                _times(_gain(found, BEST)),
            ]


def _printed_gains() -> Iterator[list[str]]:
    for net in paper.NETWORKS:
        gains = (net.original.printed, net.pruned.printed, net.performance_gain, net.sl_gain)
        yield [f"paper: {net.name}", *map(_times, gains)]


def _our_gains(results: Sequence[TestResult]) -> Iterator[list[str]]:
    originals = {result.network: _found(result) for result in results if not result.sparsity}
    for result in results:
        before, after = originals.get(result.network, {}), _found(result)
        if result.sparsity and PUBLISHED in before and PUBLISHED in after:
            first, second = before[PUBLISHED], after[PUBLISHED]
            yield [
                f"{result.network}, {result.test}",
                _times(_gain(before, PUBLISHED)),
                _times(_gain(after, PUBLISHED)),
                _times(_cr(first) / _cr(second)),
                _times(second["sl"] / first["sl"] if first["sl"] else None),
            ]


def _found(result: TestResult) -> dict[str, dict[str, Any]]:
    return smallest_within(result, LOSS) if result.metrics else {}


def _cr(point: dict[str, Any]) -> float:
    part: float = point["bytes"] / point["original_bytes"]
    return part


def _gain(found: dict[str, dict[str, Any]], row: str) -> float | None:
    both = URQ in found and row in found
    return found[URQ]["bytes"] / found[row]["bytes"] if both else None


def _ratio(cr: float) -> str:
    return f"{cr:.2f} ({100 / cr:.1f}x)"


def _times(ratio: float | None) -> str:
    return _NOTHING if ratio is None else f"{ratio:.2f}x"
