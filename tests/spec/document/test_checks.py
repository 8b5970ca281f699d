"""The checks that fail the build of the document."""

from _ext import checks
from _ext.citations import Citation

CLAUSES = {"1": "Scope", "9.3": "Engine"}


def test_complete_sections_are_good() -> None:
    assert checks.clauses_without_section(CLAUSES, dict(CLAUSES)) == []


def test_clause_without_section_is_reported() -> None:
    (problem,) = checks.clauses_without_section(CLAUSES, {"1": "Scope"})
    assert problem == "clause 9.3 (Engine) has no section"


def test_section_that_is_no_declared_clause_is_reported() -> None:
    (problem,) = checks.clauses_without_section(CLAUSES, CLAUSES | {"2": "More"})
    assert "section 2" in problem


def test_section_with_another_title_is_reported() -> None:
    (problem,) = checks.clauses_without_section(CLAUSES, CLAUSES | {"9.3": "Motor"})
    assert "'Motor'" in problem
    assert "'Engine'" in problem


def test_citation_of_a_clause_that_does_not_exist_is_reported_with_its_place() -> None:
    cited = [Citation("9.3", "a.py", 1), Citation("9.9", "b.py", 7)]
    (problem,) = checks.unknown_citations(CLAUSES, cited)
    assert problem == "b.py:7: clause 9.9 does not exist"


def test_element_without_semantics_is_reported() -> None:
    (problem,) = checks.elements_without_semantics({"dq_flag", "qp"}, {"qp"})
    assert problem == "element dq_flag has no semantics"


def test_semantics_of_an_undeclared_element_are_reported() -> None:
    (problem,) = checks.elements_without_semantics({"qp"}, {"qp", "old_flag"})
    assert "old_flag" in problem


def test_semantics_in_another_clause_than_declared_are_reported() -> None:
    declared = {"a": ["7.1"], "b": ["7.1", "7.2"]}
    assert checks.semantics_elsewhere(declared, {"b": "7.2", "coded": "7.10"}) == []
    (problem,) = checks.semantics_elsewhere(declared, {"a": "7.2"})
    assert "element a is explained in 7.2" in problem


def test_rule_that_is_never_stated_is_reported() -> None:
    (problem,) = checks.not_shown("rule", ["codebook-empty", "unit-truncated"], {"unit-truncated"})
    assert problem == "rule codebook-empty is shown nowhere"
