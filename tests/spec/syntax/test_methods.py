"""Clause 14.2.2: the unit of tensors that a method beyond the standard codes."""

import pytest

from nnref.spec.errors import LimitExceededError, NnrError, UnsupportedError
from nnref.spec.limits import Limits
from nnref.spec.process import Refused, decode_stream
from nnref.spec.process.methods import METHODS
from nnref.spec.syntax import IndexedUnit, is_method, read_units, tensor_names, write_unit
from nnref.spec.syntax.methods import METHOD_HEADERS
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_UNIT
from tests.spec.syntax.method_units import FIELDS, method_unit
from tests.spec.syntax.streams import opening


def last_unit(stream, **options):
    return list(read_units(stream, **options))[-1]


def test_every_declared_method_is_decoded_by_the_literal_decoder():
    assert set(METHOD_HEADERS) == set(METHODS)
    assert set(METHOD_HEADERS) <= set(Method)
    assert all(f"15.{idc}" in CLAUSES for idc in METHOD_HEADERS)


def test_unit_is_read_as_it_was_written():
    opened, state = opening()
    unit = last_unit(opened + method_unit(state, b"payload"))
    assert is_method(unit.fields)
    assert unit.has_tensors
    assert unit.type_name == "private(61)"
    assert bytes(unit.payload) == b"payload"
    assert tensor_names(unit.fields, ()) == ("w",)
    written = write_unit(METHOD_UNIT, unit.fields, unit.payload, state)
    assert opened + written == opened + method_unit(state, b"payload")


def test_tensor_is_named_by_index_where_the_stream_says_so():
    opened, state = opening(mps_topology_indexed_reference_flag=1)
    references = {
        "topology_storage_format": 6,
        "topology_compression_format": 0,
        "count_topology_elements_minus2": 0,
        "topology_elem_id_list": ["v", "w"],
    }
    opened += write_unit(3, references, b"", state)
    state = state.after(3, references)
    named = {"topology_elem_id": None, "topology_elem_id_index": 1}
    unit = last_unit(opened + method_unit(state, b"", **named))
    assert IndexedUnit.of(unit).names == ("w",)
    with pytest.raises(NnrError) as caught:
        method_unit(state, b"", **named | {"topology_elem_id_index": 2})
    assert caught.value.id == "topology-index-range"


@pytest.mark.parametrize("method_idc", [0, 250])
def test_unknown_method_is_unsupported_for_every_reader(method_idc):
    opened, state = opening()
    unit = bytearray(method_unit(state, b"\0\0"))
    unit[unit.index(b"nnrm") + 4] = method_idc
    with pytest.raises(UnsupportedError) as caught:
        last_unit(opened + unit)
    assert caught.value.id == "method-unknown"
    assert caught.value.place.element == "method_idc"
    with pytest.raises(Refused) as refused:
        decode_stream(opened + unit)
    assert (refused.value.rule_id, refused.value.bit) == ("method-unknown", caught.value.place.bit)


@pytest.mark.parametrize("payload", [b"", b"nnr", b"nnrn\1 and more"])
def test_unit_of_the_type_without_the_signature_is_somebody_elses(payload):
    opened, state = opening()
    stream = opened + write_unit(METHOD_UNIT, {}, payload, state)
    unit = last_unit(stream)
    assert not unit.has_tensors
    assert bytes(unit.payload) == payload
    assert decode_stream(stream).tensors == []


def test_name_of_another_tensor_is_refused():
    opened, state = opening()
    stream = opened + 2 * method_unit(state, b"")
    with pytest.raises(NnrError) as caught:
        last_unit(stream)
    assert caught.value.id == "tensor-name-duplicate"
    assert caught.value.place.unit == 3


def test_size_is_held_against_the_limits_before_the_payload_is_looked_at():
    opened, state = opening()
    stream = opened + method_unit(state, b"", tensor_dimensions=[1 << 20, 1 << 10])
    with pytest.raises(LimitExceededError) as caught:
        last_unit(stream, limits=Limits(max_tensor_elements=1 << 20))
    assert caught.value.id == "limit-tensor-elements"
    with pytest.raises(Refused) as refused:
        decode_stream(stream)
    assert refused.value.rule_id == "limit-tensor-elements"


def test_writer_refuses_elements_of_another_method():
    opened, state = opening()
    assert opened
    with pytest.raises(NnrError) as caught:
        write_unit(METHOD_UNIT, FIELDS | {"video_header": {}}, b"", state)
    assert caught.value.id == "element-not-present"
