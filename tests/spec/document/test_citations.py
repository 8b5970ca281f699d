"""Citations of clauses in sources, and functions by the clause they state."""

from pathlib import Path

import pytest
from _ext.citations import citations, cited_clauses, process_sources

from nnref.spec.tables.clauses import CLAUSES
from tests.spec.document.conftest import DOCUMENT


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Clause 9.3.2: a bin", ["9.3.2"]),
        ("see clause 5.", ["5"]),
        ("Clauses 6.3 to 6.8: units", ["6.3", "6.8"]),
        ("clauses 4, 5.1 and 12.4", ["4", "5.1", "12.4"]),
        ("Annex B and clause E: formats", ["E", "B"]),
        ("a clause about 3 things", []),
        ("the clauses of 2024", []),
    ],
)
def test_citations_are_found_in_prose(text: str, found: list[str]) -> None:
    assert [clause for clause, _ in cited_clauses(text)] == found


def test_citation_knows_its_line() -> None:
    assert list(cited_clauses("one\ntwo\nclause 7.1\n")) == [("7.1", 3)]


def test_citation_may_run_over_the_end_of_a_line() -> None:
    assert [clause for clause, _ in cited_clauses("clauses 5.1\nand 5.2")] == ["5.1", "5.2"]


def test_every_clause_cited_in_the_sources_exists() -> None:
    found = citations(
        DOCUMENT.parents[1], ("spec", "codec", "conformance", "tools"), (".py", ".md")
    )
    assert len(found) > 200
    assert [c for c in found if c.clause not in CLAUSES] == []


def test_function_is_listed_under_the_clause_its_docstring_opens_with(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        '"""Clause 9: a module."""\n\n'
        "@decorated\n"
        "class Engine:\n"
        '    """Clause 9.3: the engine."""\n\n'
        "    range: int\n\n"
        "    def bin(self):\n"
        '        """Clause 9.3.2: a bin."""\n'
        "        return 1\n\n"
        "    def helper(self):\n"
        '        """No clause."""\n'
    )
    head, method = process_sources(tmp_path)
    assert (head.clause, head.name, head.module) == ("9.3", "Engine", "a.py")
    assert head.text.startswith("@decorated\nclass Engine:")
    assert head.text.endswith("range: int")
    assert (method.clause, method.name) == ("9.3.2", "Engine.bin")
    assert method.text.startswith("def bin(self):")
    assert method.text.endswith("    return 1")
