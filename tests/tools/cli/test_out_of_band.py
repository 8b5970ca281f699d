"""Commands for those who write a decoder read streams that leave out dimensions."""

import json

import pytest

from nnref.tools.cli import app


@pytest.fixture(scope="module")
def left_out(model, tmp_path_factory):
    """A stream without dimensions, and the file that has them."""
    folder = tmp_path_factory.mktemp("left-out")
    stream, known = folder / "m.nnr", folder / "known.json"
    arguments = ["encode", model, "-o", stream, "--out-of-band", known, "-q"]
    assert app.run(list(map(str, arguments))) == 0
    return stream, known


def test_bins_are_traced_and_the_trace_agrees(run, left_out, tmp_path):
    stream, known = left_out
    assert run("trace", stream, "--bins")[0] != 0
    path = tmp_path / "trace.jsonl"
    options = ("--out-of-band", known)
    assert run("trace", stream, "--bins", "--json", "-o", path, *options) == (0, "", "")
    status, out, _ = run("diverge", path, stream, *options)
    assert status == 0
    assert out.startswith("identical: ")


def test_next_command_names_the_file_with_the_dimensions(run_json, run, left_out, tmp_path):
    stream, known = left_out
    path = tmp_path / "trace.jsonl"
    run("trace", stream, "--bins", "--json", "-o", path, "--out-of-band", known)
    lines = path.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if '"event": "bin"' in line or '"bin":' in line)
    event = json.loads(lines[place])
    lines[place] = json.dumps(event | {"value": 1 - event["value"]})
    path.write_text("\n".join(lines))
    status, found, _ = run_json("diverge", path, stream, "--out-of-band", known)
    assert status == 6
    command = found["commands"][0].split()
    assert command[-2:] == ["--out-of-band", str(known)]
    assert run(*command[1:])[0] == 0


def test_codewords_are_disassembled_and_rebuilt(run, left_out, tmp_path):
    stream, known = left_out
    text, rebuilt = tmp_path / "m.txt", tmp_path / "m.nnr"
    for options in ((), ("--bins", "--out-of-band", known)):
        assert run("disassemble", stream, "-o", text, *options)[0] == 0
        assert run("assemble", text, "-o", rebuilt)[0] == 0
        assert rebuilt.read_bytes() == stream.read_bytes()
        assert (" codeword " in text.read_text()) == bool(options)
        assert ("dimensions-unknown" in text.read_text()) == (not options)
