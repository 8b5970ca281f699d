"""The pages against the declarations, by their text: what a build checks, in milliseconds.

The build itself (`python spec/document`) checks the same with Sphinx, and every link.
"""

import re

from _ext import checks, declarations, tables, worked
from _ext.citations import process_sources

from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.rules import RULES
from tests.spec.document.conftest import DOCUMENT

PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCUMENT.glob("*.md"))}
TEXT = "\n".join(PAGES.values())
HEADING = re.compile(r"^#+ (?:Annex ([A-E])|(\d+(?:\.\d+)*)) (.+)$", re.MULTILINE)


def arguments(directive: str) -> list[str]:
    """The arguments of every use of a directive."""
    return re.findall(rf"^```{{{directive}}} (.+)$", TEXT, re.MULTILINE)


def test_every_clause_has_a_section_with_its_title() -> None:
    sections = {annex or clause: title for annex, clause, title in HEADING.findall(TEXT)}
    assert checks.clauses_without_section(CLAUSES, sections) == []


def test_clauses_stand_in_order() -> None:
    found = [annex or clause for annex, clause, _ in HEADING.findall(TEXT)]
    assert found == list(CLAUSES)


def test_every_element_has_semantics_once() -> None:
    stated = arguments("element")
    assert checks.elements_without_semantics(declarations.element_names(), stated) == []
    assert checks.repeated("element", stated) == []


def test_every_rule_is_stated() -> None:
    stated = {rule.id for clause in arguments("rules") for rule in tables.rules_of(clause)}
    assert checks.not_shown("rule", RULES, stated) == []
    assert all(tables.rules_of(clause) for clause in arguments("rules"))


def test_every_function_of_the_literal_decoder_is_shown() -> None:
    stating = {source.clause for source in process_sources(declarations.PROCESS)}
    assert stating == set(arguments("process"))


def test_every_syntax_table_enumeration_and_table_is_shown() -> None:
    clauses = {rows[0].structure_clause for rows in declarations.structures().values()}
    assert clauses == set(arguments("syntax-table"))
    assert set(arguments("enum")) == set(tables.ENUMS)
    assert set(arguments("table")) == set(tables.TABLES)


def test_every_stream_is_shown() -> None:
    assert set(arguments("example")) | set(arguments("stream")) == set(worked.manifest())


def test_every_function_shown_states_a_clause_that_exists() -> None:
    stating = {source.clause for source in process_sources(declarations.PROCESS)}
    assert stating <= set(CLAUSES)
