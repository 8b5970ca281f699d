"""A trace that is the literal decoder's own agrees; of any other the first difference is named."""

import json

import pytest

from nnref.tools.trace import Source, Wanted, diverge

from .samples import STREAMS, only, source, traced, whole

DECODED = [name for name in STREAMS if only(whole(name), "payload_end")]
BIN_FIELDS = ("context", "state", "range", "offset", "shifts", "value", "element", "weight")


def lines(events):
    return [json.dumps(event) for event in events]


def compared(name, events):
    return diverge(source(name), lines(events))


def bins_of(name):
    return [dict(event) for event in only(whole(name), "bin")]


@pytest.mark.parametrize("name", STREAMS)
def test_own_trace_agrees(name):
    result = compared(name, whole(name))
    assert result.difference is None
    for kind in ("element", "bin", "level"):
        assert result.events[kind] == len(only(whole(name), kind)) or result.refusal


@pytest.mark.parametrize("name", DECODED)
def test_values_of_bins_are_enough(name):
    bins = [{"unit": one["unit"], "value": one["value"]} for one in bins_of(name)]
    result = compared(name, bins)
    assert result.difference is None
    assert result.events["bin"] == len(bins)


@pytest.mark.parametrize("name", DECODED)
def test_text_of_0_and_1_is_enough(name):
    codewords = {}
    for one in bins_of(name):
        codewords.setdefault(one["unit"], []).append(str(one["value"]))
    result = diverge(source(name), ["".join(values) for values in codewords.values()])
    assert result.difference is None
    assert result.units == set(codewords)


def test_terminate_bin_may_be_left_out():
    assert compared("dependent", bins_of("dependent")[:-1]).difference is None


@pytest.mark.parametrize("field", BIN_FIELDS)
@pytest.mark.parametrize("place", [71, 88])
def test_changed_field_of_a_bin_is_found(field, place):
    bins = bins_of("dependent")
    assert field in bins[place]
    bins[place][field] = "sign_flags" if field == "element" else 1 - bins[place][field]
    found = compared("dependent", bins).difference
    assert (found.expected["bin"], found.field, found.line) == (place, field, place + 1)
    assert found.got[field] == bins[place][field]
    assert found.expected["weight"] == bins_of("dependent")[place]["weight"]


@pytest.mark.parametrize("place", range(0, 94, 7))
def test_changed_value_of_a_text_is_found(place):
    values = "".join(str(one["value"]) for one in bins_of("dependent"))
    values = values[:place] + "10"[int(values[place])] + values[place + 1 :]
    found = diverge(source("dependent"), [values]).difference
    assert (found.expected["bin"], found.field) == (place, "value")
    assert found.before.values_only


@pytest.mark.parametrize("field", ["element", "bit", "bits", "value", "descriptor"])
def test_changed_element_of_a_header_is_found_before_the_bins(field):
    events = [dict(event) for event in whole("dependent")]
    elements = only(events, "element")
    elements[30][field] = "x" if isinstance(elements[30][field], str) else elements[30][field] + 1
    events[-5]["value"] = 9
    found = compared("dependent", events).difference
    assert (found.expected["element"], found.field) == (
        only(whole("dependent"), "element")[30]["element"],
        field,
    )
    assert found.unit == 2


def test_element_left_out_is_found():
    events = list(whole("dependent"))
    last = [i for i, event in enumerate(events) if event["event"] == "element"][-1]
    missing = events.pop(last)
    found = compared("dependent", events).difference
    assert (found.expected["element"], found.field) == (missing["element"], "end")


def test_changed_level_is_found_behind_bins_that_agree():
    events = [dict(event) for event in whole("dependent")]
    level = only(events, "level")[2]
    level["level"] = -level["level"]
    found = compared("dependent", events).difference
    assert (found.expected["event"], found.expected["weight"]) == ("level", 2)
    assert found.cause.clause == "9.5"


def test_null_and_unknown_fields_are_not_compared():
    bins = [one | {"context": None, "mood": "good"} for one in bins_of("dependent")]
    assert compared("dependent", bins).difference is None


