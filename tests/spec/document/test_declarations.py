"""What the document knows of the declared syntax."""

import pytest
from _ext import declarations, tables

from nnref.spec.tables import cabac
from nnref.spec.tables.rules import RULES


def test_elements_of_headers_and_codewords_need_semantics() -> None:
    names = declarations.element_names()
    assert {"dq_flag", "sig_flag", "codebook_delta_left", "byte_alignment()"} <= names


def test_structures_with_tables_of_their_own_need_none() -> None:
    assert not {"codebook()", "entry_points", "codebook_dc"} & declarations.element_names()


def test_elements_of_the_codeword_are_those_the_literal_decoder_reads() -> None:
    coded = declarations.coded_elements()
    assert coded["sig_flag"].coding == "context bins"
    assert coded["qp_delta"].coding == "bypass bins, two's complement"
    assert coded["abs_level_greater_x"].clause == "6.14.3"


def test_every_rule_is_in_the_table_of_its_clause() -> None:
    shown = {rule.id for r in RULES.values() for rule in tables.rules_of(r.clause)}
    assert shown == set(RULES)


def test_range_table_is_shown_whole() -> None:
    table = tables.range_lps()
    shown = [[int(str(cell)) for cell in row[1:]] for row in table.rows]
    assert [list(column) for column in zip(*shown, strict=True)] == [
        list(row) for row in cabac.RANGE_LPS
    ]


def test_context_table_covers_the_store_but_for_the_unused_indices() -> None:
    used = []
    for row in tables.contexts().rows:
        first, _, last = str(row[4]).partition("–")
        used += range(int(first), int(last) + 1)
    unused = {84 + 44, 85 + 44, 86 + 44, 88 + 44}
    assert sorted(used) == sorted(set(range(cabac.context_count(11))) - unused)


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_table_has_as_many_cells_as_headers(name: str) -> None:
    table = tables.TABLES[name]()
    assert {len(row) for row in table.rows} == {len(table.headers)}


@pytest.mark.parametrize("name", tables.ENUMS)
def test_every_member_of_an_enumeration_is_shown(name: str) -> None:
    shown = [str(row[0]) for row in tables.enumeration(name).rows]
    assert shown == [str(int(member)) for member in tables.ENUMS[name]]


def test_weights_per_byte_of_the_bound_follow_from_the_range_table() -> None:
    """Clause 8.3.1: 98 context bins at most between two shifts."""
    range_, bins = 510, 0
    while range_ >= 256:
        range_ -= min(cabac.RANGE_LPS[(range_ >> 5) & 7])
        bins += 1
    assert bins == 98


def test_estimators_stay_within_the_bounds_the_document_gives() -> None:
    """Clause 9.2.1."""
    largest = {"fast": 0, "slow": 0}
    for fast_shift, slow_shift, fast, slow in cabac.PARAMETER_SETS:
        for name, start, index_shift, shift in (
            ("fast", fast, 3, fast_shift + 4),
            ("slow", slow, 7, slow_shift),
        ):
            reached = reachable(start, index_shift, shift)
            largest[name] = max(largest[name], *(abs(value) for value in reached))
    assert largest == {"fast": 123, "slow": 1923}


def reachable(start: int, index_shift: int, shift: int) -> set[int]:
    """Every value of an estimator, by either bin from every other."""
    found, left = {start}, [start]
    while left:
        value = left.pop()
        for sign in (1, -1):
            step = cabac.TRANSITION[16 + (sign * value >> index_shift)] >> shift
            if value + sign * step not in found:
                found.add(value + sign * step)
                left.append(value + sign * step)
    return found
