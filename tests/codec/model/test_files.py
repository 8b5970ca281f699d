import os

import pytest

from nnref.codec.model import atomic_write
from nnref.spec.errors import FileError
from tests.codec.model.samples import listing


def test_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "a.nnr"
    with atomic_write(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert listing(tmp_path) == ["a.nnr"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_keeps_the_old_file_and_leaves_no_other(tmp_path, error):
    path = tmp_path / "a.nnr"
    path.write_bytes(b"old")

    def fail():
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == ["a.nnr"]


def test_error_of_the_file_system_in_the_block_is_file_write(tmp_path):
    with pytest.raises(FileError, match="No space") as caught, atomic_write(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    assert caught.value.id == "file-write"
    assert listing(tmp_path) == []


def test_refusal_in_the_block_passes_unchanged(tmp_path):
    with (
        pytest.raises(FileError) as caught,
        atomic_write(tmp_path / "a"),
        atomic_write(tmp_path / "no" / "b"),
    ):
        pass
    assert "no/b" in str(caught.value)


@pytest.mark.parametrize("name", ["missing/a.nnr", "folder", "pipe"])
def test_a_path_that_cannot_become_a_file_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError) as caught, atomic_write(tmp_path / name):
        pass
    assert caught.value.id == "file-write"
    assert listing(tmp_path) == ["folder", "pipe"]


def test_permissions_are_those_of_an_ordinary_file_and_links_are_followed(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"x")
    assert (tmp_path / "target").stat().st_mode == plain.stat().st_mode
    assert (tmp_path / "link").is_symlink()
