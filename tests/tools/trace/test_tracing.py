"""What a trace tells of a stream."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest

from nnref.spec.errors import InvalidError, MalformedError, UsageError
from nnref.spec.process import Observer, Refused, decode_stream
from nnref.spec.process.probability import Context
from nnref.tools.trace import Selection, Source, Wanted, contexts_hash
from tests.spec.syntax.method_units import method_unit, plain_payload
from tests.spec.syntax.streams import opening

from .samples import EXAMPLES, STREAMS, chain, only, source, state_behind, traced, whole

DECODED = [name for name in STREAMS if only(whole(name), "payload_end")]


class Bins(Observer):
    """The literal decoder's own account of its bins, and copies of all contexts behind each."""

    def __init__(self):
        self.bins = []
        self.behind = []

    def engine(self, engine):
        self._engine = engine
        self._contexts = []

    def tensor(self, name, role, rows, columns):
        self._contexts = []

    def contexts(self, contexts):
        self._contexts = contexts

    def bin(self, kind, element, index, context, state, range_, offset, value):
        if kind == "terminate":
            self._contexts = []
        self.bins.append((kind, element, index, context, state, range_, offset, value))
        packed = b"".join(struct.pack("<hh", c.fast, c.slow) for c in self._contexts)
        registers = (self._engine.range, self._engine.offset, self._engine.shifts)
        self.behind.append((registers, packed))


def literal(name):
    observer = Bins()
    one = source(name)
    state = state_behind(chain(name))
    with suppress(Refused):
        decode_stream(one.data, state=state, observer=observer, dialect=one.dialect)
    return observer


@pytest.mark.parametrize("name", STREAMS)
def test_elements_follow_each_other_without_a_hole(name):
    events, error = traced(source(name))
    for unit in only(events, "unit"):
        bit = unit["bit"]
        for element in only(events, "element"):
            if element["unit"] == unit["unit"]:
                assert element["bit"] == bit
                bit += element["bits"]
        assert bit <= unit["bit"] + 8 * unit["bytes"]
    assert (error is None) == (events[-1]["event"] == "end")


@pytest.mark.parametrize("name", DECODED)
def test_bins_are_those_of_the_literal_decoder(name):
    bins = only(whole(name), "bin")
    names = ("kind", "element", "index", "context", "state", "range", "offset", "value")
    assert [tuple(map(one.get, names)) for one in bins] == literal(name).bins


@pytest.mark.parametrize("name", DECODED)
def test_bins_are_numbered_from_0_in_every_codeword(name):
    events = whole(name)
    for end in only(events, "payload_end"):
        bins = [one for one in only(events, "bin") if one["unit"] == end["unit"]]
        assert [one["bin"] for one in bins] == list(range(end["bins"]))
        last = bins[-1]
        assert last["kind"] == "terminate"
        assert all(last[name] == end[name] for name in ("range", "offset", "shifts"))
        assert end["bytes"] == 2 + end["shifts"] // 8


def test_shifts_are_the_bits_taken_in_before_the_bin():
    bins = only(whole("first"), "bin")
    assert [one["shifts"] for one in bins[:9]] == list(range(9))


def test_levels_and_tensors_are_told():
    events = whole("block")
    tensors = [(one["tensor"], one["role"]) for one in only(events, "tensor")]
    assert [role for _, role in tensors] == ["ls", "bias", "weight"]
    stream = decode_stream(STREAMS["block"])
    for tensor in stream.tensors:
        levels = [one for one in only(events, "level") if one["tensor"] == tensor.name]
        assert [one["level"] for one in levels] == tensor.levels
        assert [one["weight"] for one in levels] == list(range(len(tensor.levels)))


def test_coded_elements_are_told_with_their_value():
    coded = only(whole("dependent"), "coded_element")
    place = {"event": "coded_element", "unit": 2, "tensor": "w"}
    assert coded == [place | {"element": "qp_delta", "value": -8, "clause": "7.3.2"}]
    coded = only(whole("shift-parameters"), "coded_element")
    assert all("index" in one for one in coded if one["element"] == "shift_idx_minus_1")
    assert len(coded) > 1


def test_block_rows_are_told():
    rows = only(whole("block-scan"), "block_row")
    assert [one["first_row"] for one in rows] == [0, 8]


