"""The demonstration, as a library and as a command."""

import json

import pytest

from nnref.codec import decode
from nnref.codec.model import open_model
from nnref.tools.cli import app

pytest.importorskip("sklearn")

KEYS = [
    *("asked_sqnr", "lowest_sqnr", "bytes", "tensor_bytes", "bits_per_weight"),
    *("accuracy_before", "accuracy_after", "stream", "decoded"),
]


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory):
    from nnref.tools.demo.demonstration import demonstrate

    directory = tmp_path_factory.mktemp("demo")
    return list(demonstrate(directory))


def test_network_is_small_enough_to_be_committed(demonstrated):
    assert demonstrated[0].original_bytes <= 2_000_000


def test_lower_quality_takes_fewer_bytes(demonstrated):
    sizes = [trial.stream_bytes for trial in demonstrated]
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] < demonstrated[0].original_bytes / 2


def test_network_stays_accurate(demonstrated):
    for trial in demonstrated:
        assert trial.lowest_sqnr >= trial.asked_sqnr
        assert trial.accuracy_before > 0.95
        assert trial.accuracy_after > trial.accuracy_before - 0.02


def test_files_hold_what_was_measured(demonstrated):
    for trial in demonstrated:
        assert trial.stream.stat().st_size == trial.stream_bytes
        tensors = decode(trial.stream)
        with open_model(trial.decoded) as source:
            assert set(source.names()) == set(tensors)
            assert all(source.read(n).tobytes() == a.tobytes() for n, a in tensors.items())


def test_command_prints_a_table_or_json(demonstrated, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        "nnref.tools.demo.demonstration.demonstrate", lambda directory, progress: iter(demonstrated)
    )
    assert app.run(["demo"]) == 0
    out = capsys.readouterr().out
    assert all(f"{trial.stream_bytes:,}" in out for trial in demonstrated)
    assert app.run(["demo", "-o", str(tmp_path / "new" / "folder"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "nnref.demo/1"
    assert [list(row) for row in found["trials"]] == 3 * [KEYS]
    assert (tmp_path / "new" / "folder").is_dir()


def test_folder_that_cannot_be_made_is_a_file_error(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert app.run(["demo", "-o", str(tmp_path / "file" / "folder")]) == 7
    assert capsys.readouterr().err.startswith("nnref: error[file-write]: ")
