"""Clause 14.2.1: the index unit says of every unit what it is."""

from pathlib import Path

import pytest

from nnref.spec.process import decode_stream
from nnref.spec.syntax import (
    IndexedUnit,
    index_flaw,
    index_unit,
    indexed_units,
    is_index,
    read_units,
    write_unit,
)
from nnref.spec.tables.private_units import INDEX_SIGNATURE, INDEX_UNIT
from tests.spec.syntax.worked_streams import STREAMS

DOCUMENT = Path(__file__).resolve().parents[3] / "spec/document"
STREAMS = {name: bytes.fromhex(text) for name, text in STREAMS.items()}


def entries(stream):
    return [IndexedUnit.of(unit) for unit in read_units(stream)]


@pytest.mark.parametrize("name", STREAMS)
def test_an_index_is_read_as_it_was_made(name):
    stream = STREAMS[name]
    index = index_unit(entries(stream))
    *units, last = read_units(stream + index)
    assert is_index(last.fields)
    assert indexed_units(last.fields) == entries(stream)
    assert index_flaw(last, [IndexedUnit.of(unit) for unit in units]) == ""
    assert index[-8:-4] == len(index).to_bytes(4)
    assert write_unit(INDEX_UNIT, last.fields) == index


def test_names_are_those_that_references_stand_for():
    stream = (DOCUMENT / "examples" / "references.nnr").read_bytes()
    tensors = [tensor.name for tensor in decode_stream(stream).tensors]
    assert [name for entry in entries(stream) for name in entry.names] == tensors


def lies(fields, before):
    """Every way to lie, as changed fields."""
    wrong_type = [dict(entry) for entry in fields["indexed_units"]]
    wrong_type[0]["indexed_unit_type"] = 2
    wrong_size = [dict(entry) for entry in fields["indexed_units"]]
    wrong_size[-1]["indexed_unit_size"] += 1
    yield {"indexed_units": wrong_type}
    yield {"indexed_units": wrong_size}
    yield {"indexed_names": [name + "?" for name in fields["indexed_names"]]}
    yield {"index_unit_size": fields["index_unit_size"] + 1}
    yield {"index_end_signature": INDEX_SIGNATURE ^ 1}
    fewer = [e for e in fields["indexed_units"] if e["indexed_unit_type"] != 5]
    yield {"count_indexed_units": len(fewer), "indexed_units": fewer, "indexed_names": []}


def test_every_lie_is_found_by_both_decoders():
    stream = STREAMS["two_tensors_edition_2"]
    before = entries(stream)
    honest = list(read_units(stream + index_unit(before)))[-1]
    assert decode_stream(stream + index_unit(before)).findings == []
    for change in lies(honest.fields, before):
        index = write_unit(INDEX_UNIT, honest.fields | change)
        assert index_flaw(list(read_units(stream + index))[-1], before)
        findings = decode_stream(stream + index).findings
        assert [finding.rule_id for finding in findings] == ["index-mismatch"]


@pytest.mark.parametrize("payload", [b"", b"nnr", b"nnrj and more", bytes(40)])
def test_a_unit_of_the_type_without_the_signature_is_somebody_elses(payload):
    stream = next(iter(STREAMS.values()))
    unit = write_unit(INDEX_UNIT, {}, payload)
    last = list(read_units(stream + unit))[-1]
    assert not is_index(last.fields)
    assert bytes(last.payload) == payload
    assert last.type_name == "private(60)"
    assert decode_stream(stream + unit).findings == []
