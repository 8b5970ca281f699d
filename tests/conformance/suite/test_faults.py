"""Invalid cases are one edit away from valid ones, and are refused by the rule they name."""

import tracemalloc

import pytest

from nnref.codec import Chain, NnrError, OutOfBand, Stream, UpdateState
from nnref.conformance.coverage.waivers import waiver
from nnref.conformance.suite import PERMITTED, REQUIRED, load
from nnref.spec.limits import Limits
from nnref.spec.tables.rules import RULES, STREAM_RULES

SHEETS = {sheet.id: sheet for sheet in load()}
BROKEN = [sheet for sheet in SHEETS.values() if sheet.fault]


def decode(sheet):
    known = {name: OutOfBand(**given) for name, given in sheet.options.out_of_band.items()}
    options = {
        "dialect": sheet.coded_dialect,
        "out_of_band": known,
        "limits": Limits().with_options(dict(sheet.options.limits)),
    }
    earlier = [SHEETS[one].data for one in sheet.options.chain]
    if sheet.options.semantics:
        Chain.of([*earlier, sheet.data], semantics=sheet.options.semantics, **options)
        return []
    state = UpdateState()
    for data in earlier:
        state = Stream(data, base=state, **options).next_state()
    stream = Stream(sheet.data, base=state, as_coded=sheet.options.as_coded, **options)
    list(stream.decoded())
    return [finding.id for finding in stream.findings]


@pytest.mark.parametrize("sheet", BROKEN, ids=lambda sheet: sheet.id)
def test_edit_undone_gives_the_parent_byte_for_byte(sheet):
    parent = SHEETS[sheet.fault.parent]
    assert sheet.fault.edit.undo(sheet.data) == parent.data != sheet.data


@pytest.mark.parametrize("sheet", BROKEN, ids=lambda sheet: sheet.id)
def test_parent_is_a_valid_case(sheet):
    assert SHEETS[sheet.fault.parent].kind != "invalid"


@pytest.mark.parametrize("sheet", BROKEN, ids=lambda sheet: sheet.id)
def test_fast_decoder_refuses_or_finds_the_rule(sheet):
    rule = sheet.fault.rule
    try:
        found = decode(sheet)
    except NnrError as error:
        found = [error.id]
        assert not RULES[rule].tolerated
    assert rule in found


@pytest.mark.parametrize("sheet", BROKEN, ids=lambda sheet: sheet.id)
def test_fault_says_what_its_rule_says(sheet):
    fault, rule = sheet.fault, RULES[sheet.fault.rule]
    assert (fault.clause, fault.error_class) == (rule.clause, rule.kind)
    may_go_on = rule.tolerated or rule.kind == "limit"
    assert fault.refusal == (PERMITTED if may_go_on else REQUIRED)
    assert bool(sheet.expected) == rule.tolerated
    first, last = fault.window
    assert 0 <= first <= last <= max(8 * len(sheet.data) - 1, 0)
    assert first // 8 <= fault.edit.byte


def test_every_rule_about_streams_is_broken_by_a_case():
    broken = {sheet.fault.rule for sheet in BROKEN}
    broken |= {
        rule for sheet in SHEETS.values() if sheet.expected for rule in sheet.expected.findings
    }
    assert [
        rule for rule in STREAM_RULES if rule not in broken and not waiver(f"rule {rule}")
    ] == []


def test_a_wrong_stream_cannot_be_undone():
    with pytest.raises(ValueError, match="are not"):
        BROKEN[0].fault.edit.undo(b"\1" * 3 if BROKEN[0].fault.edit.new_bytes else b"")


@pytest.mark.parametrize("sheet", BROKEN, ids=lambda sheet: sheet.id)
def test_refusing_takes_next_to_no_memory(sheet):
    tracemalloc.start()
    try:
        decode(sheet)
    except NnrError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 4 << 20 < sheet.budget.memory_bytes
