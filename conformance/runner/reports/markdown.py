"""The report that is kept beside code: a Markdown page with what did not pass."""

from collections import Counter
from collections.abc import Iterable, Iterator

from nnref.conformance.runner.reports.page import headline
from nnref.conformance.runner.run import Report
from nnref.conformance.runner.verdict import Result, Verdict


def markdown_text(report: Report) -> str:
    """Counts, features, and one line for every case that did not pass."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    content = report.as_dict()
    yield f"# Conformance of {_cell(report.decoder)}"
    yield ""
    yield f"{headline(report)} Run on {report.date[:10]} with nnref {content['nnref']},"
    yield f"suite {report.suite_sha256[:12]}, seed {report.seed}, {report.seconds:.0f} s."
    yield ""
    yield "| " + " | ".join(verdict.value for verdict in Verdict) + " |"
    yield "|" + "---|" * len(Verdict)
    yield "| " + " | ".join(str(count) for count in report.counts.values()) + " |"
    for text in report.diagnoses:
        yield f"\nNote: {_cell(text)}."
    kinds = dict.fromkeys(result.case.kind for result in report.results)
    features = sorted({name for result in report.results for name in result.case.features})
    yield from _counted("kind", kinds, report)
    yield from _counted("feature", features, report)
    yield from _not_passed(report)
    yield from _unclaimed(report)


def _counted(head: str, names: Iterable[str], report: Report) -> Iterator[str]:
    yield ""
    yield f"| {head} | " + " | ".join(verdict.value for verdict in Verdict) + " |"
    yield "|---|" + "---|" * len(Verdict)
    for name in names:
        found = Counter(
            r.verdict for r in report.results if name in (r.case.kind, *r.case.features)
        )
        cells = " | ".join(str(found[verdict] or "") for verdict in Verdict)
        yield f"| {name} | {cells} |"


def _not_passed(report: Report) -> Iterator[str]:
    if report.not_passed:
        yield ""
        yield "## What did not pass"
        yield ""
        yield "| case | verdict | what happened |"
        yield "|---|---|---|"
        yield from map(_row, report.not_passed)


def _unclaimed(report: Report) -> Iterator[str]:
    if report.unclaimed:
        names = ", ".join(f"`{result.case.id}`" for result in report.unclaimed)
        yield ""
        yield f"Not claimed, and not run: {names}."


def _row(result: Result) -> str:
    return f"| `{result.case.id}` | {result.verdict} | {_cell(result.reason)} |"


def _cell(text: str) -> str:
    """On one line, with nothing that Markdown takes for its own."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return "".join(f"\\{c}" if c in "\\|<>*_`" else c for c in printable)
