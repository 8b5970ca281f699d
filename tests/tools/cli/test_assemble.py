"""`nnref assemble`."""

import pytest

from tests.tools.trace.samples import EXAMPLES


@pytest.fixture
def text(run, tmp_path):
    path = tmp_path / "in.txt"
    run("disassemble", EXAMPLES / "dependent.nnr", "--bins", "-o", path)
    return path


def test_stream_is_rebuilt(run, text, tmp_path):
    path = tmp_path / "out.nnr"
    status, out, err = run("assemble", text, "-o", path)
    assert (status, out, err) == (0, f"{path}: 32 bytes\n", "")
    assert path.read_bytes() == (EXAMPLES / "dependent.nnr").read_bytes()


def test_json_and_quiet(run, run_json, text, tmp_path):
    path = tmp_path / "out.nnr"
    assert run("assemble", text, "-o", path, "-q") == (0, "", "")
    status, found, _ = run_json("assemble", text, "-o", path)
    assert (status, list(found)) == (0, ["schema", "text", "stream", "bytes"])
    assert (found["schema"], found["bytes"]) == ("nnref.assemble/1", 32)


def test_wrong_line_is_named_and_nothing_is_written(run, text, tmp_path):
    lines = text.read_text().splitlines()
    lines[5] = lines[5].replace("u(6)", "u(x)")
    text.write_text("\n".join(lines))
    path = tmp_path / "out.nnr"
    status, _, err = run("assemble", text, "-o", path)
    assert status == 7
    assert err.startswith("nnref: error[assembly-syntax]: line 6: 'u(x)' is no descriptor")
    assert err.count("\n") == 1
    assert not path.exists()


def test_value_that_does_not_fit_is_a_usage_error(run, text, tmp_path):
    text.write_text("nnref.assembly/1\nx u(3) 9\n")
    status, _, err = run("assemble", text, "-o", tmp_path / "out.nnr")
    assert status == 2
    assert "line 2: 9 does not fit u(3)" in err


def test_files_that_cannot_be_read_or_written(run, text, tmp_path):
    assert run("assemble", tmp_path / "none.txt", "-o", tmp_path / "out.nnr")[0] == 7
    assert run("assemble", text, "-o", tmp_path / "none" / "out.nnr")[0] == 7
    binary = tmp_path / "binary"
    binary.write_bytes(b"nnref.assembly/1\n\xff\n")
    status, _, err = run("assemble", binary, "-o", tmp_path / "out.nnr")
    assert status == 7
    assert "file-format" in err
