"""Any unit survives writing and reading; any bytes end in units or an NnrError."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.spec.errors import NnrError
from nnref.spec.syntax import StreamState, read_unit_at, read_units, write_unit
from nnref.spec.syntax import reader as reader_module
from nnref.spec.syntax import writer as writer_module
from nnref.spec.tables.enums import UnitType
from tests.spec.syntax.random_fields import random_fields
from tests.spec.syntax.streams import MPS, opening
from tests.spec.syntax.worked_streams import STREAMS

KINDS = [
    UnitType.NNR_MPS,
    UnitType.NNR_LPS,
    UnitType.NNR_TPL,
    UnitType.NNR_QNT,
    UnitType.NNR_NDU,
]
SEEDS = st.integers(0, 2**32)


def given_state(kind, profile, indexed, updates):
    state = StreamState(general_profile_idc=profile)
    if kind == UnitType.NNR_MPS:
        return state
    flags = {
        "mps_topology_indexed_reference_flag": indexed,
        "mps_parent_signalling_enabled_flag": updates,
    }
    return state.after(UnitType.NNR_MPS, MPS | flags)


def contained(given, parsed):
    """Every given value is in the parsed one."""
    if isinstance(given, dict):
        return all(contained(value, parsed[name]) for name, value in given.items())
    if isinstance(given, list):
        return len(given) == len(parsed) and all(map(contained, given, parsed))
    return given == parsed


@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS, profile=st.integers(0, 1), indexed=st.integers(0, 1), updates=st.integers(0, 1))
@settings(deadline=None, max_examples=150)
def test_random_unit_is_read_back_by_both_engines(kind, seed, profile, indexed, updates):
    state = given_state(kind, profile, indexed, updates)
    fields = random_fields(kind, state, seed)
    syntax = writer_module.unit_syntax(kind)
    parameters = writer_module.syntax_parameters(state, {}, writer_module.UNLIMITED)
    try:
        slow, _ = writer_module._interpreted(syntax, fields, parameters, True)
    except NnrError:
        with pytest.raises(Exception):  # noqa: B017, PT011
            writer_module._compiled(syntax)(writer_module.BitWriter(), parameters, fields, {})
        return
    fast = writer_module.BitWriter()
    writer_module._compiled(syntax)(fast, parameters, fields, {})
    assert fast.getvalue() == slow

    unit = write_unit(kind, fields, b"", state)
    records = []
    interpreted = read_unit_at(unit, 0, state, record=records.append)
    bits = reader_module.BitReader(memoryview(unit), 0, len(unit))
    stream = reader_module._StreamReader(unit, None, None, None, False, None)
    stream._parameters = parameters
    compiled = stream._read(0, 0, state, bits, reader_module._compiled)
    assert compiled == interpreted
    assert contained(fields, compiled.fields)
    assert records[-1].bit + records[-1].bits == 8 * len(unit)
    assert write_unit(kind, compiled.fields, b"", state) == unit


def outcome(stream, **options):
    """The units, or the rule and place of the refusal."""
    try:
        return list(read_units(stream, **options))
    except NnrError as error:
        place = error.place
        if error.id != "stream-empty":
            assert place.unit is not None
            assert place.bit is not None
            assert place.bit <= 8 * len(stream)
        return error.id, place


def check(stream):
    findings, recorded_findings = [], []
    plain = outcome(stream, findings=findings)
    recorded = outcome(stream, findings=recorded_findings, record=lambda record: None)
    assert plain == recorded
    assert [(e.id, e.place) for e in findings] == [(e.id, e.place) for e in recorded_findings]
    return plain


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_mutated_stream_ends_in_units_or_a_refusal_with_a_place(name, data):
    stream = bytearray(bytes.fromhex(STREAMS[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(stream) - 1))
        match data.draw(st.sampled_from(("flip", "set", "cut", "insert"))):
            case "flip":
                stream[place] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                stream[place] = data.draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)))
            case "cut":
                del stream[place : place + data.draw(st.integers(1, 5))]
            case "insert":
                stream[place:place] = data.draw(st.binary(min_size=1, max_size=5))
        if not stream:
            break
    check(bytes(stream))


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=150)
def test_junk_ends_in_a_refusal(junk):
    check(junk)


@given(
    kind=st.integers(0, 6),
    profile=st.integers(0, 1),
    indexed=st.integers(0, 1),
    body=st.binary(max_size=120),
)
@settings(deadline=None, max_examples=400)
def test_junk_inside_a_framed_unit_ends_in_units_or_a_refusal(kind, profile, indexed, body):
    stream, _ = opening(profile, mps_topology_indexed_reference_flag=indexed)
    frame = (3 + len(body)).to_bytes(2, "big") + bytes([kind << 2 | 2])
    check(stream + frame + body)
