"""The report that continuous-integration servers read: JUnit XML."""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from nnref.conformance.runner.run import Report
from nnref.conformance.runner.verdict import Result, Verdict

_ERRORS: Final = (Verdict.CRASHED, Verdict.HUNG)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: Report) -> str:
    """One suite per kind of case; not run is `skipped`, and an `error` where it was to be run."""
    root = Element("testsuites", name=_clean(f"nnref conformance: {report.decoder}"))
    for kind in dict.fromkeys(result.case.kind for result in report.results):
        _add_suite(root, kind, [one for one in report.results if one.case.kind == kind], report)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_suite(root: Element, kind: str, results: list[Result], report: Report) -> None:
    suite = SubElement(root, "testsuite", name=kind, timestamp=report.date)
    for result in results:
        _add_case(suite, result)
    suite.set("tests", str(len(results)))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{sum(result.seconds for result in results):.3f}")


def _add_case(suite: Element, result: Result) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=f"nnref.conformance.{result.case.kind}",
        name=result.case.id,
        time=f"{result.seconds:.3f}",
    )
    if result.verdict != Verdict.PASS:
        message = _clean(f"{result.verdict.value}: {result.reason}")
        SubElement(case, _tag(result), message=message).text = _clean(result.case.title)


def _tag(result: Result) -> str:
    if not result.claimed:
        return "skipped"
    return "error" if result.verdict in (*_ERRORS, Verdict.NOT_RUN) else "failure"


def _clean(text: str) -> str:
    """Without the characters that XML has no way to write."""
    return _NOT_XML.sub("?", text)
