"""The elements of codewords are those that the literal decoder reads."""

import pytest

from nnref.spec.tables.clauses import CLAUSES
from nnref.tools.syntax.coded import CODED, CODED_ELEMENTS
from nnref.tools.syntax.process import functions
from tests.tools.trace.samples import STREAMS, only, whole

KINDS = {"ae(v)": {"context", "terminate"}}


def test_every_element_that_a_stream_codes_is_listed():
    decoded = {event["element"] for name in STREAMS for event in only(whole(name), "bin")}
    assert decoded == set(CODED)


@pytest.mark.parametrize("element", CODED_ELEMENTS, ids=lambda one: one.name)
def test_descriptor_says_what_kind_the_bins_are(element):
    found = {
        event["kind"]
        for name in STREAMS
        for event in only(whole(name), "bin")
        if event["element"] == element.name
    }
    assert found <= KINDS.get(element.descriptor, {"bypass"})


@pytest.mark.parametrize("element", CODED_ELEMENTS, ids=lambda one: one.name)
def test_clauses_are_declared(element):
    for clause in (element.structure_clause, element.clause, *element.coding):
        assert clause in CLAUSES


@pytest.mark.parametrize("element", CODED_ELEMENTS, ids=lambda one: one.name)
def test_element_is_read_by_a_function_of_one_of_its_clauses(element):
    readers = {one.clause for one in functions() if f'"{element.name}"' in one.source}
    assert readers & {element.structure_clause, element.clause, *element.coding}
