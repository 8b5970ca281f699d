"""Sheets obey their schema, and say of their files what these are."""

import json
from hashlib import sha256
from importlib.resources import files

import jsonschema
import pytest

from nnref.conformance.suite import load, sheet_from_json, sheet_to_json
from nnref.spec.errors import FileError
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.rules import STREAM_RULES

SCHEMA = json.loads(files("nnref.conformance").joinpath("schemas/sheet.schema.json").read_text())
SHEETS = load()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def on_disk(sheet):
    return json.loads(sheet.stream_path.with_suffix(".json").read_text(encoding="utf-8"))


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.id)
def test_sheet_obeys_the_schema(sheet):
    VALIDATOR.validate(on_disk(sheet))


def test_sheet_survives_reading_and_writing():
    for sheet in SHEETS:
        content = on_disk(sheet)
        assert sheet_to_json(sheet) == content
        assert sheet_from_json(content) == sheet


@pytest.mark.parametrize("missing", ["licence", "description", "clauses", "decisions", "budget"])
def test_schema_requires_every_field(missing):
    content = on_disk(SHEETS[0])
    del content[missing]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(content)


def test_schema_knows_no_other_fields():
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(on_disk(SHEETS[0]) | {"comment": ""})


def test_ids_and_titles_are_unique():
    for values in ([s.id for s in SHEETS], [s.title for s in SHEETS]):
        assert len(set(values)) == len(values)


def test_files_are_those_of_the_sheets():
    for sheet in SHEETS:
        assert sheet.stream_path.parent.name == sheet.group
        assert len(sheet.data) == sheet.stream.bytes
        assert sha256(sheet.data).hexdigest() == sheet.stream.sha256
    folder = SHEETS[0].stream_path.parents[1]
    named = {sheet.stream_path for sheet in SHEETS} | {sheet.expected_path for sheet in SHEETS}
    named |= {sheet.stream_path.with_suffix(".json") for sheet in SHEETS}
    kinds = (".nnr", ".json", ".safetensors")
    assert {path for path in folder.glob("*/*") if path.suffix in kinds} == named - {None}


def test_sheets_name_clauses_rules_and_cases_that_exist():
    ids = {sheet.id for sheet in SHEETS}
    for sheet in SHEETS:
        assert set(sheet.clauses) <= set(CLAUSES)
        assert set(sheet.options.chain) <= ids
        if sheet.expected:
            assert set(sheet.expected.findings) <= set(STREAM_RULES)


def test_suite_is_small():
    assert sum(len(sheet.data) for sheet in SHEETS) < 1 << 20


@pytest.mark.parametrize("content", [None, "{", "[]", '{"id": 1}', '{"id": "a", "odd": 1}'])
def test_folder_without_sheets_is_refused(tmp_path, content):
    (tmp_path / "group").mkdir()
    if content is not None:
        (tmp_path / "group" / "a.json").write_text(content)
    with pytest.raises(FileError):
        load(tmp_path)


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(FileError):
        load(tmp_path / "none")
