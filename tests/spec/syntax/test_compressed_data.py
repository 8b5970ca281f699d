"""Clauses 6.9 to 6.11: conditions and inference of the compressed data unit, rule by rule."""

from dataclasses import replace

import pytest

from nnref.spec.errors import NnrError
from nnref.spec.limits import Limits
from nnref.spec.syntax import (
    OutOfBand,
    codebook_elements,
    entry_point_elements,
    entry_point_values,
    number_of_entry_points,
    read_units,
    write_unit,
)
from nnref.spec.tables.enums import UnitType
from tests.spec.syntax.streams import BLOCK, EDITION_2, FLOAT, ndu, opening

UPDATES = {"mps_parent_signalling_enabled_flag": 1}


def parsed(profile=0, mps=None, **changes):
    """The fields of an NDU after writing and reading it."""
    stream, state = opening(profile, **mps or {})
    return list(read_units(stream + ndu(state, **changes)))[2].fields


def refused(profile=0, mps=None, **changes):
    """The rule that writing the NDU breaks."""
    _, state = opening(profile, **mps or {})
    with pytest.raises(NnrError) as caught:
        ndu(state, **changes)
    return caught.value.id


def test_raw_tensor_has_neither_codebook_nor_dq_flag():
    fields = parsed(
        nnr_compressed_data_unit_payload_type=2, codebook_present_flag=None, dq_flag=None
    )
    assert (fields.codebook_present_flag, fields.dq_flag, fields.scan_order) == (0, 0, 0)


def test_integer_tensor_has_no_codebook_flag():
    fields = parsed(nnr_compressed_data_unit_payload_type=0, codebook_present_flag=None)
    assert (fields.codebook_present_flag, fields.dq_flag) == (0, 0)


def test_vector_has_neither_scan_order_nor_dimension_shift():
    one_dimension = {"count_tensor_dimensions": 1, "tensor_dimensions": [5], "scan_order": None}
    fields = parsed(1, first_tensor_dimension_shift=None, **one_dimension)
    assert (fields.scan_order, fields.first_tensor_dimension_shift) == (0, 0)
    assert refused(**one_dimension | {"scan_order": 1}) == "element-not-present"


def test_tensor_without_dimensions_and_empty_tensor_are_parsed():
    fields = parsed(count_tensor_dimensions=0, tensor_dimensions=[], scan_order=None)
    assert fields.tensor_dimensions == []
    assert parsed(tensor_dimensions=[0, 3]).tensor_dimensions == [0, 3]


def test_edition_2_elements_are_absent_in_profile_0():
    fields = parsed()
    assert (fields.node_id_present_flag, fields.parent_node_id_present_flag) == (0, 0)
    assert (fields.temporal_context_modeling_flag, fields.device_id) == (0, None)
    assert refused(node_id_present_flag=1) == "element-not-present"


NODE = {"node_id_present_flag": 1, "device_id": 2, "parameter_id": 40, "put_node_depth": 17}


def test_parent_shares_the_ids_of_the_node():
    fields = parsed(
        1,
        UPDATES,
        **NODE,
        parent_node_id_present_flag=1,
        parent_node_id_type=0,
        temporal_context_modeling_flag=1,
        parent_device_id=3,
    )
    assert (fields.device_id, fields.parameter_id, fields.put_node_depth) == (2, 40, 17)
    assert (fields.parent_device_id, fields.temporal_context_modeling_flag) == (3, 1)


def test_parent_brings_its_own_ids_when_the_node_has_none():
    parent = {
        "parent_node_id_present_flag": 1,
        "parent_node_id_type": 0,
        "temporal_context_modeling_flag": 0,
        "parent_device_id": 3,
        "parameter_id": 41,
        "put_node_depth": 18,
    }
    fields = parsed(1, UPDATES, **parent)
    assert (fields.device_id, fields.parameter_id, fields.put_node_depth) == (None, 41, 18)
    assert refused(1, UPDATES, **parent | {"parameter_id": None}) == "element-missing"


def test_ids_that_no_element_carries_are_not_dropped_silently():
    assert refused(1, parameter_id=41) == "element-not-present"


