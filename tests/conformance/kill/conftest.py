"""Some sheets of the suite by id."""

import pytest

from nnref.conformance.suite import load


@pytest.fixture(scope="session")
def examples():
    return {sheet.id: sheet for sheet in load()}


@pytest.fixture
def suite_of_examples(examples, tmp_path):
    """A suite of two streams on disk."""
    folder = tmp_path / "suite" / "worked"
    folder.mkdir(parents=True)
    for name in ("first", "integers"):
        sheet = examples[name]
        for path in (
            sheet.stream_path,
            sheet.expected_path,
            sheet.stream_path.with_suffix(".json"),
        ):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder.parent
