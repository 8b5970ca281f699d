"""The kit tested with decoders that are wrong: each gets the right verdict and exit status."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from nnref.tools.cli import app

SCRIPT = Path(__file__).with_name("decoders.py")
VALID = {"matrix", "dependent", "integers", "unknown-unit"}
INVALID = {"cut", "no-start"}
FRESH = {"fresh-1", "fresh-2"}
FAILED = 6


def command(suite, how):
    words = [sys.executable, "-I", "-S", str(SCRIPT), str(suite), how]
    return f"{shlex.join(words)} {{stream}} {{out}}"


@pytest.fixture
def run(suite_folder, capsys):
    """Runs one of the bad decoders: (exit status, JSON report, standard error)."""

    def run_one(how, *arguments, suite=suite_folder):
        status = app.run(
            [
                "conformance", "run", "--suite", str(suite), "--decoder", command(suite, how),
                "--seed", "1", "--fresh", "2", "--start-seconds", "5", "--json", *arguments,
            ]
        )  # fmt: skip
        out, err = capsys.readouterr()
        return status, json.loads(out), err

    return run_one


def verdicts(report):
    found = {}
    for result in report["results"]:
        found.setdefault(result["verdict"], set()).add(result["id"])
    return found


def reason(report, name):
    return next(result["reason"] for result in report["results"] if result["id"] == name)


def difference(report, name):
    return next(result["difference"] for result in report["results"] if result["id"] == name)


def test_accept_all_fails_every_invalid_stream(run):
    status, report, err = run("accept-all")
    assert status == FAILED
    assert verdicts(report) == {"pass": VALID, "fail": INVALID | FRESH}
    assert "unit-truncated" in reason(report, "cut")
    assert any("accepts everything" in text for text in report["diagnoses"])
    assert "error[decoder-fails]" in err


def test_reject_all_is_refused_on_every_valid_stream_and_passes_the_invalid_ones(run):
    status, report, _ = run("reject-all")
    assert status == FAILED
    assert verdicts(report) == {"refused": VALID | FRESH, "pass": INVALID}
    assert reason(report, "matrix") == "I refuse: unit 0, bit 17"
    assert any("refuses everything" in text for text in report["diagnoses"])


def test_crash_is_never_a_refusal(run):
    status, report, _ = run("crash")
    assert status == FAILED
    assert verdicts(report) == {"crashed": VALID | INVALID | FRESH}
    assert "SIGSEGV" in reason(report, "cut")


def test_hang_is_stopped_and_named(run):
    status, report, _ = run("hang", "matrix", "--fresh", "0", "--start-seconds", "0.2")
    assert status == FAILED
    assert verdicts(report) == {"hung": {"matrix"}}


def test_echo_of_the_expected_files_fails_the_streams_made_for_the_run(run):
    status, report, err = run("echo")
    assert status == FAILED
    assert verdicts(report) == {"pass": VALID | INVALID, "refused": FRESH}
    assert any("knows the suite" in text for text in report["diagnoses"])
    assert "knows the suite" in err


def test_off_by_one_is_located_with_its_distance(run):
    status, report, _ = run("off-by-one", "--fresh", "0")
    assert status == FAILED
    assert verdicts(report) == {"fail": VALID, "pass": INVALID}
    found = difference(report, "matrix")
    assert found["ulps"] == 1
    assert found["differing"] == 1
    assert found["tensor"] in ("a", "b")
    assert found["index"] == [0] * len(found["index"])
    assert found["value"] != found["expected"]
    assert difference(report, "integers")["ulps"] == 1


def test_wrong_dtype_fails_although_the_bytes_are_right(run):
    status, report, _ = run("wrong-dtype", "--fresh", "0")
    assert status == FAILED
    assert verdicts(report) == {"fail": VALID, "pass": INVALID}
    assert difference(report, "matrix")["value"] == "int32"
    assert difference(report, "matrix")["expected"] == "float32"


def test_missing_tensor_is_named(run):
    status, report, _ = run("missing-tensor", "--fresh", "0")
    assert status == FAILED
    assert verdicts(report) == {"fail": VALID, "pass": INVALID}
    assert reason(report, "integers") == "missing: 'steps'"


@pytest.mark.parametrize("how", ["uncaught", "abort-status"])
def test_exception_that_nobody_catches_is_a_crash(run, how):
    status, report, _ = run(how, "--fresh", "0")
    assert status == FAILED
    assert verdicts(report) == {"crashed": VALID | INVALID}


def test_status_0_without_output_fails_also_on_invalid_streams(run):
    status, report, _ = run("silent", "--fresh", "0")
    assert status == FAILED
    assert verdicts(report) == {"fail": VALID | INVALID}
    assert "wrote no output" in reason(report, "matrix")


def test_decoder_beyond_its_memory_is_stopped(run):
    status, report, _ = run("greedy", "matrix", "--fresh", "0", "--start-memory", "256")
    assert status == FAILED
    assert verdicts(report) == {"crashed": {"matrix"}}


def test_program_that_does_not_exist_ends_the_run(suite_folder, capsys):
    decoder = ["--decoder", "/nonexistent/decoder {stream} {out}"]
    status = app.run(["conformance", "run", "--suite", str(suite_folder), *decoder])
    assert status == 7
    assert "file-not-found" in capsys.readouterr().err


def test_suite_without_cases_is_no_success(tmp_path, capsys):
    status = app.run(["conformance", "run", "--suite", str(tmp_path), "--adapter", "fast"])
    assert status == 7
    assert "no sheets" in capsys.readouterr().err


def test_command_without_a_place_for_bases_does_not_pass(run, chain_suite):
    status, report, _ = run("echo", "--fresh", "0", suite=chain_suite)
    assert status == FAILED
    assert verdicts(report) == {"pass": {"base"}, "not run": {"update"}}
    assert "{bases}" in reason(report, "update")


def test_claims_alone_are_run_and_the_rest_is_named(run, tmp_path):
    claims = tmp_path / "claims.json"
    claims.write_text(
        json.dumps({"schema": "nnref.capabilities/1", "decoder": "echo 1.0", "without": ["dq"]})
    )
    status, report, _ = run("echo", "--fresh", "0", "--capabilities", str(claims))
    assert status == 0
    assert verdicts(report)["not run"] == {"dependent"}
    assert reason(report, "dependent") == "not claimed: dq"
    assert report["decoder"] == "echo 1.0"