@pytest.mark.parametrize(("kind", "name", "bits"), [(1, "sha256", 256), (2, "sha512", 512)])
def test_parent_named_by_hash(kind, name, bits):
    digest = (1 << bits) - 3
    fields = parsed(
        1,
        UPDATES,
        parent_node_id_present_flag=1,
        parent_node_id_type=kind,
        temporal_context_modeling_flag=1,
        **{f"parent_node_payload_{name}": digest},
    )
    assert fields[f"parent_node_payload_{name}"] == digest
    assert (fields.parent_device_id, fields.parameter_id) == (None, None)


def test_parent_needs_parent_signalling():
    assert refused(1, parent_node_id_present_flag=1) == "element-not-present"


def test_without_input_parameters_everything_is_inferred():
    stream, state = opening()
    absent = dict.fromkeys(
        (
            "tensor_dimensions_flag",
            "cabac_unary_length_flag",
            "compressed_parameter_types",
            "count_tensor_dimensions",
            "tensor_dimensions",
            "cabac_unary_length_minus1",
        )
    )
    given = FLOAT | {"input_parameters_present_flag": 0, "scan_order": 2}
    given = {name: value for name, value in given.items() if name not in absent}
    out_of_band = {"w": OutOfBand([70, 2])}
    points = entry_point_elements([(100, 1, 0), (90, 2, 0), (110, 3, 0), (100, 4, 0)])
    unit = write_unit(5, given | {"entry_points": points}, b"", state, out_of_band=out_of_band)
    fields = list(read_units(stream + unit, out_of_band=out_of_band))[2].fields
    assert (fields.cabac_unary_length_minus1, fields.tensor_dimensions) == (9, [70, 2])
    assert [point["bit_offset_delta2"] for point in fields.entry_points] == [None, -10, 20, -10]
    with pytest.raises(NnrError) as caught:
        list(read_units(stream + unit))
    error = caught.value
    assert (error.id, error.place.tensor) == ("dimensions-unknown", "w")
    assert error.place.element == "count_tensor_dimensions"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tensor_dimensions": [20, 9], "scan_order": 1}, 2),
        ({"tensor_dimensions": [8, 9], "scan_order": 1}, 0),
        ({"tensor_dimensions": [9, 9], "scan_order": 1}, 1),
        ({"tensor_dimensions": [129, 2], "scan_order": 4}, 2),
        ({"tensor_dimensions": [129, 2], "scan_order": 0}, 0),
        ({"compressed_parameter_types": 1, "scan_order": 1, "topology_elem_id": "w_G"}, 4),
        ({"compressed_parameter_types": 1, "scan_order": 1, "topology_elem_id": "w_H"}, 1),
        (
            {
                "compressed_parameter_types": 1,
                "scan_order": 1,
                "nnr_compressed_data_unit_payload_type": 3,
            },
            5,
        ),
    ],
)
def test_entry_points_lead_to_every_block_row_but_the_first(changes, expected):
    fields = FLOAT | {"g_number_of_rows": 40, "decomposition_rank": 16} | changes
    assert number_of_entry_points(fields) == expected


def test_entry_point_lists_convert_both_ways():
    points = [(147, 60, 1), (149, 49, 6), (20, 0, 0)]
    elements = entry_point_elements(points)
    assert elements[1] == {"cabac_offset_list": 49, "dq_state_list": 6, "bit_offset_delta2": 2}
    assert entry_point_values(elements) == points
    assert entry_point_values(None) == []


def test_dq_states_are_absent_without_dependent_quantization():
    changes = {"tensor_dimensions": [9, 9], "scan_order": 1}
    points = entry_point_elements([(5, 7, 0)])
    assert parsed(**changes, entry_points=points).entry_points[0].dq_state_list == 0
    with_state = entry_point_elements([(5, 7, 3)])
    assert refused(**changes, entry_points=with_state) == "element-not-present"
    assert parsed(**changes, dq_flag=1, entry_points=with_state).entry_points[0].dq_state_list == 3


