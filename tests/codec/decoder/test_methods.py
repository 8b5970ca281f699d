"""Clause 14.2.2: tensors of method data units come out beside all others."""

import numpy as np
import pytest

from nnref.codec import Stream, decode, encode
from nnref.codec.decoder.methods import _MODULES, method_decoder
from nnref.spec.errors import NnrError
from nnref.spec.process import compose_blocks, decode_stream
from nnref.spec.syntax import IndexedUnit, index_unit, read_units, write_unit
from nnref.spec.syntax.methods import METHOD_HEADERS
from nnref.spec.tables.private_units import METHOD_UNIT
from tests.spec.syntax.method_units import method_unit, plain_payload
from tests.spec.syntax.streams import opening

LEVELS = np.array([[3, 0, -1], [0, 40, 1]])


def stream(**changes):
    """A stream with one plain layer w, qp -8."""
    opened, state = opening(1)
    return opened + method_unit(state, plain_payload(-8, LEVELS), **changes)


def test_every_declared_method_has_a_fast_decoder():
    assert set(_MODULES) == set(METHOD_HEADERS)
    for idc in METHOD_HEADERS:
        assert callable(method_decoder({"method_idc": idc}).decode)


def test_tensor_is_that_of_the_literal_decoder():
    (literal,) = decode_stream(stream()).tensors
    decoded = decode(stream())["w"]
    assert decoded.dtype == np.float32
    assert decoded.tolist() == (LEVELS / 4).tolist()
    assert decoded.reshape(-1).tolist() == literal.values
    assert compose_blocks(decode_stream(stream())) == [literal]


def test_tensor_comes_out_in_its_data_format():
    given = {"nnr_decompressed_data_format_present_flag": 1, "nnr_decompressed_data_format": 8}
    assert decode(stream(**given))["w"].dtype == np.float16


def test_tensor_is_found_among_others_and_through_an_index():
    plain = encode({"a": np.ones((2, 2), np.float32)}, qp=-4)
    *_, last = read_units(plain)
    unit = method_unit(last.state, plain_payload(-8, LEVELS))
    mixed = plain + unit
    mixed += index_unit([IndexedUnit.of(unit) for unit in read_units(mixed)])
    assert decode_stream(mixed).findings == []
    opened = Stream(mixed)
    assert opened["w"].tolist() == (LEVELS / 4).tolist()
    assert opened._catalogue._complete is False
    assert list(opened) == ["a", "w"]
    assert opened.rows("w", 1, 2).tolist() == (LEVELS / 4)[1:].tolist()
    assert opened.info("w").tools == ("lnq",)
    assert opened.findings == []


def test_tensor_is_no_node_of_an_update_tree():
    _, state = Stream(stream()).decoded_with_state()
    assert state.tensors == {}


def test_units_of_a_method_are_decoded_by_workers():
    with_jobs = decode(stream(), jobs=2)
    assert with_jobs["w"].tolist() == (LEVELS / 4).tolist()


def test_error_names_unit_tensor_and_bit_of_the_stream():
    whole = stream()
    *_, unit = read_units(whole)
    opened = whole[: unit.offset]
    cut = write_unit(METHOD_UNIT, unit.fields, bytes(unit.payload)[:-2], unit.state)
    with pytest.raises(NnrError) as caught:
        decode(opened + cut)
    place = caught.value.place
    assert (place.unit, place.unit_type, place.tensor) == (2, "private(61)", "w")
    assert place.bit is not None
    assert place.bit >= 8 * unit.payload_offset


def test_density_is_needed():
    unquantized = {"mps_qp_density": None, "mps_quantization_parameter": None}
    opened, _ = opening(1, mps_quantization_method_flags=0, **unquantized)
    whole = stream()
    *_, unit = read_units(whole)
    with pytest.raises(NnrError) as caught:
        decode(opened + whole[unit.offset :])
    assert caught.value.id == "qp-density-missing"
