"""Reports: JSON of its schema, JUnit, a page that needs nothing else; what is not run is named."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree

import jsonschema
import pytest

from nnref.conformance.runner import Capabilities, Ending, Outcome, run_cases, write_report
from nnref.conformance.runner.reports import json_text, junit_text, markdown_text, page_text
from nnref.spec.errors import UsageError
from nnref.tools.cli import app

NASTY = "<b>&\"'\x00\x1b"


class Scripted:
    """A decoder that does what it is told, by case."""

    name = "scripted"

    def __init__(self, endings):
        self.endings = endings

    def decode(self, case):
        ending = self.endings.get(case.id, Ending.DECODED)
        return Outcome(ending, case.expected or {}, text=NASTY)

    def close(self):
        pass


@pytest.fixture
def report(cases):
    endings = {
        "cut": Ending.REFUSED,
        "no-start": Ending.CRASHED,
        "integers": Ending.HUNG,
        "unknown-unit": Ending.NOT_RUN,
    }
    return run_cases(
        Scripted(endings), list(cases.values()), capabilities=Capabilities(without=("dq",)), jobs=3
    )


def schema(name):
    return json.loads((files("nnref.conformance") / "schemas" / name).read_text("utf-8"))


def test_not_run_is_no_pass_and_unclaimed_is_named(report):
    assert not report.conforms
    assert [result.case.id for result in report.unclaimed] == ["dependent"]
    assert {result.case.id for result in report.not_passed} == {
        "no-start", "integers", "unknown-unit",
    }  # fmt: skip


def test_nothing_run_does_not_conform(cases):
    claims = Capabilities(profiles=(0,))
    report = run_cases(Scripted({}), list(cases.values()), capabilities=claims)
    assert not report.conforms
    assert report.diagnoses == ["no case was run"]


def test_json_report_obeys_its_schema(report):
    content = json.loads(json_text(report))
    jsonschema.validate(content, schema("run.schema.json"))
    assert content["counts"]["pass"] == 2
    assert sum(content["counts"].values()) == len(content["results"])


def test_capabilities_obey_their_schema():
    claims = Capabilities("mydec", "2", (0,), ("nncodec-2.x",), ("dq",))
    jsonschema.validate(claims.as_dict(), schema("capabilities.schema.json"))


def test_junit_counts_what_it_lists(report):
    root = ElementTree.fromstring(junit_text(report))
    tags = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert tags == {
        "matrix": [], "cut": [], "dependent": ["skipped"], "no-start": ["error"],
        "integers": ["error"], "unknown-unit": ["error"],
    }  # fmt: skip
    valid = next(suite for suite in root if suite.get("name") == "valid")
    assert [valid.get(key) for key in ("tests", "errors", "skipped", "failures")] == list("3110")


class Balanced(HTMLParser):
    VOID = ("meta", "input", "br")

    def __init__(self):
        super().__init__()
        self.open, self.outside = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_whole_needs_nothing_else_and_escapes_what_decoders_say(report):
    text = page_text(report)
    page = Balanced()
    page.feed(text)
    assert not page.open
    assert not page.outside
    assert "<b>&" not in text
    assert "Does not conform: 3 of 6" in text
    for result in report.results:
        assert result.case.id in text


def test_page_of_a_decoder_that_passes_says_so(cases):
    report = run_cases(
        Scripted(dict.fromkeys(("cut", "no-start"), Ending.REFUSED)), [*cases.values()]
    )
    assert "Conforms: all 6 cases passed" in page_text(report)
    claims = Capabilities(without=("dq",))
    scripted = Scripted(dict.fromkeys(("cut", "no-start"), Ending.REFUSED))
    report = run_cases(scripted, [*cases.values()], capabilities=claims)
    assert "Conforms to what it claims" in page_text(report)


def test_reports_are_written_by_their_suffix(suite_folder, tmp_path, capsys):
    paths = [tmp_path / f"r{suffix}" for suffix in (".json", ".xml", ".html", ".md")]
    options = [word for path in paths for word in ("--report", str(path))]
    status = app.run(
        ["conformance", "run", "--adapter", "fast", "--suite", str(suite_folder), *options]
    )
    out, _ = capsys.readouterr()
    assert status == 0
    assert "9 pass" in out  # of the six, three depend on the qp
    assert [path.read_text()[:5] for path in paths] == [
        '{\n "s', "<?xml", "<!doc", "# Con",
    ]  # fmt: skip


def test_markdown_names_what_did_not_pass_and_what_was_not_claimed(report):
    text = markdown_text(report)
    assert "Does not conform: 3 of 6" in text
    for result in report.not_passed:
        assert f"| `{result.case.id}` | {result.verdict} |" in text
    assert "Not claimed, and not run: `dependent`." in text
    assert "\\<b\\>" in text


def test_other_names_of_reports_are_refused(report, tmp_path):
    with pytest.raises(UsageError, match=r"\.html"):
        write_report(report, tmp_path / "report.pdf")


def test_fresh_streams_are_those_of_their_seed(cases):
    from nnref.conformance.runner import fresh_cases

    first, again, other = (fresh_cases(cases.values(), seed, 3) for seed in (1, 1, 2))
    assert [case.stream for case in first] == [case.stream for case in again]
    assert [case.stream for case in first] != [case.stream for case in other]
    known = {case.stream for case in cases.values()}
    assert not known & {case.stream for case in first}
    assert replace(first[0]).id == "fresh-1"
