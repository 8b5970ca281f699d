"""Clauses 6.1, 6.2, 8.2 and 13: unit sizes, order of units, what is skipped or tolerated."""

import mmap

import pytest

from nnref.spec.errors import NnrError
from nnref.spec.limits import Limits
from nnref.spec.syntax import Joiner, StreamState, read_unit_at, read_units, write_unit
from nnref.spec.tables.enums import UnitType
from tests.spec.syntax.streams import MPS, ndu, opening

START = bytes.fromhex("00040200")
PARAMETERS = bytes.fromhex("0008068100400080")
ONE_TENSOR = bytes.fromhex("001316097700304828" + "20a080f399001454500e")


def refused(stream, **options):
    with pytest.raises(NnrError) as caught:
        list(read_units(stream, **options))
    return caught.value


def private(size, nnr_unit_type=40):
    """A private unit of `size` bytes after its header."""
    return write_unit(nnr_unit_type, {}, bytes(size), StreamState(0))


@pytest.mark.parametrize(
    ("body", "prefix"),
    [(0, "0003"), (32764, "7fff"), (32765, "80008002"), (32766, "80008003")],
)
def test_short_form_ends_at_32767_bytes(body, prefix):
    unit = private(body)
    assert unit.hex().startswith(prefix)
    parsed = list(read_units(START + unit))[1]
    assert (parsed.size, len(parsed.payload)) == (len(unit), body)


def test_long_form_of_a_small_unit_is_read_and_kept():
    _, state = opening()
    unit = ndu(state, nnr_unit_size_flag=1)
    assert unit.hex().startswith("80000")
    parsed = list(read_units(START + PARAMETERS + unit))[2]
    assert parsed.fields.nnr_unit_size_flag == 1
    assert write_unit(parsed.nnr_unit_type, parsed.fields, parsed.payload, parsed.state) == unit


def test_long_form_of_largest_unit_is_refused_without_taking_its_bytes():
    class Huge:
        def __len__(self):
            return 1 << 31

    with pytest.raises(NnrError) as caught:
        write_unit(40, {}, Huge(), StreamState(0))
    assert caught.value.id == "tensor-too-large"


def test_unknown_units_are_skipped_by_size_and_kept():
    stream = START + private(3, 7) + PARAMETERS + private(40000, 63) + ONE_TENSOR
    units = list(read_units(stream))
    assert [unit.type_name for unit in units] == [
        "NNR_STR",
        "reserved(7)",
        "NNR_MPS",
        "private(63)",
        "NNR_NDU",
    ]
    assert bytes(units[1].payload) == bytes(3)
    assert units[3].payload_offset == units[3].offset + 5
    assert stream == b"".join(
        write_unit(u.nnr_unit_type, u.fields, u.payload, u.state) for u in units
    )


@pytest.mark.parametrize(("kind", "name"), [(31, "reserved(31)"), (32, "private(32)")])
def test_private_unit_types_begin_at_32(kind, name):
    assert list(read_units(START + private(0, kind)))[1].type_name == name


def test_aggregate_unit_is_opaque():
    unit = list(read_units(START + private(9, UnitType.NNR_AGG)))[1]
    assert (unit.type_name, len(unit.payload)) == ("NNR_AGG", 9)


def test_partial_data_counter_is_read_in_every_unit():
    stream, state = opening()
    counted = {"partial_data_counter_present_flag": 1, "partial_data_counter": 7}
    stream += write_unit(UnitType.NNR_AGG, counted, b"x", state)
    stream += ndu(state, **counted | {"partial_data_counter": 1})
    stream += ndu(state, **counted | {"partial_data_counter": 0})
    units = list(read_units(stream))[2:]
    assert [unit.fields.partial_data_counter for unit in units] == [7, 1, 0]
    assert bytes(units[0].payload) == b"x"


def test_units_are_put_together_when_the_last_part_comes():
    stream, state = opening()
    counted = {"partial_data_counter_present_flag": 1}
    for counter, piece in ((1, b"ab"), (0, b"cde")):
        fields = counted | {"partial_data_counter": counter}
        stream += ndu(state, piece, **fields)
    first, last = list(read_units(stream))[2:]
    joiner = Joiner(memoryview(stream))
    assert joiner.add(first) is None
    whole = joiner.add(last)
    assert (whole.index, whole.offset, whole.size) == (3, first.offset, first.size + last.size)
    assert (whole.payload, whole.payload_size) == (b"abcde", 5)
    places = [whole.bit_in_stream(bit) for bit in (0, 15, 16, 40)]
    behind = 8 * len(stream)
    assert places == [8 * first.payload_offset, 8 * last.offset - 1, behind - 24, behind]


def test_payloads_are_views_of_the_stream():
    stream = START + PARAMETERS + ONE_TENSOR
    assert list(read_units(stream))[2].payload.obj is stream
    with mmap.mmap(-1, len(stream)) as mapped:
        mapped.write(stream)
        units = list(read_units(mapped))
        assert bytes(units[2].payload) == stream[-7:]
        for unit in units:
            unit.payload.release()
        del units, unit


