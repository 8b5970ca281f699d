"""The catalogue of faults: each applies exactly once and changes the decoder it says."""

import sys

import pytest

from nnref.conformance.kill import Fault, apply_fault, copy_of_decoder, load_faults
from nnref.conformance.kill.faults import selected_faults, source_of
from nnref.spec import process
from nnref.spec.errors import UsageError

FAULTS = load_faults()
EXEMPT = {"process.observer", "process.refused", "process.hevc"}
"""Modules that tell and do not decode; that which calls FFmpeg."""


def fault(**change):
    known = {
        "id": "test",
        "what": "a test",
        "module": "process.scan",
        "function": "effective_scan_order",
        "old": "rows <= 1",
        "new": "rows <= 2",
    }
    return Fault(**known | change)


def test_there_are_at_least_150_and_every_module_has_some():
    assert len(FAULTS) >= 150
    with_faults = {one.module for one in FAULTS}
    on_disk = {
        name.removeprefix("nnref.spec.")
        for name in sys.modules
        if name.startswith("nnref.spec.process.")
    }
    assert on_disk - EXEMPT <= with_faults


@pytest.mark.parametrize("one", FAULTS, ids=lambda one: one.id)
def test_fault_applies_exactly_once(one):
    assert apply_fault(one) != source_of(one.module)
    assert not one.what.endswith(".")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"old": "columns <= 7"}, "0 times"),
        ({"old": "rows"}, "[2-9] times"),
        ({"new": "rows  <= 1"}, "changes nothing"),
        ({"new": "rows <= ("}, "fault test: "),
        ({"function": "no_such"}, "there is no process.scan.no_such"),
        ({"module": "process.no_such"}, "no module"),
    ],
)
def test_fault_that_does_not_apply_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        apply_fault(fault(**change))


def test_function_bounds_where_the_text_is_looked_for():
    source = source_of("process.scan")
    changed = apply_fault(fault())
    assert changed.count("rows <= 2") == 1
    assert changed.replace("rows <= 2", "rows <= 1") == source


def test_copy_is_another_decoder_and_leaves_nothing_behind():
    copy, faulty = copy_of_decoder(), copy_of_decoder(fault())
    assert copy.decode_stream is not process.decode_stream
    assert copy.Refused is not process.Refused
    assert not any(name.startswith("nnref_copy") for name in sys.modules)
    assert faulty.decode_stream is not copy.decode_stream


def test_fault_of_a_table_is_in_the_copy_alone(examples):
    table = fault(module="tables.cabac", function="", old="(228, 200", new="(90, 200")
    data = examples["first"].data
    changed = copy_of_decoder(table)
    with pytest.raises(changed.Refused):
        changed.decode_stream(data)
    process.decode_stream(data)


def test_unknown_id_is_refused():
    with pytest.raises(UsageError, match="no-such-fault"):
        selected_faults(["no-such-fault"])
    assert [one.id for one in selected_faults(["sign-inverted"])] == ["sign-inverted"]
