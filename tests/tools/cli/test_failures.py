"""How a run ends: one line, one exit status."""

import json
import os
import sys

import click
import pytest

from nnref.spec.errors import refusal
from nnref.spec.tables.rules import RULES
from nnref.tools.cli.failures import STATUS, exit_status, run_guarded, warn

STATUS_OF_KIND = {
    "usage": 2,
    "malformed": 3,
    "invalid": 3,
    "unsupported": 4,
    "limit": 5,
    "integrity": 6,
    "file": 7,
}


def ended_by(failure, *, as_json=False):
    def invoke():
        raise failure

    return run_guarded(invoke, as_json=as_json)


@pytest.mark.parametrize("rule_id", sorted(RULES.keys() - {"internal-error"}))
def test_exit_status_follows_from_the_kind_of_the_rule(rule_id):
    assert exit_status(refusal(rule_id)) == STATUS_OF_KIND[RULES[rule_id].kind]


def test_every_class_of_error_has_an_exit_status():
    assert set(STATUS) == {type(refusal(rule_id)) for rule_id in RULES}


def test_an_error_is_one_line_with_id_and_place(capsys):
    error = refusal(
        "payload-truncated", "after 3 weights", unit=5, unit_type="NNR_NDU", tensor="a\nb", bit=77
    )
    assert ended_by(error) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("nnref: error[payload-truncated]: unit 5 (NNR_NDU), tensor 'a\\nb'")
    assert "bit 77 (byte 9.5)" in err


def test_control_characters_of_a_detail_do_not_reach_the_terminal(capsys):
    ended_by(refusal("file-format", "x\x1b[31m\u202e\r\ny"))
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "x\\x1b[31m\\u202e\\r\\ny" in err


def test_json_prints_the_error_as_an_object_too(capsys):
    error = refusal("limit-units", "2 is more than max_units = 1", unit=1, bit=8)
    assert ended_by(error, as_json=True) == 5
    out, err = capsys.readouterr()
    assert json.loads(out) == {"schema": "nnref.error/1", "error": error.as_dict()}
    assert err.startswith("nnref: error[limit-units]: ")


def test_unexpected_exception_is_an_internal_error(capsys, monkeypatch):
    monkeypatch.delenv("NNREF_DEBUG", raising=False)
    assert ended_by(ZeroDivisionError("by zero")) == 70
    err = capsys.readouterr().err
    assert err.startswith("nnref: error[internal-error]: ZeroDivisionError: by zero; ")
    assert err.count("\n") == 1


def test_unexpected_exception_keeps_its_traceback_on_request(monkeypatch):
    monkeypatch.setenv("NNREF_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        ended_by(ZeroDivisionError())


@pytest.mark.parametrize(
    ("failure", "status", "rule_id"),
    [
        (MemoryError(), 5, "limit-total-bytes"),
        (OSError(28, "No space left on device"), 7, "file-write"),
        (click.UsageError("no such thing"), 2, "usage"),
    ],
)
def test_failures_of_the_surroundings_get_a_rule(failure, status, rule_id, capsys):
    assert ended_by(failure) == status
    assert capsys.readouterr().err.startswith(f"nnref: error[{rule_id}]: ")


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), click.Abort()])
def test_interruption_is_silent(failure, capsys):
    assert ended_by(failure) == 130
    assert capsys.readouterr() == ("", "")


def test_status_returned_by_a_command_is_the_exit_status():
    assert run_guarded(lambda: 6, as_json=False) == 6
    assert run_guarded(lambda: None, as_json=False) == 0


def test_warning_is_one_line_on_stderr(capsys):
    warn("a\nb")
    assert capsys.readouterr() == ("", "nnref: warning: a\\nb\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_full_output_is_a_file_error(monkeypatch, capsys, tmp_path, as_json):
    class Full:
        def write(self, text):
            return len(text)

        def flush(self):
            raise OSError(28, "No space left on device")

        def fileno(self):
            return nowhere

    nowhere = os.open(tmp_path / "nowhere", os.O_WRONLY | os.O_CREAT)
    monkeypatch.setattr(sys, "stdout", Full())
    assert run_guarded(lambda: None, as_json=as_json) == 7
    os.close(nowhere)
    assert capsys.readouterr().err.startswith("nnref: error[file-write]: [Errno 28] ")


@pytest.mark.parametrize("line", ["inspect X", "encode X -o OUT.nnr", "verify S --against X"])
def test_file_that_may_not_be_read_is_a_file_error(run, stream, tmp_path, monkeypatch, line):
    path = tmp_path / "model.npz"
    path.write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda *_: False)
    words = {"X": path, "S": stream, "OUT.nnr": tmp_path / "out.nnr"}
    status, _, err = run(*(words.get(word, word) for word in line.split()))
    assert "error[usage]" not in err
    assert status in (3, 7)  # the content is at fault: it was read after all
