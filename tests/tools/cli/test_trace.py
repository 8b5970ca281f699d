"""`nnref trace`."""

import json

import pytest

from tests.tools.trace.samples import EXAMPLES, only, whole

DEPENDENT = EXAMPLES / "dependent.nnr"


def events(out):
    return [json.loads(line) for line in out.splitlines()]


def test_elements_are_shown_with_bit_length_descriptor_clause_and_value(run):
    status, out, err = run("trace", DEPENDENT)
    assert (status, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["152", "4", "ue(1)", "7.8.6", "count_tensor_dimensions", "=", "2"] in rows
    assert ["unit", "2", "NNR_NDU", "byte", "12,", "20", "bytes"] in rows
    assert "sig_flag" not in out


def test_bins_are_shown_with_context_state_and_registers(run):
    _, out, _ = run("trace", DEPENDENT, "--bins")
    rows = [line.split() for line in out.splitlines()]
    bin_ = only(whole("dependent"), "bin")[76]
    names = ("bin", "weight", "context", "state", "range", "offset", "shifts", "value")
    assert [*(str(bin_[name]) for name in names), "abs_level_greater_x[1]"] in rows
    assert ["1", "level", "-2,", "DQ", "state", "2"] in rows
    assert "qp_delta = -8, clause 7.3.2" in out
    assert out.splitlines()[-1] == "end of stream, 3 units"


def test_json_lines_are_the_trace(run):
    status, out, _ = run("trace", DEPENDENT, "--bins", "--json")
    assert status == 0
    assert events(out)[1:] == whole("dependent")[1:]
    assert events(out)[0]["stream"] == str(DEPENDENT)
    assert events(out)[0]["schema"] == "nnref.trace/1"


def test_trace_is_written_to_a_file(run, tmp_path):
    _, out, _ = run("trace", DEPENDENT, "--bins")
    path = tmp_path / "trace.txt"
    assert run("trace", DEPENDENT, "--bins", "-o", path) == (0, "", "")
    assert path.read_text() == out


def test_interval_and_checkpoints(run):
    _, out, _ = run("trace", DEPENDENT, "--bins", "--from-bin", 10, "--to-bin", 12, "--json")
    assert [one["bin"] for one in only(events(out), "bin")] == [10, 11]
    _, out, _ = run("trace", DEPENDENT, "--checkpoints", 40, "--json")
    assert [one["bins"] for one in only(events(out), "checkpoint")] == [40, 80]
    _, out, _ = run("trace", DEPENDENT, "--checkpoints", 40)
    assert "behind 80 bins: range " in out


def test_tensor_and_unit_are_selected(run):
    path = EXAMPLES / "layer-parameters.nnr"
    _, out, _ = run("trace", path, "--bins", "--json", "--tensor", "b")
    assert {one.get("tensor") for one in only(events(out), "bin")} == {"b"}
    (unit,) = only(events(out), "unit")
    _, out, _ = run("trace", path, "--json", "--unit", unit["unit"])
    assert only(events(out), "unit") == [unit]
    assert run("trace", path, "--tensor", "none")[0] == 2


def test_update_is_traced_behind_its_base(run):
    update, base = EXAMPLES / "update-2.nnr", EXAMPLES / "update-1.nnr"
    status, out, err = run("trace", update, "--bins")
    assert status == 3
    assert "refused: base-missing" in out
    assert err.startswith("nnref: error[base-missing]")
    assert run("trace", update, "--bins", "--base", base)[0] == 0


def test_dialect_is_named(run):
    path = EXAMPLES / "dialect-1.nnr"
    status, out, _ = run("trace", path, "--bins", "--json", "--dialect", "nncodec-1.0")
    assert (status, events(out)[0]["dialect"]) == (0, "nncodec-1.0")
    assert run("trace", path, "--bins")[0] == 3


def test_bad_stream_is_traced_up_to_its_fault(run, tmp_path):
    path = tmp_path / "cut.nnr"
    path.write_bytes(DEPENDENT.read_bytes()[:-1])
    status, out, err = run("trace", path, "--json")
    assert status == 3
    assert events(out)[-1]["error"] == "unit-truncated"
    assert err.count("\n") == 1


def test_control_characters_of_names_are_escaped(run, tmp_path):
    path = tmp_path / "name.nnr"
    path.write_bytes(DEPENDENT.read_bytes().replace(b"w\0", b"\x1b\0"))
    _, out, _ = run("trace", path, "--bins")
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "options",
    [
        ["--from-bin", "5", "--to-bin", "4"],
        ["--checkpoints", "0"],
        ["--unit", "-1"],
        ["--to-bin", "x"],
    ],
)
def test_options_that_make_no_sense_are_usage_errors(run, options):
    status, _, err = run("trace", DEPENDENT, *options)
    assert status == 2
    assert err.startswith("nnref: error[usage]")


def test_missing_file_is_a_file_error(run, tmp_path):
    assert run("trace", tmp_path / "none.nnr")[0] == 7
    assert run("trace", DEPENDENT, "--base", tmp_path / "none.nnr")[0] == 7
    assert run("trace", DEPENDENT, "-o", tmp_path / "none" / "x")[0] == 7
