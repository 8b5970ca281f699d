"""The result of a run: counts per direction, divergences, defects; as table, JSON or Markdown."""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from nnref.conformance.interop.comparison import Outcome, Verdict
from nnref.conformance.interop.defects import DEFECTS, Direction


@dataclass
class Report:
    """Outcomes of random models, and of the models that provoke the known defects."""

    versions: dict[str, str]
    models: int
    chains: int
    tools: int
    seed: int
    outcomes: list[Outcome] = field(default_factory=list)
    provoked: list[tuple[str, Outcome]] = field(default_factory=list)
    """With the id of the defect the model was made for."""

    @property
    def diverged(self) -> list[Outcome]:
        """What no known defect explains; the run failed if there is any."""
        everything = [*self.outcomes, *(outcome for _, outcome in self.provoked)]
        return [o for o in everything if o.verdict is Verdict.DIVERGED]

    def counts(self, direction: Direction) -> Counter[Verdict]:
        """Random models by verdict."""
        return Counter(o.verdict for o in self.outcomes if o.direction is direction)

    def as_dict(self) -> dict[str, Any]:
        """The whole report as JSON values."""
        return {
            "versions": self.versions,
            "models": self.models,
            "chains": self.chains,
            "tools": self.tools,
            "seed": self.seed,
            "counts": {
                d.name.lower(): {v.value: self.counts(d)[v] for v in Verdict} for d in Direction
            },
            "differences": [_row(o) for o in self.outcomes if o.verdict is not Verdict.IDENTICAL],
            "provoked": [{"made_for": made_for} | _row(o) for made_for, o in self.provoked],
            "defects": {d.id: d.text for d in DEFECTS},
        }


def _row(outcome: Outcome) -> dict[str, str]:
    return {
        "direction": outcome.direction.name.lower(),
        "case": outcome.case,
        "verdict": outcome.verdict.value,
        "reason": outcome.reason,
        "defect": outcome.defect,
    }


def print_report(report: Report, console: Console) -> None:
    """The tables a person reads."""
    title = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    counts = Table("direction", "cases", *(v.value for v in Verdict), title=title)
    for direction in Direction:
        counts.add_row(*_count_cells(report, direction))
    console.print(counts)
    defects = Table("model made to show a defect", "direction", "verdict", "what happened")
    for made_for, o in report.provoked:
        defects.add_row(made_for, o.direction.value, o.verdict.value, o.reason)
    console.print(defects)
    for outcome in _differences(report.outcomes):
        why = f" [{outcome.defect}]" if outcome.defect else ""
        line = f"{outcome.case}, {outcome.direction.value}: {outcome.reason}{why}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def markdown(report: Report) -> str:
    """The dated results page."""
    today = datetime.now(UTC).date().isoformat()
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    lines = [
        "# Interoperability with NNCodec 2.1.3",
        "",
        f"Printed by `python -m nnref.conformance.interop --models {report.models} "
        f"--chains {report.chains} --tools {report.tools} --seed {report.seed} "
        f"--markdown RESULTS.md` on {today} ({platform.machine()}; {versions}).",
        "",
        "| direction | cases | identical | explained | diverged |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(_count_cells(report, d))} |" for d in Direction),
        "",
        "A case is a model, or a base with 2 to 5 updates. Identical means equal names, order,",
        "dtypes, shapes and bytes, of an update chain in every stream; in the third row, equal",
        "streams. Explained differences fall under one of the defects below; what is left of such",
        "a model without the tensors that the defect acts on is compared as one more model.",
        "",
        "## Defects of NNCodec 2.1.3 that a run meets",
        "",
        *(f"- **{d.id}**: {d.text}." for d in DEFECTS),
        "",
        "| model made to show | direction | verdict | what happened |",
        "|---|---|---|---|",
        *(
            f"| {made_for} | {o.direction.value} | {o.verdict.value} | {o.reason} |"
            for made_for, o in report.provoked
        ),
        "",
        "## Coding tools",
        "",
        "Coded tensors are compared as they are coded (`as_coded`, NNCodec's functions below",
        "`decompress`), composed weights where it says so. P-05 and its like are entries of annex",
        "C of the specification; a case counts as explained only if the entry's symptom shows, and",
        "as diverged if an entry that it was made for does not show.",
        "",
        "| tool | nnref encodes, NNCodec decodes | NNCodec encodes, nnref decodes |",
        "|---|---|---|",
        *_tool_rows(report.outcomes),
        "",
        "## Differences among the random models and chains",
        "",
        *(_explained_lines(report.outcomes) or ["None."]),
    ]
    return "\n".join(lines) + "\n"


def _explained_lines(outcomes: Iterable[Outcome]) -> list[str]:
    reasons = Counter((o.direction, o.defect or f"**unexplained**: {o.reason}")
                      for o in _differences(outcomes))  # fmt: skip
    return [f"- {d.value}: {count} by {why}" for (d, why), count in reasons.items()]


def _tool_rows(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Per tool what became of its cases, both ways."""
    directions = (Direction.OUR_TOOLS, Direction.PEER_TOOLS)
    found: dict[str, dict[Direction, Counter[str]]] = {}
    for outcome in outcomes:
        if outcome.direction in directions:
            tool = outcome.case.rsplit(" ", 1)[0]
            counts = found.setdefault(tool, {each: Counter() for each in directions})
            verdict = f"{outcome.verdict.value} {outcome.defect}".rstrip()
            counts[outcome.direction][verdict] += 1
    for tool, by_direction in found.items():
        cells = [", ".join(f"{n} {v}" for v, n in by_direction[d].items()) for d in directions]
        yield f"| {tool} | {' | '.join(cell or '-' for cell in cells)} |"


def _differences(outcomes: Iterable[Outcome]) -> list[Outcome]:
    different = [o for o in outcomes if o.verdict is not Verdict.IDENTICAL]
    return sorted(different, key=lambda o: o.verdict is not Verdict.DIVERGED)


def _count_cells(report: Report, direction: Direction) -> list[str]:
    counts = report.counts(direction)
    return [direction.value, str(counts.total()), *(str(counts[v]) for v in Verdict)]
