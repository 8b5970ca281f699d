"""`nnref experiment methods`: every method of clause 15 beside the standard's tools.

A row's settings are its own; what rows are compared at is the loss of the task metric, and the
distortion of the weights, between the best points of each (`curves`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any, Final

from nnref.spec.errors import UsageError
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.document import table
from nnref.tools.experiments.equal import equal_distortion, equal_loss
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.layer_shares import layer_shares
from nnref.tools.experiments.lnq import TestResult
from nnref.tools.experiments.measuring import Metrics, measure
from nnref.tools.experiments.method_rows import Setting
from nnref.tools.experiments.rows import DQ

LOSSES: Final = (0.005, 0.01, 0.02, 0.05)
"""Of the task metric, relative."""
DISTORTIONS: Final = (8.0, 12.0, 16.0)
"""dB of the weights."""
_NOTHING: Final = "–"

Tell = Callable[[str], None]


def measured(
    network: str,
    path: Path,
    rows: Mapping[str, Sequence[Setting]],
    journal: Journal,
    metrics: Metrics | None = None,
    command: str = "",
    tell: Tell = lambda _: None,
) -> TestResult:
    """A network with every setting of every row; `command` is part of a point's key.

    A setting that does not suit the network leaves no point. Raises as `measure` does.
    """
    model = file_model(path)
    key = {"model": sha256(path.read_bytes()).hexdigest(), "evaluate": command}

    def point(what: Mapping[str, Any], value: Callable[[], Values]) -> Values:
        tell(f"{network}: {' '.join(str(each) for each in what.values())}")
        return journal.point({**key, **what}, value)

    own = point({"row": "uncoded"}, lambda: metrics(model) if metrics is not None else {})
    points = {
        row: [
            {"words": setting.words, **values}
            for setting in settings
            if (
                values := point(
                    {"row": row, "setting": setting.words, "sqnr": setting.sqnr},
                    partial(_measured, setting, model, metrics),
                )
            )
        ]
        for row, settings in rows.items()
    }
    held = {row: values for row, values in points.items() if values}
    return TestResult(network, "as it is", 0.0, layer_shares(model), own, held)


def _measured(setting: Setting, model: Tensors, metrics: Metrics | None) -> Values:
    """Nothing where the encoder refuses the setting."""
    try:
        return measure(setting.method, model, setting.sqnr, metrics)
    except UsageError:
        return {}


def markdown(
    results: Sequence[TestResult], command: str, pictures: Mapping[str, str] | None = None
) -> str:
    """All tables; `command` is what was run, `pictures` are paths beside the report by network."""
    parts = ["# All methods side by side", f"Printed by `{command}`."]
    parts += _equal(results, "loss of the first task metric", LOSSES, equal_loss, _percent)
    parts += _equal(results, "distortion of the weights", DISTORTIONS, equal_distortion, _decibels)
    for result in results:
        parts += _network(result)
        if result.network in (pictures or {}):
            parts.append(f"![{result.network}]({(pictures or {})[result.network]})")
    return "\n\n".join(parts) + "\n"


def _equal(
    results: Sequence[TestResult],
    of_what: str,
    places: Sequence[float],
    size: Callable[[TestResult, str, float], float | None],
    words: Callable[[float], str],
) -> Iterator[str]:
    """Bytes of DQ in parts of a row's: how many times smaller a row is, network by network."""
    yield f"## Bytes of {DQ} over those of a row, at equal {of_what}"
    names = list(dict.fromkeys(row for result in results for row in result.points))
    for place in places:
        yield f"At {words(place)}:"
        lines = []
        for row in names:
            ratios = [_ratio(result, row, place, size) for result in results]
            known = [ratio for ratio in ratios if ratio is not None]
            mean = f"{prod(known) ** (1 / len(known)):.3f} ({len(known)})" if known else _NOTHING
            lines.append([row, *map(_number, ratios), mean])
        yield table(["row", *(each.network for each in results), "geometric mean (of)"], lines)


def _ratio(
    result: TestResult,
    row: str,
    place: float,
    size: Callable[[TestResult, str, float], float | None],
) -> float | None:
    if row not in result.points or DQ not in result.points:
        return None
    own, base = size(result, row, place), size(result, DQ, place)
    return None if own is None or base is None else base / own


def _network(result: TestResult) -> Iterator[str]:
    yield f"## {result.network}"
    names = list(result.metrics)[:2]
    if names:
        values = ", ".join(f"{name} {result.metrics[name]:.6g}" for name in names)
        yield f"Before coding: {values}."
    lines = []
    for row, points in result.points.items():
        for each in points:
            part = each["bytes"] / each["original_bytes"]
            numbers = [f"{each['metrics'][name]:.6g}" for name in names]
            figures = [f"{100 * part:.2f}", f"{1 / part:.2f}", f"{each['db']:.2f}", *numbers]
            seconds = f"{each['seconds']:.1f}"
            lines.append([row, each["words"], str(each["bytes"]), *figures, seconds])
    columns = ["row", "setting", "bytes", "CR %", "CR x", "weights dB", *names, "encode s"]
    yield table(columns, lines)


def _number(ratio: float | None) -> str:
    return _NOTHING if ratio is None else f"{ratio:.3f}"


def _percent(loss: float) -> str:
    return f"{100 * loss:g} %"


def _decibels(place: float) -> str:
    return f"{place:g} dB"