def test_trace_that_stops_is_found():
    found = compared("dependent", bins_of("dependent")[:80]).difference
    assert (found.expected["bin"], found.field, found.got) == (80, "end", None)


def test_trace_that_goes_on_is_found():
    bins = bins_of("dependent")
    found = compared("dependent", [*bins, bins[-1] | {"bin": len(bins)}]).difference
    assert (found.expected, found.field, found.line) == (None, "end", len(bins) + 1)
    assert found.cause.clause == "9.3.4"


def test_missing_bin_of_a_weight_is_found_by_its_level():
    events = list(whole("dependent"))
    gone = [i for i, e in enumerate(events) if e.get("element") == "abs_level_greater_x"][-1]
    del events[gone]
    found = compared("dependent", [{k: v for k, v in e.items() if k != "bin"} for e in events])
    assert found.difference.expected["element"] == "abs_level_greater_x"
    assert found.difference.got["event"] == "level"


def test_bins_of_a_unit_without_codeword_are_found():
    found = compared("dependent", [{"unit": 1, "value": 1}]).difference
    assert (found.unit, found.expected) == (1, None)
    found = compared("dependent", [{"unit": 9, "value": 1}]).difference
    assert (found.unit, found.expected) == (9, None)


def test_units_may_be_left_out():
    last = bins_of("layer-parameters")[-1]["unit"]
    bins = [one for one in bins_of("layer-parameters") if one["unit"] == last]
    result = compared("layer-parameters", bins)
    assert (result.difference, result.units) == (None, {last})


def test_interval_of_a_trace_is_compared():
    events, _ = traced(source("dependent"), Wanted(from_bin=20, to_bin=60))
    result = compared("dependent", events)
    assert (result.difference, result.events["bin"]) == (None, 40)
    only(events, "bin")[10]["state"] += 1
    assert compared("dependent", events).difference.expected["bin"] == 30


def test_checkpoints_agree():
    events, _ = traced(source("BLOCK_ALL"), Wanted(bins=False, checkpoints=100))
    result = compared("BLOCK_ALL", events)
    assert result.difference is None
    assert result.events["checkpoint"] == len(only(events, "checkpoint")) > 5


@pytest.mark.parametrize("field", ["range", "offset", "shifts", "contexts"])
def test_checkpoint_that_differs_gives_the_interval(field):
    events, _ = traced(source("BLOCK_ALL"), Wanted(bins=False, checkpoints=100))
    point = only(events, "checkpoint")[4]
    point[field] = "00000000" if field == "contexts" else point[field] + 1
    found = compared("BLOCK_ALL", events).difference
    assert (found.field, found.interval) == (field, (point["bins"] - 100, point["bins"]))


def test_checkpoints_need_not_be_at_equal_distances():
    events, _ = traced(source("BLOCK_ALL"), Wanted(bins=False, checkpoints=10))
    some = [event for event in events if event.get("bins") in (10, 250, 260)]
    assert compared("BLOCK_ALL", some).events["checkpoint"] == 3


def test_checkpoint_behind_the_codeword_is_found():
    found = compared("dependent", [{"unit": 2, "bins": 1000, "range": 300}]).difference
    assert (found.field, found.expected) == ("end", None)
    assert "before so many bins" in found.cause.text


def test_refused_stream_is_compared_up_to_the_refusal():
    data = bytearray(STREAMS["dependent"])
    data[24:] = b"\xff" * (len(data) - 24)
    result = diverge(Source(bytes(data)), ['{"unit": 2, "value": 1}'])
    assert result.refusal.id == "payload-offset-range"
    assert (result.difference.expected, result.difference.line) == (None, 1)


def test_context_that_differs_is_put_in_words():
    bins = bins_of("dependent")
    assert bins[77]["context"] == 4
    bins[77]["context"] = 7
    found = compared("dependent", bins).difference
    assert found.context_meanings() == (
        "sig_flag (plain, DQ state 1, negative level before)",
        "sig_flag (plain, DQ state 2, negative level before)",
    )
    assert found.cause.clause == "10.3"
    assert found.row_and_column == (0, 2)
