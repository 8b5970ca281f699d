"""The report for people: one HTML file that needs nothing else."""

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Final

from nnref.conformance.runner.run import Report
from nnref.conformance.runner.verdict import Result, Verdict

_SHORT_HASH: Final = 12
_WORDS: Final = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.REFUSED: "refused although valid",
    Verdict.CRASHED: "crashed",
    Verdict.HUNG: "hung",
    Verdict.NOT_RUN: "not run",
}


def page_text(report: Report) -> str:
    """The whole page."""
    assets = files("nnref.conformance.runner.reports")
    style = (assets / "page.css").read_text(encoding="utf-8")
    script = (assets / "page.js").read_text(encoding="utf-8")
    title = f"Conformance of {report.decoder}"
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"{body}\n<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    yield f"<header><p>NNR (ISO/IEC 15938-17), conformance suite of nnref {_version(report)}</p>"
    yield f"<h1>{escape(report.decoder)}</h1>"
    yield f'<p class="headline {_tone(report)}">{escape(headline(report))}</p></header>'
    yield from _diagnoses(report)
    yield '<section class="tiles">'
    yield from (_tile(report, verdict) for verdict in Verdict)
    yield "</section>"
    yield from _open_questions(report)
    yield from _by_feature(report)
    yield from _all_cases(report)
    yield from _facts(report)


def headline(report: Report) -> str:
    """The result in one sentence."""
    run, total = report.run, len(report.results)
    if report.conforms and not report.unclaimed:
        return f"Conforms: all {total} cases passed."
    if report.conforms:
        return f"Conforms to what it claims: all {run} cases passed, {total - run} are not claimed."
    return f"Does not conform: {len(report.not_passed)} of {total} cases did not pass."


def _version(report: Report) -> str:
    return escape(str(report.as_dict()["nnref"]))


def _tone(report: Report) -> str:
    return "good" if report.conforms else "bad"


def _diagnoses(report: Report) -> Iterator[str]:
    for text in report.diagnoses:
        yield f'<p class="diagnosis">Note: {escape(text)}.</p>'


def _tile(report: Report, verdict: Verdict) -> str:
    count = report.counts[verdict]
    state = "empty" if count == 0 else _css(verdict)
    return f'<div class="tile {state}"><b>{count}</b>{_WORDS[verdict]}</div>'


def _css(verdict: Verdict) -> str:
    return verdict.value.replace(" ", "-")


def _open_questions(report: Report) -> Iterator[str]:
    if not report.not_passed:
        return
    yield "<section><h2>What did not pass</h2><table>"
    yield "<thead><tr><th>case</th><th>verdict</th><th>what happened</th><th>clauses</th></tr>"
    yield "</thead><tbody>"
    for result in report.not_passed:
        clauses = ", ".join(result.case.clauses)
        yield (
            f"<tr><td><code>{escape(result.case.id)}</code><br>{escape(result.case.title)}</td>"
            f"<td>{_badge(result.verdict)}</td><td>{escape(result.reason)}</td>"
            f"<td>{escape(clauses)}</td></tr>"
        )
    yield "</tbody></table></section>"


def _badge(verdict: Verdict) -> str:
    return f'<span class="badge {_css(verdict)}">{verdict.value}</span>'


def _by_feature(report: Report) -> Iterator[str]:
    features = sorted({feature for one in report.results for feature in one.case.features})
    if not features:
        return
    yield "<section><h2>By feature</h2><table><thead><tr><th>feature</th><th>passed</th>"
    yield "<th>did not pass</th><th>not claimed</th><th></th></tr></thead><tbody>"
    for feature in features:
        yield _feature_row(feature, [r for r in report.results if feature in r.case.features])
    yield "</tbody></table></section>"


def _feature_row(feature: str, results: list[Result]) -> str:
    passed = sum(result.verdict == Verdict.PASS for result in results)
    against = sum(result.counts_against for result in results)
    rest = len(results) - passed - against
    parts = (("pass", passed), ("fail", against), ("not-run", rest))
    bar = "".join(f'<i class="{name}" style="flex:{n}"></i>' for name, n in parts if n)
    numbers = "".join(f'<td class="number">{n}</td>' for n in (passed, against, rest))
    return f'<tr><td>{escape(feature)}</td>{numbers}<td><div class="bar">{bar}</div></td></tr>'


def _all_cases(report: Report) -> Iterator[str]:
    yield "<section><h2>All cases</h2>"
    yield '<p class="filters"><label>show <select id="verdict"><option value="">all</option>'
    yield "".join(f'<option value="{_css(v)}">{v.value}</option>' for v in Verdict)
    yield '</select></label> <label>with <input id="text" placeholder="id, feature, clause">'
    yield "</label></p>"
    yield '<table id="cases"><thead><tr><th>case</th><th>kind</th><th>verdict</th>'
    yield "<th>features</th><th>seconds</th></tr></thead><tbody>"
    yield from map(_case_row, report.results)
    yield "</tbody></table></section>"


def _case_row(result: Result) -> str:
    case = result.case
    reason = f"<br><small>{escape(result.reason)}</small>" if result.reason else ""
    searched = " ".join([case.id, case.title, *case.features, *case.clauses])
    return (
        f'<tr data-verdict="{_css(result.verdict)}" data-text="{escape(searched.lower())}">'
        f"<td><code>{escape(case.id)}</code><br>{escape(case.title)}{reason}</td>"
        f"<td>{escape(case.kind)}</td><td>{_badge(result.verdict)}</td>"
        f"<td>{escape(', '.join(sorted(case.features)))}</td>"
        f'<td class="number">{result.seconds:.2f}</td></tr>'
    )


def _facts(report: Report) -> Iterator[str]:
    claims = report.capabilities
    content = report.as_dict()
    facts = {
        "version of the decoder": claims.version or "not told",
        "profiles claimed": _listed(claims.profiles),
        "dialects claimed": _listed(claims.dialects),
        "features not claimed": _listed(claims.without) or "none",
        "suite": f"{len(report.results)} cases, {report.suite_sha256[:_SHORT_HASH]}",
        "seed of the fresh streams": str(report.seed),
        "date": report.date,
        "machine": str(content["machine"]),
        "time": f"{report.seconds:.1f} s, {report.jobs} at a time",
    }
    yield "<section><h2>This run</h2><dl>"
    yield from (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    yield "</dl><p>Not ISO/IEC 15938-18: the streams are those of nnref. A pass says that this"
    yield "decoder gave the expected tensors, bit by bit, for every stream it was run on.</p>"
    yield "</section>"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