@pytest.mark.parametrize("name", ["dependent", "block", "block-scan", "update-2", "BLOCK_ALL"])
@pytest.mark.parametrize("every", [1, 7])
def test_checkpoints_hold_registers_and_hash_behind_the_bins(name, every):
    points = only(traced(source(name), Wanted(bins=False, checkpoints=every))[0], "checkpoint")
    units = [end["bins"] for end in only(whole(name), "payload_end")]
    due = [bins for end in units for bins in range(every, end + 1, every)]
    assert [point["bins"] for point in points] == due
    behind = literal(name).behind
    starts = [sum(units[:i]) for i, end in enumerate(units) for _ in range(every, end + 1, every)]
    for start, point in zip(starts, points, strict=True):
        registers, packed = behind[start + point["bins"] - 1]
        assert registers == (point["range"], point["offset"], point["shifts"])
        assert point.get("contexts") == (f"{zlib.crc32(packed):08x}" if packed else None)


def test_checkpoints_need_no_bins():
    events, _ = traced(source("dependent"), Wanted(bins=False, checkpoints=40))
    kinds = {event["event"] for event in events}
    assert kinds == {"trace", "unit", "element", "checkpoint", "payload_end", "end"}


def test_interval_is_part_of_the_whole_trace():
    bins = only(whole("dependent"), "bin")
    events, _ = traced(source("dependent"), Wanted(from_bin=30, to_bin=75))
    assert only(events, "bin") == bins[30:75]
    assert (events[0]["from_bin"], events[0]["to_bin"]) == (30, 75)


def test_levels_of_an_interval_are_those_with_a_bin_in_it():
    second = next(one for one in only(whole("dependent"), "bin") if one.get("weight") == 1)
    events, _ = traced(source("dependent"), Wanted(from_bin=second["bin"]))
    assert [one["weight"] for one in only(events, "level")] == list(range(1, 9))


def test_units_behind_an_interval_are_traced():
    events, error = traced(source("layer-parameters"), Wanted(from_bin=3, to_bin=5))
    assert error is None
    units = [one["unit"] for one in only(events, "bin")]
    assert len(set(units)) == 3
    assert len(units) == 6


def test_tensor_selects_units_and_bins():
    name = only(whole("block"), "tensor")[1]["tensor"]
    events, _ = traced(source("block"), Wanted(tensor=name), Selection(tensor=name))
    assert {one["tensor"] for one in only(events, "bin")} == {name}
    assert len(only(events, "unit")) == 1
    assert only(events, "bin")[0]["bin"] > 0


def test_tensor_referred_to_by_index_is_found():
    events = whole("references")
    names = {one["tensor"] for one in only(events, "tensor")}
    assert names
    for name in names:
        assert only(traced(source("references"), None, Selection(tensor=name))[0], "bin")


