"""What `write_unit` asks of its caller, and what it fills in."""

import numpy as np
import pytest

from nnref.spec.errors import NnrError, UsageError
from nnref.spec.syntax import StreamState, read_units, write_unit
from nnref.spec.tables.enums import UnitType
from tests.spec.syntax.streams import FLOAT, MPS, ndu, opening


def error_of(kind, fields, payload=b"", state=None):
    with pytest.raises(NnrError) as caught:
        write_unit(kind, fields, payload, state)
    return caught.value


def test_every_present_element_without_a_default_must_be_given():
    _, state = opening()
    for name in FLOAT:
        fields = {key: value for key, value in FLOAT.items() if key != name}
        error = error_of(UnitType.NNR_NDU, fields, b"", state)
        assert isinstance(error, UsageError)
        assert (error.id, error.place.element, error.place.unit_type) == (
            "element-missing",
            name,
            "NNR_NDU",
        )


@pytest.mark.parametrize(
    ("fields", "rule", "element"),
    [
        (MPS | {"mps_qp_densiti": 3}, "element-unknown", None),
        (MPS | {"mps_qp_density": 8}, "element-value", "mps_qp_density"),
        (MPS | {"mps_qp_density": "2"}, "element-value", "mps_qp_density"),
        (MPS | {"mps_quantization_parameter": 4096}, "element-value", "mps_quantization_parameter"),
        (MPS | {"nnr_pre_flag": 1}, "element-not-present", "nnr_pre_flag"),
        (MPS | {"nnr_reserved_zero_7bits": 1}, "reserved-bits-nonzero", "nnr_reserved_zero_7bits"),
        (MPS | {"mps_pruning_flag": 1}, "element-missing", "pruning_performance_map"),
        (MPS | {"nnr_unit_type": 5}, "element-value", "nnr_unit_type"),
        (
            MPS | {"independently_decodable_flag": 2},
            "element-value",
            "independently_decodable_flag",
        ),
        (MPS | {"partial_data_counter": 3}, "element-not-present", "partial_data_counter"),
        (
            MPS | {"partial_data_counter_present_flag": 1},
            "element-missing",
            "partial_data_counter",
        ),
    ],
)
def test_fields_that_cannot_be_written_are_refused(fields, rule, element):
    error = error_of(UnitType.NNR_MPS, fields, b"", StreamState(0))
    assert (error.id, error.place.element) == (rule, element)


def test_error_names_the_entry_of_a_list():
    _, state = opening()
    with pytest.raises(NnrError) as caught:
        ndu(state, tensor_dimensions=[2, -1])
    assert caught.value.place.element == "tensor_dimensions[1]"
    entry = {"cabac_offset_list": 256, "bit_offset_delta1": 1}
    with pytest.raises(NnrError) as caught:
        ndu(state, tensor_dimensions=[9, 9], scan_order=1, entry_points=[entry])
    assert caught.value.place.element == "entry_points[0].cabac_offset_list"


def test_lists_have_as_many_entries_as_are_counted():
    _, state = opening()
    for dimensions, rule in (([2], "element-count"), (None, "element-missing")):
        with pytest.raises(NnrError) as caught:
            ndu(state, tensor_dimensions=dimensions)
        assert caught.value.id == rule


def test_payload_is_refused_where_the_syntax_has_none():
    assert error_of(UnitType.NNR_MPS, MPS, b"x", StreamState(0)).id == "unit-size-mismatch"


@pytest.mark.parametrize("kind", [-1, 64])
def test_unit_type_has_6_bits(kind):
    assert error_of(kind, {}).id == "element-value"


def test_elements_may_be_numpy_integers_and_bools():
    stream, state = opening()
    plain = ndu(state)
    assert plain == ndu(
        state,
        tensor_dimensions=np.array([2, 3]),
        scan_order=np.uint8(0),
        dq_flag=False,
        cabac_unary_length_minus1=np.int64(10),
    )
    assert len(list(read_units(stream + plain))) == 3


def test_given_size_is_computed_anew():
    _, state = opening()
    parsed = list(read_units(opening()[0] + ndu(state, payload=b"ab")))[2]
    unit = write_unit(UnitType.NNR_NDU, parsed.fields, b"abcdef", state)
    assert len(unit) == parsed.size + 4 == int.from_bytes(unit[:2], "big")


def test_payload_may_be_any_bytes_like_object():
    _, state = opening()
    assert ndu(state, payload=memoryview(b"ab")) == ndu(state, payload=bytearray(b"ab"))
