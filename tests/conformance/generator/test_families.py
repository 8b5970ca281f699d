"""Descriptions and cases fit together."""

from nnref.conformance.generator.families.documented import DECIDED, WORKED
from nnref.conformance.generator.families.ledger import LEDGER
from nnref.conformance.generator.families.worked import EXAMPLES
from nnref.conformance.suite import load

REFUSED = {
    "aggregate", "duplicate-name", "entry-point-lie", "integer-dq", "map-without-entries",
    "offset-range", "several-names", "trailing-byte",
}  # fmt: skip
"""Streams of the ledger that are refused: the suite has such faults as edits of valid streams."""


def test_every_stream_of_the_document_that_decodes_is_a_case():
    assert {example.name for example in EXAMPLES} == set(WORKED)
    assert {entry.name for entry in LEDGER} - set(DECIDED) == REFUSED


def test_every_decision_of_the_ledger_has_a_case_that_names_it():
    named = {decision for sheet in load() for decision in sheet.decisions}
    unnamed = {f"D-{number:02}" for number in range(1, 32)} - named
    refused = {"D-10", "D-11", "D-16", "D-18", "D-23", "D-24", "D-27"}
    assert unnamed == refused