@pytest.mark.parametrize(
    ("entries", "zero"),
    [([5], 0), ([-3, 0, 9], 0), ([-3, 0, 9], 2), ([-(2**31), 2**31 - 1], 1), ([0, 1, 2, 3], 2)],
)
@pytest.mark.parametrize("egk", [0, 7, 15])
def test_codebooks_convert_both_ways(entries, zero, egk):
    elements = codebook_elements(entries, zero, egk)
    codebook = parsed(codebook_present_flag=1, codebook=elements).codebook
    assert (codebook.codebook, codebook.codebook_zero_offset) == (entries, zero)


@pytest.mark.parametrize(
    ("entries", "zero", "rule"),
    [
        ([], 0, "codebook-empty"),
        ([1, 2], 2, "codebook-zero-offset-range"),
        ([1, 1], 0, "element-value"),
    ],
)
def test_impossible_codebook_is_refused(entries, zero, rule):
    with pytest.raises(NnrError) as caught:
        codebook_elements(entries, zero, 0)
    assert caught.value.id == rule


BOOK = codebook_elements([-1, 0, 1], 1, 0)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"codebook": BOOK | {"codebook_size": 0}}, "codebook-empty"),
        ({"codebook": BOOK | {"codebook_centre_offset": 2}}, "codebook-zero-offset-range"),
        ({"codebook": BOOK | {"codebook_centre_offset": -2}}, "codebook-zero-offset-range"),
        ({"codebook": BOOK | {"codebook_zero_value": 2**31 - 1}}, "codebook-value-overflow"),
        ({"codebook": BOOK | {"codebook_zero_value": -(2**31)}}, "codebook-value-overflow"),
        ({"codebook": BOOK | {"codebook": [0, 1, 2]}}, "element-not-present"),
        ({"codebook": BOOK | {"codebook_sise": 3}}, "element-unknown"),
        ({"codebook": 3}, "element-missing"),
        ({"dq_flag": 1, "codebook": BOOK}, "dq-with-codebook"),
    ],
)
def test_codebook_that_breaks_a_rule_is_refused(changes, rule):
    assert refused(codebook_present_flag=1, **changes) == rule


LOW_RANK = {
    "compressed_parameter_types": 1,
    "decomposition_rank": 3,
    "g_number_of_rows": 4,
    "tensor_dimensions": [4, 6],
    "topology_elem_id_list": ["w_G", "w_H"],
}


def test_block_of_two_factors_has_a_codebook_for_each():
    factors = BLOCK | LOW_RANK | {"codebook_present_flag": 1, "codebook": BOOK}
    fields = parsed(**factors, codebook_dc=codebook_elements([7], 0, 2))
    assert fields.codebook.codebook == [-1, 0, 1]
    assert fields.codebook_dc.codebook == [7]
    assert refused(**factors) == "element-missing"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"nnr_compressed_data_unit_payload_type": 4}, "payload-type-reserved"),
        ({"nnr_compressed_data_unit_payload_type": 3}, "block-single-element"),
        ({"scan_order": 5}, "scan-order-reserved"),
        ({"scan_order": 1, "tensor_dimensions": [0, 3]}, "tensor-dimension-zero-columns"),
        ({"tensor_dimensions": [1 << 31, 3]}, "limit-dimension"),
        (BLOCK | {"compressed_parameter_types": 10}, "block-element-count"),
        (BLOCK | LOW_RANK | {"decomposition_rank": 0}, "decomposition-rows"),
        (BLOCK | LOW_RANK | {"g_number_of_rows": 0}, "decomposition-rows"),
        (BLOCK | LOW_RANK | {"g_number_of_rows": 5}, "decomposition-rows"),
        (BLOCK | {"nnr_compressed_data_unit_payload_type": 1}, "tensor-split-undefined"),
        (
            {"nnr_compressed_data_unit_payload_type": 0, "codebook_present_flag": 0, "dq_flag": 1},
            "dq-with-integer-payload",
        ),
    ],
)
def test_values_that_break_a_rule_are_refused(changes, rule):
    assert refused(**changes) == rule


