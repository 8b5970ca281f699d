"""`nnref disassemble`."""

from nnref.tools.assembly import disassemble
from tests.tools.trace.samples import EXAMPLES, source

DEPENDENT = EXAMPLES / "dependent.nnr"


def test_text_is_printed(run):
    status, out, err = run("disassemble", DEPENDENT)
    assert (status, err) == (0, "")
    assert out.splitlines() == list(disassemble(source("dependent")))


def test_text_is_written_to_a_file(run, tmp_path):
    path = tmp_path / "out.txt"
    assert run("disassemble", DEPENDENT, "-o", path) == (0, "", "")
    assert path.read_text().startswith("nnref.assembly/1\n\nunit 0 ")


def test_json_holds_the_lines_or_the_name_of_the_file(run_json, tmp_path):
    status, found, _ = run_json("disassemble", DEPENDENT)
    assert (status, found["schema"], found["bytes"]) == (0, "nnref.disassemble/1", 32)
    assert found["lines"][0] == "nnref.assembly/1"
    _, found, _ = run_json("disassemble", DEPENDENT, "-o", tmp_path / "out.txt")
    assert found["output"] == str(tmp_path / "out.txt")
    assert "lines" not in found


def test_options_choose_bins_and_sizes(run):
    _, out, _ = run("disassemble", DEPENDENT, "--bins", "--auto-size")
    assert "terminate 1" in out
    assert out.count(" auto ") >= 3


def test_bases_and_dialect_are_needed_for_bins_alone(run):
    update, base = EXAMPLES / "update-2.nnr", EXAMPLES / "update-1.nnr"
    assert "terminate" not in run("disassemble", update, "--bins")[1]
    assert "terminate" in run("disassemble", update, "--bins", "--base", base)[1]
    old = EXAMPLES / "dialect-1.nnr"
    assert "terminate" in run("disassemble", old, "--bins", "--dialect", "nncodec-1.0")[1]


def test_any_file_can_be_disassembled(run, tmp_path):
    path = tmp_path / "any"
    path.write_bytes(b"\x00\xff")
    status, out, _ = run("disassemble", path)
    assert status == 0
    assert "gap hex 00ff" in out


def test_missing_file_is_a_file_error(run, tmp_path):
    assert run("disassemble", tmp_path / "none.nnr")[0] == 7
    assert run("disassemble", DEPENDENT, "-o", tmp_path)[0] == 7
