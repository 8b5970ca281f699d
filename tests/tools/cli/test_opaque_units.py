"""`--quantization-data` and `--skip-aggregates`."""

from nnref.codec import encode


def test_quantization_data_is_carried_and_restored(run, run_json, model, tmp_path):
    path, stream, back = tmp_path / "q.bin", tmp_path / "m.nnr", tmp_path / "back"
    path.write_bytes(b"\0table\xff")
    assert run("encode", model, "-o", stream, "--quantization-data", path)[0] == 0
    options = ("-o", tmp_path / "o.npz", "--quantization-data", back)
    assert run("decode", stream, *options)[0] == 0
    assert back.read_bytes() == path.read_bytes()
    assert run_json("inspect", stream)[1]["quantization_data"][0]["bytes"] == 7
    assert "quantization data: 7 bytes\n" in run("inspect", stream)[1]


def test_a_stream_without_has_none_to_write(run, stream, tmp_path):
    options = ("-o", tmp_path / "o.npz", "--quantization-data", tmp_path / "q")
    status, _, err = run("decode", stream, *options)
    assert (status, "error[quantization-data-choice]" in err) == (2, True)


def test_aggregates_are_skipped_on_request_with_a_warning(run, model, tmp_path):
    stream, output = tmp_path / "m.nnr", tmp_path / "o.npz"
    stream.write_bytes(encode(model, aggregates=(b"any",)))
    status, _, err = run("decode", stream, "-o", output)
    assert (status, "--skip-aggregates" in err, output.exists()) == (4, True, False)
    status, _, err = run("decode", stream, "-o", output, "--skip-aggregates")
    assert (status, output.exists()) == (0, True)
    assert "warning: aggregate-undefined" in err


def test_no_file_beside_replaces_the_stream(run, stream, tmp_path):
    before = stream.read_bytes()
    for option in ("--parameters", "--topology", "--quantization-data"):
        status, _, err = run("decode", stream, "-o", tmp_path / "o.npz", option, stream)
        assert (status, "setting-conflict" in err) == (2, True)
    assert stream.read_bytes() == before
