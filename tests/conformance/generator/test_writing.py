"""The suite on disk is what its descriptions make."""

from nnref.conformance.generator.families import all_cases
from nnref.conformance.generator.families.faults import all_faults
from nnref.conformance.generator.writing import suite_files, write_suite
from nnref.conformance.suite import load, suite_folder
from tests.support import needs_pictures


def test_suite_is_rebuilt_byte_for_byte():
    needs_pictures()
    files = suite_files(all_cases(), all_faults())
    folder = suite_folder()
    kinds = (".nnr", ".json", ".safetensors")
    on_disk = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (*folder.glob("*/*"), folder / "elements.json")
        if path.suffix in kinds
    }
    assert sorted(files) == sorted(on_disk)
    assert [name for name in files if files[name] != on_disk[name]] == []


def test_files_of_cases_that_are_gone_are_removed(tmp_path):
    needs_pictures()
    (tmp_path / "worked").mkdir()
    old = [tmp_path / "worked" / f"old.{kind}" for kind in ("nnr", "json", "safetensors")]
    kept = tmp_path / "worked" / "notes.txt"
    for path in (*old, kept):
        path.write_text("old")
    written = write_suite(all_cases(), all_faults(), tmp_path)
    assert not any(path.exists() for path in old)
    assert kept.exists()
    assert len(load(tmp_path)) == written["cases"]
