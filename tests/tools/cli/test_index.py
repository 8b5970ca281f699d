"""`nnref encode --index`."""

from nnref.codec import open_stream


def test_an_indexed_stream_is_shown_decoded_and_verified(run, run_json, model, tmp_path):
    path = tmp_path / "m.nnr"
    assert run("encode", model, "-o", path, "--index")[0] == 0
    status, found, err = run_json("inspect", path)
    assert (status, err) == (0, "")
    unit = found["units"][-1]
    assert unit["type_name"] == "private(60)"
    names = [e["value"] for e in unit["elements"] if e["element"].startswith("indexed_names")]
    assert names == list(open_stream(path))
    status, _, err = run("verify", path, "--against", model)
    assert (status, err) == (0, "")


def test_an_index_that_lies_is_a_warning(run, model, tmp_path):
    path = tmp_path / "m.nnr"
    run("encode", model, "-o", path, "--index")
    data = bytearray(path.read_bytes())
    data[-10] ^= 1  # in the last name
    path.write_bytes(data)
    status, _, err = run("verify", path)
    assert status == 0
    assert "nnref: warning: index-mismatch: " in err
