"""Every item of the coverage contract has a stream or a waiver, and waivers are needed."""

from fnmatch import fnmatchcase

import pytest

from nnref.conformance.coverage.items import all_items
from nnref.conformance.coverage.measure import Suite
from nnref.conformance.coverage.report import coverage, page, summary
from nnref.conformance.coverage.waivers import WAIVERS
from nnref.conformance.suite import load
from nnref.spec.syntax import describe
from nnref.spec.tables.cabac import PARAMETER_SETS, TRANSITION
from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.rules import STREAM_RULES
from tests.support import needs_pictures


@pytest.fixture(scope="module")
def items():
    needs_pictures()
    return coverage(Suite(load()))


def test_every_item_is_reached_or_waived(items):
    assert [one.item for one in items if one.is_open] == []


def test_every_waiver_is_needed(items):
    waived = [one.item for one in items if one.waiver]
    unused = [name for name in WAIVERS if not any(fnmatchcase(one, name) for one in waived)]
    assert unused == []


def test_items_belong_to_clauses_that_exist(items):
    assert {one.clause for one in items} <= set(CLAUSES)


def test_page_names_every_item_but_those_of_functions(items):
    text = page(items)
    for one in items:
        if one.kind not in ("line", "branch") and not one.waiver:
            assert f"| `{one.item.split(' ', 1)[1]}` | {one.clause} | {one.stream} |" in text
    assert all(counts["open"] == 0 for counts in summary(items).values())


def test_item_without_a_stream_is_open():
    suite = Suite([sheet for sheet in load() if sheet.id == "start-only"])
    found = coverage(suite)
    assert sum(one.is_open for one in found) > 1000
    assert "**none**" in page(found)


def test_every_element_and_rule_has_items():
    names = {item.id.split(" ")[1].split(".")[-1] for item in all_items() if item.kind == "element"}
    bare = {row.element for row in describe() if row.kind == "element"} - names
    assert bare == {"topology_tensor_dimension_mapping()"} & bare
    rules = {item.id.removeprefix("rule ") for item in all_items() if item.kind == "rule"}
    assert rules == set(STREAM_RULES)


def test_no_sequence_of_bins_leads_to_the_waived_state():
    """The largest estimators of each set bound S; both are walked on their own."""
    for *shifts, fast, slow in PARAMETER_SETS:
        largest = [max(walked(fast, shifts[0] + 4, 3)), max(walked(slow, shifts[1], 7))]
        assert 16 * largest[0] + largest[1] < 31 << 7


def walked(start, shift, index_shift):
    """Every value that one estimator can have: it does not depend on the other."""
    seen, todo = {start}, [start]
    while todo:
        value = todo.pop()
        for sign in (1, -1):
            step = TRANSITION[16 + (sign * value >> index_shift)] >> shift
            if value + sign * step not in seen:
                seen.add(value + sign * step)
                todo.append(value + sign * step)
    return seen
