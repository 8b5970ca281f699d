"""One tensor of a stream with an index is found without parsing the others."""

import numpy as np
import pytest

from nnref.codec import decode, encode, encode_file, open_stream
from nnref.codec.decoder import catalogue, index
from nnref.spec.errors import InvalidError, LimitExceededError, NnrError, UsageError
from nnref.spec.limits import Limits
from nnref.spec.syntax import IndexedUnit, index_unit, read_unit_at, read_units
from tests.spec.process import streams

MODEL = {f"layer{i}.weight": np.full((3, 4), i + 1, np.float32) for i in range(300)}


@pytest.fixture(scope="module")
def stream():
    return encode(MODEL, qp=-20, index=True)


@pytest.fixture
def parsed(monkeypatch):
    """The units that are parsed, whoever parses them."""
    seen = []

    def read_at(data, offset, state, **options):
        unit = read_unit_at(data, offset, state, **options)
        seen.append(unit.nnr_unit_type)
        return unit

    def read_all(data, **options):
        for unit in read_units(data, **options):
            seen.append(unit.nnr_unit_type)
            yield unit

    monkeypatch.setattr(index, "read_unit_at", read_at)
    monkeypatch.setattr(catalogue, "read_unit_at", read_at)
    monkeypatch.setattr(catalogue, "read_units", read_all)
    return seen


def test_a_tensor_is_found_by_parsing_its_unit_alone(stream, parsed):
    opened = open_stream(stream)
    assert parsed == [60]
    assert np.array_equal(opened["layer217.weight"], MODEL["layer217.weight"])
    assert parsed == [60, 0, 1, 5]
    assert opened.info("layer0.weight").info.shape == (3, 4)
    assert parsed == [60, 0, 1, 5, 5]
    assert opened.info("layer0.weight").info.dtype == "float32"
    assert parsed == [60, 0, 1, 5, 5]
    assert "layer4" not in opened  # the index might have left it out
    assert len(parsed) == 5 + 303


def test_all_tensors_are_those_of_the_stream_without_index(stream):
    plain = encode(MODEL, qp=-20)
    assert stream.startswith(plain)
    assert list(open_stream(stream)) == list(open_stream(plain)) == list(MODEL)
    for name, array in decode(plain).items():
        assert np.array_equal(decode(stream)[name], array)
    opened = open_stream(stream)
    for name in ("layer5.weight", "layer0.weight"):
        assert opened.info(name) == open_stream(plain).info(name)
    assert len(opened) == len(MODEL)
    assert len(opened.units) == len(MODEL) + 3
    assert opened.findings == []


def test_a_file_is_written_with_its_index_last(tmp_path, stream):
    report = encode_file(MODEL, tmp_path / "m.nnr", qp=-20, index=True)
    assert (tmp_path / "m.nnr").read_bytes() == stream
    assert report.total_bytes == len(stream)
    assert np.array_equal(open_stream(tmp_path / "m.nnr")["layer9.weight"], MODEL["layer9.weight"])


@pytest.mark.parametrize("base", streams.ALL, ids=range(len(streams.ALL)))
def test_every_tensor_of_every_kind_of_stream_is_found_through_an_index(base):
    try:
        expected = open_stream(base)
        tensors = {name: expected.info(name) for name in expected}
        indexed = base + index_unit([IndexedUnit.of(unit) for unit in read_units(base)])
    except NnrError:
        return  # a stream that some other stream or the caller has to complete
    for as_coded in (False, True):
        tensors = {t.name: t for t in open_stream(base, as_coded=as_coded).tensors()}
        for name, tensor in tensors.items():
            found = open_stream(indexed, as_coded=as_coded).info(name)
            assert found == tensor


def lying(stream, change):
    """The stream with its index rewritten."""
    *units, _ = read_units(stream)
    entries = [IndexedUnit.of(unit) for unit in units]
    plain = stream[: sum(unit.size for unit in units)]
    return plain + index_unit(change(entries))


def swapped(entries):
    entries[5], entries[9] = (
        entries[5]._replace(names=entries[9].names),
        entries[9]._replace(names=entries[5].names),
    )
    return entries


def shifted(entries):
    entries[5] = entries[5]._replace(size=entries[5].size + 2)
    entries[6] = entries[6]._replace(size=entries[6].size - 2)
    return entries


def shortened(entries):
    return entries[:-1]


@pytest.mark.parametrize("change", [swapped, shifted, shortened])
def test_an_index_that_lies_is_detected_and_not_used(stream, change):
    data = lying(stream, change)
    for name in ("layer3.weight", "layer7.weight", "layer299.weight"):
        opened = open_stream(data)
        assert np.array_equal(opened[name], MODEL[name])
    opened = open_stream(data)
    list(opened)
    assert [finding.id for finding in opened.findings] == ["index-mismatch"]
    with pytest.raises(InvalidError) as caught:
        open_stream(data, strict=True)
    assert caught.value.id == "index-mismatch"


def test_units_behind_the_index_are_decoded_all_the_same(stream):
    more = encode({"late": np.ones((2, 2), np.float32)}, qp=-20)
    last = list(read_units(more))[-1]
    longer = stream + more[last.offset :]
    assert np.array_equal(open_stream(longer)["late"], np.ones((2, 2)))
    assert open_stream(longer).findings == []


def tensors_or_place(data):
    """The tensors of a stream, or the unit that cannot be read."""
    try:
        opened = open_stream(data)
        return {"a": opened["a"], "b": opened["b"]} | dict(opened.items())
    except NnrError as error:
        return error.place.unit


def test_damage_of_the_index_never_gives_other_tensors():
    model = {"a": np.ones((2, 3), np.float32), "b": np.zeros(2, np.float32)}
    data = encode(model, qp=-20, index=True)
    first = list(read_units(data))[-1].offset
    for position in range(first, len(data)):
        for flip in (1, 0x80):
            damaged = bytearray(data)
            damaged[position] ^= flip
            found = tensors_or_place(bytes(damaged))
            assert found in (4, 5) or list(found) == list(model)
            assert found in (4, 5) or all(np.array_equal(found[n], model[n]) for n in model)


def test_limits_hold_for_tensors_found_through_the_index(stream):
    with pytest.raises(LimitExceededError):
        open_stream(stream, limits=Limits(max_tensor_elements=5))["layer1.weight"]


def test_an_unknown_tensor_is_unknown(stream):
    with pytest.raises(UsageError) as caught:
        open_stream(stream).info("layer")
    assert caught.value.id == "tensor-unknown"
    with pytest.raises(KeyError):
        open_stream(stream)["layer"]


def test_streams_for_nncodec_have_no_index():
    with pytest.raises(UsageError):
        encode(MODEL, compatible=True, index=True)


def test_a_stream_shows_itself_without_parsing_more(stream, parsed):
    assert repr(open_stream(stream)) == f"Stream(indexed, {len(stream)} bytes)"
    assert parsed == [60]
    plain = encode(MODEL, qp=-20)
    assert repr(open_stream(plain)) == f"Stream(300 tensors, {len(plain)} bytes)"
