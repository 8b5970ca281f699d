"""Faults against cases: what is killed, by what, and what survives."""

import json
from dataclasses import replace

import pytest

from nnref.conformance.kill import (
    Fault,
    copy_of_decoder,
    kill_all_faults,
    matrix_json,
    matrix_markdown,
)
from nnref.conformance.kill.faults import selected_faults
from nnref.conformance.kill.trial import functions_of, try_case
from nnref.conformance.runner import Verdict, suite_cases
from nnref.spec.errors import UsageError
from nnref.tools.cli import app

NAMES = ("first", "integers", "raw")


@pytest.fixture(scope="module")
def cases(examples):
    return suite_cases([examples[name] for name in NAMES])


@pytest.fixture(scope="module")
def matrix(cases):
    faults = selected_faults(["sign-inverted", "string-latin-1", "flt-big-endian"])
    endless = Fault(
        "endless", "a test", "process.engine", "ArithmeticDecoder.renormalise",
        "while self.range < 256:", "while True:\n            pass\n        while self.range < 256:",
    )  # fmt: skip
    greedy = Fault(
        "greedy", "a test", "process.scan", "matrix_view",
        "rows = dimensions", "bytearray(3 << 30)\n    rows = dimensions",
    )  # fmt: skip
    unexplained = Fault(
        "unexplained", "a test", "process.scan", "effective_scan_order", "rows <= 1", "rows <= 0"
    )
    return kill_all_faults([*faults, endless, greedy, unexplained], cases)


def row(matrix, name):
    return next(one for one in matrix.rows if one.fault.id == name)


def test_fault_is_killed_by_the_verdict_of_a_runner(matrix):
    killed = row(matrix, "sign-inverted")
    assert not killed.survives
    assert killed.killers[0].verdict == Verdict.FAIL
    assert "is" in killed.killers[0].reason


def test_decoder_that_does_not_end_is_stopped(matrix):
    assert row(matrix, "endless").killers[0].verdict == Verdict.HUNG


def test_decoder_that_takes_too_much_memory_is_stopped(matrix):
    assert row(matrix, "greedy").killers[0].verdict == Verdict.CRASHED


def test_only_cases_that_reach_the_fault_are_tried(matrix):
    assert row(matrix, "flt-big-endian").reaching == 0
    assert row(matrix, "sign-inverted").reaching < len(NAMES)


def test_survivors_are_named_and_those_nobody_explains_apart(matrix):
    assert [one.fault.id for one in matrix.survivors] == [
        "flt-big-endian", "string-latin-1", "unexplained",
    ]  # fmt: skip
    assert [one.fault.id for one in matrix.unexplained] == ["string-latin-1", "unexplained"]
    assert matrix.share == pytest.approx(0.5)


def test_page_and_object_say_the_same(matrix):
    page, content = matrix_markdown(matrix), matrix_json(matrix)
    assert "3 of 6 faults (50.0 %)" in page
    assert content["killed"] == 3
    assert len(content["rows"]) == content["faults"] == 6
    for one in content["rows"]:
        assert f"| `{one['id']}` |" in page
    assert json.loads(json.dumps(content)) == content
    assert "lacking" in page


def test_case_that_the_right_decoder_fails_ends_it(cases):
    wrong = replace(cases[0], expected={})
    with pytest.raises(UsageError, match=f"fails the case {cases[0].id}"):
        kill_all_faults([], [wrong])


def test_functions_are_those_of_the_copy(cases):
    found = functions_of(copy_of_decoder(), cases[0])
    assert "process.engine.ArithmeticDecoder.context_bin" in found
    assert all(name.startswith(("process.", "tables.")) for name in found)
    assert try_case(copy_of_decoder(), cases[0], 1.0).verdict == Verdict.PASS


def test_command_shows_what_kills_a_fault(capsys, tmp_path, suite_of_examples):
    page = tmp_path / "matrix.md"
    arguments = ["--suite", str(suite_of_examples), "--markdown", str(page)]
    status = app.run(["conformance", "kill", "sign-inverted", *arguments])
    assert status == 0
    assert "1 of 1 faults killed" in capsys.readouterr().out
    assert "sign-inverted" in page.read_text()
    status = app.run(["conformance", "kill", "unary-bound", *arguments, "--json"])
    out, err = capsys.readouterr()
    assert status == 6
    assert "error[faults-survive]: unary-bound" in err
    assert json.loads(out)["killed"] == 0