def test_unit_that_is_not_selected_is_not_decoded():
    data = bytearray(STREAMS["layer-parameters"])
    events, _ = traced(Source(bytes(data)))
    first = only(events, "payload_end")[0]["unit"]
    unit = only(events, "unit")[first]
    data[unit["bit"] // 8 + unit["bytes"] - 1] ^= 0xFF
    last = only(events, "payload_end")[-1]["unit"]
    assert traced(Source(bytes(data)))[1] is not None
    events, error = traced(Source(bytes(data)), None, Selection(unit=last))
    assert error is None
    assert {one["unit"] for one in only(events, "bin")} == {last}


@pytest.mark.parametrize("selection", [Selection(unit=99), Selection(tensor="none")])
def test_selecting_nothing_is_refused(selection):
    with pytest.raises(UsageError) as caught:
        traced(source("first"), None, selection)
    assert caught.value.id == "tensor-unknown"


def test_headers_alone_need_no_decoding():
    events, error = traced(source("dependent"), payloads=False)
    assert error is None
    assert {one["event"] for one in events} == {"trace", "unit", "element", "end"}


def test_bad_payload_ends_the_trace_with_its_rule():
    data = bytearray(STREAMS["dependent"])
    data[24:] = b"\xff" * (len(data) - 24)
    events, error = traced(Source(bytes(data)))
    assert isinstance(error, MalformedError)
    assert events[-1] == {"event": "error"} | error.as_dict()
    assert error.place.unit == 2


def test_elements_of_a_unit_that_cannot_be_parsed_are_told_once():
    data = STREAMS["dependent"][:-1]
    events, error = traced(Source(data))
    assert error.id == "unit-truncated"
    bits = [one["bit"] for one in only(events, "element")]
    assert len(bits) == len(set(bits))
    assert bits[-1] > 96


def test_tolerated_faults_are_told():
    findings = only(whole("stop-bit"), "finding")
    assert [one["error"] for one in findings] == ["payload-stop-bit"]
    findings = only(whole("reserved-bits"), "finding")
    assert "reserved-bits-nonzero" in {one["error"] for one in findings}
    headers, _ = traced(source("reserved-bits"), payloads=False)
    assert only(headers, "finding") == findings


def test_update_needs_its_base():
    alone = Source(STREAMS["update-2"])
    assert traced(alone)[1].id == "base-missing"
    assert traced(source("update-2"))[1] is None


def test_bad_base_is_refused():
    with pytest.raises(InvalidError):
        traced(Source(STREAMS["first"], [STREAMS["duplicate-name"]]))


def test_dialect_is_followed():
    one = source("dialect-1")
    assert traced(one)[1] is None
    assert traced(Source(one.data))[1] is not None


def test_values_that_json_lacks_are_patterns():
    data = bytearray(STREAMS["performance-maps"])
    floats = [e for e in only(traced(Source(bytes(data)))[0], "element") if e["bits"] == 32]
    bit = floats[0]["bit"]
    number = int.from_bytes(data, "big")
    total = 8 * len(data)
    mask = ((1 << 32) - 1) << (total - bit - 32)
    nan = int.from_bytes(bytes.fromhex("0100807f"), "big")
    number = number & ~mask | nan << (total - bit - 32)
    events, _ = traced(Source(number.to_bytes(len(data), "big")))
    (value,) = [e["value"] for e in only(events, "element") if e["bit"] == bit]
    assert value == "0x7f800001"
    hashes = [e for e in only(whole("hash-parent"), "element") if e["bits"] > 64]
    assert hashes
    assert all(e["value"].startswith("0x") for e in hashes)


def test_numbers_of_annex_e_are_right():
    annex = (EXAMPLES.parent / "annex-e-formats.md").read_text(encoding="utf-8")
    points = only(traced(source("dependent"), Wanted(bins=False, checkpoints=40))[0], "checkpoint")
    for point in points:
        assert f"`{point['contexts']}`" in annex
        assert f"{point['range']}, " in annex
    fresh = contexts_hash([Context()] * 94)
    assert f"94 contexts in their start state: `{fresh}`" in annex


def test_annex_e_states_every_event_and_every_field():
    annex = (EXAMPLES.parent / "annex-e-formats.md").read_text(encoding="utf-8")
    for events in (whole(name) for name in STREAMS):
        for event in events:
            if event["event"] not in ("error", "finding"):
                assert all(f"`{name}`" in annex for name in event)
            assert f"`{event['event']}`" in annex


def test_codeword_of_a_method_is_told_like_any_other():
    opened, state = opening(1)
    data = opened + method_unit(state, plain_payload(-8, np.array([[3, 0, -1], [0, 40, 1]])))
    events, error = traced(Source(data), selection=Selection(tensor="w"))
    assert error is None
    assert [one["level"] for one in only(events, "level")] == [3, 0, -1, 0, 40, 1]
    (clause,) = {one["clause"] for one in only(events, "element") if one["element"] == "method_idc"}
    assert clause == "14.2.2"
    (end,) = only(events, "payload_end")
    assert end["bins"] == len(only(events, "bin"))


def test_a_codeword_in_parts_is_told_with_the_last_part():
    events = whole("partial-counter")
    bins = only(events, "bin")
    assert [event | {"unit": 4} for event in only(whole("first"), "bin")] == bins
    (end,) = only(events, "payload_end")
    assert (end["unit"], end["bytes"]) == (4, 7)
    for unit, expected in ((4, bins), (3, [])):
        selected, _ = traced(source("partial-counter"), selection=Selection(unit=unit))
        assert only(selected, "bin") == expected


def test_parts_that_are_not_selected_leave_nothing_behind():
    data = STREAMS["partial-counter"]
    other = STREAMS["first"][12:].replace(b"w\0", b"v\0")
    events, error = traced(Source(data + other), selection=Selection(tensor="v"))
    assert error is None
    assert {event["unit"] for event in only(events, "bin")} == {5}
