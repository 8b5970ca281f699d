"""Encoder conformance: all that is wrong with a stream, at places of the whole stream."""

import json

import numpy as np
import pytest

from nnref.codec import encode
from nnref.conformance.encoder_check import check_stream, rules_judged
from nnref.conformance.suite import load
from nnref.spec.syntax import read_units
from nnref.tools.cli import app
from tests.support import needs_pictures

RNG = np.random.default_rng(5)
GOOD = encode({f"t{i}": RNG.normal(size=(4, 4)).astype(np.float32) for i in range(5)}, qp=-20)
UNITS = list(read_units(GOOD))


def with_bytes(offset, *values):
    data = bytearray(GOOD)
    data[offset : offset + len(values)] = bytes(values)
    return bytes(data)


def units_of(judged):
    return [(one.id, one.place.unit) for one in judged.findings]


def test_stream_of_an_encoder_conforms():
    judged = check_stream(GOOD)
    assert judged.conforms
    assert (judged.units, judged.tensors, judged.size) == (len(UNITS), 5, len(GOOD))


def test_every_damaged_unit_is_found_and_the_rest_is_read():
    reserved_type = UNITS[3].offset + 3, 0xFF
    cut_short = UNITS[5].offset + UNITS[5].size - 1, GOOD[UNITS[5].offset + UNITS[5].size - 1] ^ 1
    data = bytearray(GOOD)
    for place, value in (reserved_type, cut_short):
        data[place] = value
    judged = check_stream(bytes(data))
    assert units_of(judged) == [("payload-type-reserved", 3), ("payload-stop-bit", 5)]
    assert judged.complete
    assert judged.units == len(UNITS)
    for finding in judged.findings:
        unit = UNITS[finding.place.unit]
        assert 8 * unit.offset <= finding.place.bit <= 8 * (unit.offset + unit.size)


def test_unit_that_is_there_twice_is_passed_over():
    unit = UNITS[2]
    twice = GOOD + GOOD[unit.offset : unit.offset + unit.size]
    judged = check_stream(twice + twice[-unit.size :])
    assert judged.broken == {"tensor-name-duplicate": 2}
    assert units_of(judged) == [("tensor-name-duplicate", 7), ("tensor-name-duplicate", 8)]


def test_without_a_parameter_set_nothing_can_be_read_on():
    judged = check_stream(GOOD[: UNITS[1].offset] + GOOD[UNITS[2].offset :])
    assert units_of(judged) == [("mps-missing", 1)]
    assert not judged.complete


def test_cut_stream_is_judged_up_to_the_cut():
    judged = check_stream(with_bytes(UNITS[2].offset + 3, 0xFF)[:-2])
    assert [one.id for one in judged.findings] == ["payload-type-reserved", "unit-truncated"]
    assert not judged.complete


def test_every_byte_changed_is_judged_without_a_crash():
    for place in range(len(GOOD)):
        judged = check_stream(with_bytes(place, GOOD[place] ^ 0x55))
        bits = [one.place.bit for one in judged.findings if one.place.bit is not None]
        assert all(0 <= bit <= 8 * len(GOOD) for bit in bits)


def test_suite_is_judged_as_its_sheets_say():
    needs_pictures()
    sheets = {sheet.id: sheet for sheet in load()}
    for sheet in sheets.values():
        options, fault = sheet.options, sheet.fault
        if options.out_of_band or options.limits or options.semantics:
            continue
        judged = check_stream(
            sheet.data,
            bases=[sheets[name].data for name in options.chain],
            dialect=sheet.coded_dialect,
        )
        if fault is not None and fault.refusal == "required":
            assert fault.rule in judged.broken, sheet.id
        elif sheet.expected is not None and fault is None and options.as_coded:
            assert set(judged.broken) <= {*sheet.expected.findings, "local-scaling-rows"}, sheet.id


def test_rules_of_updates_need_the_streams_before():
    without, with_bases = (
        {rule.id for rule in rules_judged(with_bases)} for with_bases in (False, True)
    )
    assert with_bases - without == {"base-missing", "parent-mismatch"}


@pytest.fixture
def files(tmp_path):
    good, bad = tmp_path / "good.nnr", tmp_path / "bad.nnr"
    good.write_bytes(GOOD)
    bad.write_bytes(with_bytes(UNITS[3].offset + 3, 0xFF))
    return good, bad


def test_command_lists_the_findings_of_every_stream(files, capsys):
    good, bad = map(str, files)
    assert app.run(["conformance", "check", good]) == 0
    assert "conforms" in capsys.readouterr().out
    assert app.run(["conformance", "check", good, bad]) == 4
    out, err = capsys.readouterr()
    assert "payload-type-reserved: unit 3" in out
    assert "error[payload-type-reserved]" in err
    assert app.run(["conformance", "check", good, bad, "--json"]) == 4
    content = json.loads(capsys.readouterr().out)
    assert [one["conforms"] for one in content["streams"]] == [True, False]
    assert "payload-type-reserved" in content["rules"]
