"""`nnref diverge`."""

import json
import shlex

import pytest

from tests.tools.trace.samples import EXAMPLES, only, whole

DEPENDENT = EXAMPLES / "dependent.nnr"
KEYS = [
    *("unit", "unit_type", "tensor", "bin", "weight", "row", "column", "element", "clause"),
    *("field", "expected", "got", "expected_context", "got_context", "trace_line"),
    *("last_bin_with_context", "interval", "cause", "cause_clause"),
]


@pytest.fixture
def written(tmp_path):
    """Writes lines, or events as JSON lines, to a file."""

    def write(lines):
        path = tmp_path / "foreign.trace"
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        path.write_text("".join(f"{text}\n" for text in texts))
        return path

    return write


@pytest.fixture
def wrong(written):
    """A trace whose bin 77 has another context."""
    events = [dict(event) for event in whole("dependent")]
    only(events, "bin")[77]["context"] = 7
    return written(events)


def test_own_trace_is_identical(run, tmp_path):
    path = tmp_path / "own.trace"
    run("trace", DEPENDENT, "--bins", "--json", "-o", path)
    status, out, err = run("diverge", path, DEPENDENT)
    assert (status, err) == (0, "")
    assert out == "identical: 43 elements, 94 bins, 9 levels in 3 units\n"


def test_first_difference_is_named_with_place_and_likely_cause(run, wrong):
    status, out, err = run("diverge", wrong, DEPENDENT)
    assert status == 6
    facts = {line[:9].strip(): line[10:] for line in out.splitlines()}
    assert facts["unit:"] == "2 (NNR_NDU)"
    assert facts["tensor:"] == "w"
    assert facts["weight:"] == "2 (row 0, column 2)"
    assert facts["element:"] == "sig_flag (clause 7.10)"
    assert facts["differs:"] == "bin 77: context is 7, not 4"
    assert "sig_flag (plain, DQ state 1, negative level before)" in facts["expected:"]
    assert "context 7" in facts["got:"]
    assert facts["likely:"].endswith("(clause 10.3)")
    assert err.startswith("nnref: error[trace-diverges]: unit 2 (NNR_NDU), tensor 'w'")
    assert err.count("\n") == 1


def test_json_has_documented_keys(run_json, wrong):
    status, found, _ = run_json("diverge", wrong, DEPENDENT)
    assert status == 6
    assert list(found) == [
        *("schema", "trace", "stream", "identical", "compared"),
        *("difference", "refusal", "commands"),
    ]
    assert (found["schema"], found["identical"]) == ("nnref.diverge/1", False)
    difference = found["difference"]
    assert list(difference) == KEYS
    assert (difference["bin"], difference["weight"], difference["field"]) == (77, 2, "context")
    assert difference["expected"] == only(whole("dependent"), "bin")[77]


def test_suggested_commands_work(run, run_json, wrong):
    _, found, _ = run_json("diverge", wrong, DEPENDENT)
    trace, syntax = (shlex.split(command) for command in found["commands"])
    status, out, _ = run(*trace[1:])
    assert status == 0
    assert any(line.split()[:1] == ["77"] for line in out.splitlines())
    assert run(*syntax[1:])[0] == 0


def test_checkpoints_narrow_down_to_an_interval_and_its_trace_to_the_bin(run, run_json, written):
    _, out, _ = run("trace", DEPENDENT, "--checkpoints", 20, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    only(events, "checkpoint")[2]["contexts"] = "00000000"
    status, found, _ = run_json("diverge", written(events), DEPENDENT)
    assert status == 6
    assert found["difference"]["interval"] == [40, 60]
    command = shlex.split(found["commands"][0])
    assert command[-4:] == ["--from-bin", "40", "--to-bin", "60"]
    status, out, _ = run(*command[1:], "--json")
    bins = only(map(json.loads, out.splitlines()), "bin")
    assert [one["bin"] for one in bins] == list(range(40, 60))
    events = [json.loads(line) for line in out.splitlines()]
    only(events, "bin")[7]["state"] += 1
    _, found, _ = run_json("diverge", written(events), DEPENDENT)
    assert found["difference"]["bin"] == 47


def test_text_of_bins_is_a_trace(run, written):
    values = "".join(str(one["value"]) for one in only(whole("dependent"), "bin"))
    status, out, _ = run("diverge", written([values]), DEPENDENT)
    assert (status, out) == (0, "identical: 94 bins in 1 units\n")
    status, out, _ = run("diverge", written([f"2: {values[:50]}"]), DEPENDENT)
    assert status == 6
    assert "the trace ends before bin 50" in out


@pytest.mark.parametrize(
    ("lines", "headline"),
    [
        ([{"unit": 2, "value": 1, "bin": 200}], "the trace has more: bin 200"),
        ([{"unit": 2, "bins": 500, "range": 256}], "the checkpoint behind 500 bins"),
        ([{"unit": 1, "value": 1}], "the trace has more: a bin"),
        ([{"unit": 0, "event": "element", "element": "x"}], "element nnr_unit_size_flag"),
    ],
)
def test_every_kind_of_difference_has_a_headline(run, written, lines, headline):
    status, out, _ = run("diverge", written(lines), DEPENDENT)
    assert status == 6
    assert headline in out


def test_refused_stream_is_compared_up_to_there(run, written, tmp_path):
    path = tmp_path / "bad.nnr"
    data = bytearray(DEPENDENT.read_bytes())
    data[-1] ^= 0xFF
    data[-2] ^= 0xFF
    path.write_bytes(data)
    _, out, _ = run("trace", path, "--bins", "--json")
    status, out, err = run("diverge", written(out.splitlines()), path)
    assert (status, out[:9]) == (0, "identical")
    assert err.startswith("nnref: warning: the stream is compared up to where it is refused")


def test_what_is_no_trace_is_a_file_error_with_its_line(run, written, tmp_path):
    status, _, err = run("diverge", written(["11", "0 and 1"]), DEPENDENT)
    assert status == 7
    assert err.startswith("nnref: error[trace-syntax]: line 2: ")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert run("diverge", binary, DEPENDENT)[0] == 7
    assert run("diverge", tmp_path / "none", DEPENDENT)[0] == 7


@pytest.mark.parametrize("lines", [[], ['{"event": "note"}']])
def test_trace_with_nothing_of_the_stream_is_not_identical(run, written, lines):
    status, out, err = run("diverge", written(lines), DEPENDENT)
    assert (status, out) == (7, "")
    assert err.startswith("nnref: error[trace-syntax]: nothing of the stream is in the trace")


def test_base_and_dialect_are_passed_on_to_the_suggested_command(run, run_json, written):
    update, base = EXAMPLES / "update-2.nnr", EXAMPLES / "update-1.nnr"
    events = [dict(event) for event in whole("update-2")]
    only(events, "bin")[20]["state"] += 1
    _, found, _ = run_json("diverge", written(events), update, "--base", base)
    assert found["commands"][0].endswith(f"--base {base}")
    assert run(*shlex.split(found["commands"][0])[1:])[0] == 0
