"""The declarations as documentation: complete, consistent, printable."""

import re

from nnref.spec.syntax import CONSTRAINTS, describe, read_units
from nnref.spec.syntax.describe import ELEMENT, STRUCTURE, VARIABLE
from nnref.spec.syntax.units import ANY_UNIT, UNITS, unit_syntax
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.rules import STREAM_RULES
from tests.spec.syntax.test_parameter_sets import FOUR_MAPS
from tests.spec.syntax.worked_streams import STREAMS

ROWS = describe()


def test_every_declared_element_is_described():
    described = {(row.structure, row.element) for row in ROWS}
    for syntax in (ANY_UNIT, *UNITS.values()):
        for structure in syntax.structures:
            for element in structure.elements:
                assert (structure.title, element.title) in described


def test_every_recorded_element_is_described_with_its_descriptor():
    described = {row.element: row.descriptor for row in ROWS}
    records = []
    for stream in (FOUR_MAPS, *map(bytes.fromhex, STREAMS.values())):
        list(read_units(stream, record=records.append))
    assert len(records) > 500
    for record in records:
        method = record.descriptor.partition("(")[0]
        assert described[record.name].partition("(")[0] == method, record


def test_every_unit_type_has_a_syntax():
    assert set(UNITS) == set(UnitType)
    assert unit_syntax(40).payload is True


def test_every_clause_and_rule_exists():
    for row in ROWS:
        assert row.clause in CLAUSES, row
        assert row.structure_clause in CLAUSES, row
        assert set(row.rules) <= set(STREAM_RULES), row


def test_every_constraint_stands_at_an_element():
    attached = {id(constraint) for row in ROWS for constraint in row.constraints}
    assert attached == {id(constraint) for constraint in CONSTRAINTS}
    assert all(constraint.rule in STREAM_RULES for constraint in CONSTRAINTS)


def test_conditions_are_printed_as_a_syntax_table_prints_them():
    for row in ROWS:
        for shown in (row.condition, row.count, row.inference):
            assert not re.search(r"this|params|None|lambda|object at|\band\b|\bor\b", shown), shown
    by_name = {row.element: row for row in ROWS}
    assert by_name["decomposition_rank"].condition == "(compressed_parameter_types & 1) != 0"
    assert by_name["parent_device_id"].condition == (
        "parent_node_id_present_flag == 1 && parent_node_id_type == 0"
    )
    assert by_name["bit_offset_delta1"].condition == "j == 0"
    assert by_name["tensor_dimensions"].count == "count_tensor_dimensions"
    assert by_name["codebook_delta_right"].count == "codebook_size - 1 - codebook_zero_offset"
    assert by_name["topology_data"].condition == (
        "!(topology_storage_format == 6 || topology_storage_format == 5)"
    )


def test_rows_say_what_absent_elements_mean_and_which_values_are_allowed():
    by_name = {row.element: row for row in reversed(ROWS)}
    assert by_name["scan_order"].inference == "0"
    assert by_name["cabac_unary_length_minus1"].inference == "out of band, else 9"
    assert by_name["device_id"].inference == ""
    assert by_name["scan_order"].values == "0..4"
    assert by_name["mps_quantization_parameter"].values == "-4096..4095"
    assert by_name["nnr_decompressed_data_format"].values == "0..9, 64..127"
    assert by_name["parent_node_payload_sha256"].values == "0..2^256 - 1"
    assert by_name["parent_node_id_type"].enumeration == "ParentNodeIdType"
    assert by_name["codebook_delta_left"].descriptor == "ue(codebook_egk)"
    assert by_name["codebook_egk"].units == ("NNR_NDU", "method data unit")
    assert by_name["spm_count_classes"].units == ("NNR_MPS", "NNR_LPS")


def test_rows_tell_elements_structures_and_variables_apart():
    kinds = {row.element: row.kind for row in ROWS}
    assert kinds["dq_flag"] == ELEMENT
    assert kinds["codebook_dc"] == kinds["byte_alignment()"] == STRUCTURE
    assert kinds["codebook_zero_offset"] == VARIABLE


def test_structures_are_listed_in_the_order_of_the_tables():
    order = list(dict.fromkeys(row.structure for row in ROWS))
    assert order[:3] == ["nnr_unit()", "nnr_unit_header()", "nnr_start_unit_header()"]
    assert order[-14:] == [
        "nnr_compressed_data_unit_header()",
        "codebook()",
        "entry_point()",
        "index_unit()",
        "indexed_unit()",
        "method_data_unit()",
        "lnq_header()",
        "lnq_class()",
        "lnq_codebook()",
        "video_header()",
        "low_rank_header()",
        "hierarchical_header()",
        "template_header()",
        "deep_compression_header()",
    ]
