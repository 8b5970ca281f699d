"""`--jobs`: how many threads work is no part of any result."""

import pytest

from .damage import broken


@pytest.mark.parametrize("jobs", [1, 3])
def test_files_are_the_same_whatever_the_number_of_jobs(run, model, stream, tmp_path, jobs):
    coded, decoded = tmp_path / "m.nnr", tmp_path / "m.safetensors"
    assert run("encode", model, "-o", coded, "--sqnr", 30, "--jobs", jobs)[0] == 0
    assert coded.read_bytes() == stream.read_bytes()
    assert run("decode", stream, "-o", tmp_path / "one.safetensors")[0] == 0
    assert run("decode", stream, "-o", decoded, "--jobs", jobs)[0] == 0
    assert decoded.read_bytes() == (tmp_path / "one.safetensors").read_bytes()


def test_verification_finds_the_same_whatever_the_number_of_jobs(run, stream, tmp_path):
    damaged = tmp_path / "damaged.nnr"
    damaged.write_bytes(broken(stream.read_bytes(), "payload"))
    assert run("verify", damaged, "--jobs", 3) == run("verify", damaged)
    assert run("verify", stream, "--jobs", 3) == run("verify", stream)


@pytest.mark.parametrize("command", ["encode", "decode"])
def test_a_number_of_jobs_that_is_not_positive_is_wrong_usage(run, stream, tmp_path, command):
    status, _, err = run(command, stream, "-o", tmp_path / "out.npz", "--jobs", 0)
    assert status == 2
    assert "nnref: error[usage]" in err
