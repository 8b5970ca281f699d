"""What is answered to the name of an element, structure, unit, clause or rule."""

import pytest

from nnref.spec.errors import UsageError
from nnref.spec.syntax import describe
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.rules import RULES
from nnref.tools.syntax import answer, clause_of, lines
from nnref.tools.syntax.coded import CODED
from nnref.tools.syntax.process import functions


def test_every_declared_line_and_every_coded_element_is_there():
    declared = [(row.structure, row.element) for row in describe()]
    found = [(line.structure, line.element) for line in lines() if line.kind != "coded"]
    assert found == declared
    assert [line.element for line in lines() if line.kind == "coded"] == list(CODED)


@pytest.mark.parametrize("name", sorted({line.element for line in lines()}))
def test_every_element_is_found_by_its_name(name):
    found = answer(name)
    assert [one for one in found.elements if one.element == name]


@pytest.mark.parametrize("unit", [kind.name for kind in UnitType])
def test_every_unit_is_found_with_the_tables_it_consists_of(unit):
    titles = [table.title for table in answer(unit).tables]
    assert titles[:2] == ["nnr_unit()", "nnr_unit_header()"]
    expected = {row.structure for row in describe() if unit in row.units}
    assert expected <= set(titles)
    assert answer(unit.removeprefix("NNR_").lower()).tables == answer(unit).tables


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_is_found_with_what_is_under_it(clause):
    found = answer(clause)
    assert found.title == f"{clause} {CLAUSES[clause]}"
    assert {rule.id for rule in found.rules} >= {
        rule.id for rule in RULES.values() if rule.clause == clause
    }
    assert {table.title for table in found.tables} >= {
        row.structure for row in describe() if row.structure_clause == clause
    }
    assert all(line.clause in found.clauses or line.coding for line in found.elements)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_found(rule):
    assert [one.id for one in answer(rule).rules] == [rule]


def test_clause_10_is_not_under_clause_1():
    assert answer("1").clauses == ("1",)
    assert answer("9.3").clauses[:2] == ("9.3", "9.3.1")


def test_element_says_where_it_sits():
    line, *_ = answer("dq_flag").elements
    assert (line.before, line.after) == ("codebook", "nnr_decompressed_data_format")
    assert line.structure == "nnr_compressed_data_unit_header()"
    assert line.units == ("NNR_NDU",)
    assert dict(line.demands).keys() == {"dq-with-codebook", "dq-with-integer-payload"}


def test_neighbours_are_mutual():
    for table in answer(None).tables:
        names = [line.element for line in table.lines]
        assert [line.before for line in table.lines] == ["", *names[:-1]]
        assert [line.after for line in table.lines] == [*names[1:], ""]


def test_rules_of_an_element_are_those_it_can_break_and_those_that_name_it():
    ids = [rule.id for rule in answer("codebook_size").rules]
    assert "codebook-empty" in ids
    assert "dq-with-codebook" in [rule.id for rule in answer("dq_flag").rules]
    assert [rule.id for rule in answer("abs_remainder_prefix").rules] == [
        "remainder-prefix-too-long"
    ]


def test_index_and_path_of_an_element_are_passed_over():
    assert answer("tensor_dimensions[1]") == answer("tensor_dimensions")
    assert answer("codebook.codebook_egk") == answer("codebook_egk")
    assert answer(" Clause 9.3.2 ") == answer("9.3.2")
    assert answer("annex e") == answer("E")


def test_structure_is_found_with_and_without_its_parentheses():
    assert answer("codebook()").tables == answer("codebook").tables
    assert answer("codebook_dc").tables == answer("codebook").tables
    assert len(answer("codebook").elements) == 3


def test_clause_comes_with_the_functions_of_the_literal_decoder():
    names = [one.name for one in answer("9.2.3").functions]
    assert names == ["probability.update"]
    source = answer("9.2.3").functions[0].source
    assert source.startswith("def update(")
    assert "Clause 9.2.3" in source
    assert any("@property" in one.source for one in functions())


@pytest.mark.parametrize(
    ("wrong", "like"), [("sig_flg", "sig_flag"), ("dqflag", "dq_flag"), ("NNR_NDV", "NNR_NDU")]
)
def test_unknown_name_is_refused_with_names_close_to_it(wrong, like):
    with pytest.raises(UsageError) as caught:
        answer(wrong)
    assert like in caught.value.detail
    assert wrong in caught.value.detail


@pytest.mark.parametrize("wrong", ["", "zzzzzz", "99.9", "()"])
def test_name_like_no_other_is_refused(wrong):
    with pytest.raises(UsageError) as caught:
        answer(wrong)
    assert caught.value.id == "usage"


def test_clause_of_an_element_depends_on_the_unit():
    assert clause_of("NNR_TPL", "count_topology_elements_minus2") == "7.6"
    assert clause_of("NNR_NDU", "count_topology_elements_minus2") == "7.8.2"
    assert clause_of("private(40)", "nnr_unit_type") == "7.1.2"
    assert clause_of("NNR_NDU", "sig_flag") == "7.10"
    assert clause_of("NNR_NDU", "nothing") == "6"