@pytest.mark.parametrize("input_parameters", [0, 1])
def test_several_elements_outside_a_block_are_undefined(input_parameters):
    _, state = opening()
    fields = BLOCK | {
        "nnr_compressed_data_unit_payload_type": 1,
        "input_parameters_present_flag": input_parameters,
    }
    with pytest.raises(NnrError) as caught:
        write_unit(5, {k: v for k, v in fields.items() if v is not None}, b"", state)
    assert caught.value.id == "tensor-split-undefined"


def test_reserved_values_of_edition_2_are_refused():
    parent = {"parent_node_id_present_flag": 1, "temporal_context_modeling_flag": 0}
    assert refused(1, UPDATES, **parent, parent_node_id_type=3) == "parent-node-id-type-reserved"
    assert refused(1, first_tensor_dimension_shift=2) == "dimension-shift-range"
    assert parsed(1, first_tensor_dimension_shift=1).first_tensor_dimension_shift == 1


@pytest.mark.parametrize(("code", "good"), [(9, True), (10, False), (63, False), (64, True)])
def test_decompressed_data_format_is_standard_or_private(code, good):
    changes = {
        "nnr_decompressed_data_format_present_flag": 1,
        "nnr_decompressed_data_format": code,
    }
    if good:
        assert parsed(**changes).nnr_decompressed_data_format == code
    else:
        assert refused(**changes) == "data-format-reserved"


@pytest.mark.parametrize("listed", [("a", "b"), ()])
def test_index_outside_the_reference_list_is_refused(listed):
    _, state = opening(mps_topology_indexed_reference_flag=1)
    state = replace(state, reference_list=listed)
    fields = BLOCK | {"topology_elem_id_list": None, "topology_elem_id_index_list": [0, 2]}
    with pytest.raises(NnrError) as caught:
        ndu(state, **fields)
    assert (caught.value.id, caught.value.place.element) == (
        "topology-index-range",
        "topology_elem_id_index_list",
    )


def test_count_is_checked_against_the_bits_left_before_the_first_entry():
    stream, state = opening()
    unit = ndu(state, codebook_present_flag=1, codebook=codebook_elements([0, 1, 2], 0, 0))
    small, large = (f"{code:b}" for code in (3 + 4, 100_003 + 4))
    text = f"{int.from_bytes(unit, 'big'):0{8 * len(unit)}b}"
    before = "1" + "0000" + "0" * (len(small) - 3) + small
    assert text.count(before) == 1
    damaged = text.replace(before, "1" + "0000" + "0" * (len(large) - 3) + large)[: len(text)]
    damaged = int(damaged, 2).to_bytes(len(unit), "big")
    with pytest.raises(NnrError) as caught:
        list(read_units(stream + damaged))
    assert caught.value.id == "unit-element-truncated"
    assert caught.value.place.element.startswith("codebook.codebook_delta_")
    assert "[" not in caught.value.place.element
    with pytest.raises(NnrError) as caught:
        list(read_units(stream + damaged, limits=Limits(max_list_entries=10)))
    assert caught.value.id == "limit-list-entries"


def test_indexed_block_aligns_after_its_indices():
    stream, state = opening(mps_topology_indexed_reference_flag=1)
    listed = {
        "topology_storage_format": 6,
        "topology_compression_format": 0,
        "count_topology_elements_minus2": 199,
        "topology_elem_id_list": [f"t{i}" for i in range(201)],
    }
    stream += write_unit(UnitType.NNR_TPL, listed, b"", state)
    state = state.after(UnitType.NNR_TPL, listed)
    fields = BLOCK | {"topology_elem_id_list": None, "topology_elem_id_index_list": [0, 200]}
    unit = ndu(state, **fields)
    records = []
    parsed_fields = list(read_units(stream + unit, record=records.append))[3].fields
    assert parsed_fields.topology_elem_id_index_list == [0, 200]
    names = [record.path for record in records]
    where = names.index("topology_elem_id_index_list[1]")
    assert names[where + 1] == "byte_alignment()"
    assert names[where - 2] == "count_topology_elements_minus2"


def test_edition_2_defaults_of_the_helpers_are_present_elements():
    assert set(EDITION_2) <= set(parsed(1))
