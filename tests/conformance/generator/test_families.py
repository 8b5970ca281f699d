"""Descriptions and cases fit together."""

import pytest

from nnref.conformance.generator.building import Description, build
from nnref.conformance.generator.families.documented import DECIDED, WORKED
from nnref.conformance.generator.families.ledger import LEDGER
from nnref.conformance.generator.families.lnq.codebooks import layer_of_units
from nnref.conformance.generator.families.worked import EXAMPLES
from nnref.conformance.generator.shorthand import parameters, start
from nnref.conformance.kill import copy_of_decoder
from nnref.conformance.kill.faults import selected_faults
from nnref.conformance.suite import load
from nnref.spec.process import Refused, UpdateState, decode_stream

VARIABLE = {"lnq_variable_levels_flag": 1}

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
    numbers = (*range(1, 32), *range(40, 48), *range(49, 53))
    unnamed = {f"D-{number:02}" for number in numbers} - named
    refused = {"D-10", "D-11", "D-16", "D-18", "D-23", "D-24", "D-27"}
    assert unnamed == refused


def test_values_of_a_codeword_that_nothing_asks_for_are_an_error():
    surplus = layer_of_units("w", [0], {"lnq_lu_levels": [0], "lnq_centre": [1]}, **VARIABLE)
    described = Description("", "", (start(), parameters(), surplus))
    with pytest.raises(ValueError, match="nothing asks for"):
        build(described, UpdateState())


def test_methods_are_features_of_their_streams():
    features = {sheet.id: sheet.features for sheet in load()}
    assert "lnq" in features["lnq-eight"]
    assert "deep-compression" in features["deep-example"]
    assert "templates" in features["templates-plain"]


def test_lnq_fault_is_told_by_nothing_but_the_missing_check():
    sheets = {sheet.id: sheet for sheet in load()}
    for name, fault in (
        ("bad-lnq-dictionary", "lnq-index-range"),
        ("bad-lnq-width-0", "lnq-edge-zero"),
        ("bad-lnq-entry-levels", "lnq-entry-levels-range"),
    ):
        (found,) = selected_faults([fault])
        data = sheets[name].data
        with pytest.raises(Refused):
            decode_stream(data)
        assert copy_of_decoder(found).decode_stream(data).tensors


def test_unterminated_codeword_differs_in_its_last_bin_alone():
    sheets = {sheet.id: sheet for sheet in load()}
    for name in ("bad-lnq-terminate-layer", "bad-template-terminate"):
        with pytest.raises(Refused, match="payload-terminate-bin"):
            decode_stream(sheets[name].data)
