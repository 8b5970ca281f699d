"""A report counts by direction, fails on unexplained differences alone, and prints all of them."""

import json

from rich.console import Console

from nnref.conformance.interop.comparison import Outcome, Verdict
from nnref.conformance.interop.defects import Direction
from nnref.conformance.interop.report import Report, markdown, print_report

GOOD = Outcome(Direction.SAME_BYTES, "model 0", Verdict.IDENTICAL)
EXCUSED = Outcome(Direction.SAME_BYTES, "model 1", Verdict.EXPLAINED, "byte 3", "some-defect")
BAD = Outcome(Direction.PEER_TO_OURS, "model 2", Verdict.DIVERGED, "[1] of 4 values")


def report(*outcomes: Outcome, provoked=()) -> Report:
    return Report({"nnref": "0"}, 3, 4, 6, 5, list(outcomes), list(provoked))


def test_only_an_unexplained_difference_fails_the_run():
    assert report(GOOD, EXCUSED).diverged == []
    assert report(GOOD, BAD).diverged == [BAD]


def test_provoked_difference_that_nothing_explains_fails_the_run():
    assert report(GOOD, provoked=[("some-defect", BAD)]).diverged == [BAD]
    assert report(GOOD, provoked=[("some-defect", EXCUSED)]).diverged == []


def test_json_holds_counts_by_direction_and_every_difference():
    values = json.loads(json.dumps(report(GOOD, EXCUSED, BAD).as_dict()))
    assert values["counts"]["same_bytes"] == {"identical": 1, "explained": 1, "diverged": 0}
    assert values["counts"]["ours_to_peer"] == {"identical": 0, "explained": 0, "diverged": 0}
    assert [d["case"] for d in values["differences"]] == ["model 1", "model 2"]


def test_table_shows_the_divergence_before_the_excuse():
    console = Console(width=160)
    with console.capture() as captured:
        print_report(report(EXCUSED, BAD), console)
    text = captured.get()
    assert text.index("[1] of 4 values") < text.index("byte 3")


def test_markdown_names_the_command_and_flags_what_is_unexplained():
    page = markdown(report(GOOD, EXCUSED, BAD))
    assert "--models 3 --chains 4 --tools 6 --seed 5" in page
    assert "| same settings, same bytes | 2 | 1 | 1 | 0 |" in page
    assert "**unexplained**: [1] of 4 values" in page


def test_markdown_counts_every_tool_both_ways():
    ours, theirs = Direction.OUR_TOOLS, Direction.PEER_TOOLS
    page = markdown(
        report(
            Outcome(ours, "low rank 4", Verdict.EXPLAINED, "KeyError", "P-10"),
            Outcome(ours, "low rank 17", Verdict.EXPLAINED, "KeyError", "P-10"),
            Outcome(theirs, "low rank 4", Verdict.IDENTICAL),
            Outcome(ours, "raw tensor 9", Verdict.IDENTICAL),
        )
    )
    assert "| low rank | 2 explained P-10 | 1 identical |" in page
    assert "| raw tensor | 1 identical | - |" in page