def test_unit_is_read_at_its_offset_alone():
    stream = START + PARAMETERS + ONE_TENSOR
    whole = list(read_units(stream))
    assert read_unit_at(stream, 12, whole[2].state, index=2) == whole[2]


@pytest.mark.parametrize(
    ("stream", "rule", "unit", "bit"),
    [
        (b"", "stream-empty", None, None),
        (START[:2], "unit-truncated", 0, 0),
        (START[:3], "unit-truncated", 0, 0),
        (START + b"\0", "unit-truncated", 1, 32),
        (bytes.fromhex("000202"), "unit-size-too-small", 0, 0),
        (bytes.fromhex("00050200"), "unit-truncated", 0, 0),
        (bytes.fromhex("0005020000"), "unit-size-mismatch", 0, 32),
        (bytes.fromhex("000302"), "unit-element-truncated", 0, 24),
        (START + bytes.fromhex("80000003"), "unit-truncated", 1, 32),
        (START + bytes.fromhex("0003070000"), "unit-size-too-small", 1, 32),
        (START + bytes.fromhex("000305"), "unit-element-truncated", 1, 56),
        (START + START, "start-unit-repeated", 1, 32),
        (PARAMETERS, "start-unit-missing", 0, 0),
        (private(1), "start-unit-missing", 0, 0),
        (START + ONE_TENSOR, "mps-missing", 1, 32),
        (START + bytes.fromhex("00060e000000"), "mps-missing", 1, 32),
        (START + PARAMETERS + PARAMETERS, "mps-repeated", 2, 96),
        (START + PARAMETERS + ONE_TENSOR + ONE_TENSOR, "tensor-name-duplicate", 3, 248),
        (START + PARAMETERS[:-1] + b"\x80\0", "unit-truncated", 2, 96),
    ],
)
def test_damaged_stream_is_refused_with_its_place(stream, rule, unit, bit):
    error = refused(stream)
    assert (error.id, error.place.unit, error.place.bit) == (rule, unit, bit)


def test_error_names_unit_type_tensor_element_and_bit():
    damaged = bytearray(START + PARAMETERS + ONE_TENSOR)
    damaged[22] |= 0x05  # scan_order 5
    place = refused(bytes(damaged)).place
    assert place.as_dict() == {
        "unit": 2,
        "unit_type": "NNR_NDU",
        "tensor": "w",
        "element": "scan_order",
        "bit": 180,
        "byte": 22,
    }


TOLERATED = {
    "profile-reserved": bytes.fromhex("00040202") + PARAMETERS,
    "reserved-bits-nonzero": START + bytes.fromhex("0008068101400080"),
    "alignment-bit-not-one": START + bytes.fromhex("0008068100400000"),
    "alignment-bits-not-zero": START + bytes.fromhex("0008068100400081"),
}


@pytest.mark.parametrize("rule", TOLERATED)
def test_tolerated_rule_is_a_finding_and_raises_when_strict(rule):
    findings = []
    assert len(list(read_units(TOLERATED[rule], findings=findings))) == 2
    assert [error.id for error in findings] == [rule]
    assert findings[0].place.unit is not None
    assert findings[0].place.element is not None
    assert len(list(read_units(TOLERATED[rule]))) == 2
    assert refused(TOLERATED[rule], strict=True).id == rule


def test_reserved_profile_is_parsed_as_profile_0():
    units = list(read_units(TOLERATED["profile-reserved"]))
    assert units[1].state.general_profile_idc == 2
    assert units[1].state.profile == 0
    assert units[1].fields.nnr_reserved_zero_7bits == 0


def test_rules_for_readers_hold_for_writers_unless_not_strict():
    with pytest.raises(NnrError) as caught:
        write_unit(UnitType.NNR_STR, {"general_profile_idc": 2})
    assert caught.value.id == "profile-reserved"
    unit = write_unit(UnitType.NNR_STR, {"general_profile_idc": 2}, strict=False)
    assert unit == bytes.fromhex("00040202")


def test_limits_are_applied_while_walking():
    stream = START + PARAMETERS + ONE_TENSOR
    assert refused(stream, limits=Limits(max_units=2)).id == "limit-units"
    assert refused(stream, limits=Limits(max_dimensions=1)).id == "limit-dimensions"
    assert refused(stream, limits=Limits(max_tensor_elements=3)).id == "limit-tensor-elements"
    assert refused(stream, limits=Limits(max_string_bytes=0)).id == "limit-name-bytes"
    list(read_units(stream, limits=Limits(3, 4, 1 << 36, 2, 1, 0)))


def test_earlier_units_are_yielded_before_a_damaged_one():
    reader = read_units(START + PARAMETERS + b"junk")
    assert [next(reader).type_name, next(reader).type_name] == ["NNR_STR", "NNR_MPS"]
    with pytest.raises(NnrError):
        next(reader)


def test_state_after_a_written_unit_equals_the_state_after_the_parsed_one():
    written = StreamState().after(UnitType.NNR_STR, {"general_profile_idc": 0})
    written = written.after(UnitType.NNR_MPS, MPS)
    parsed = list(read_units(START + PARAMETERS + ONE_TENSOR))[2].state
    assert written.parameters == parsed.parameters
