"""Streams from their descriptions: elements by name, levels, and what an encoder chooses."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from nnref.conformance.generator.encoder import (
    EntryPointRecorder,
    LiteralEncoder,
    Narrator,
    TensorChoices,
)
from nnref.conformance.generator.lnq_encoder import LnqChoices, encoded_lnq
from nnref.spec.process import UpdateState
from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import EntryPoint, compressed_data_unit_header
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.lnq_header import lnq_header
from nnref.spec.process.members import members
from nnref.spec.process.method_unit import method_data_unit
from nnref.spec.process.parameter_sets import ActiveParameters
from nnref.spec.process.payload import DataUnit, coded_tensor
from nnref.spec.process.refused import Refused
from nnref.spec.process.stream import StreamDecoder
from nnref.spec.process.units import nnr_unit_header
from nnref.spec.syntax import OutOfBand, StreamState, read_unit_at, write_unit
from nnref.spec.syntax.derived import number_of_entry_points
from nnref.spec.tables.enums import Dialect, Method, UnitType
from nnref.spec.tables.private_units import METHOD_UNIT

Fields = Mapping[str, Any]
MOST_WEIGHTS: Final = 1 << 22
"""Weights of the method data units of a stream together."""


@dataclass(frozen=True, slots=True)
class UnitDescription:
    """A unit by its elements, and what its payload is made of: choices, or bytes as they are."""

    type: int
    fields: Fields = field(default_factory=dict)
    tensors: Sequence[TensorChoices] = ()
    """In the order of the codeword."""
    payload: bytes = b""
    strict: bool = True
    cuts: Sequence[int] = ()
    """Where the payload is cut into those of several units (clause 8.2.1)."""


@dataclass(frozen=True, slots=True)
class Description:
    """A stream: `after` names the stream it is an update of, `flip` what is wrong with it on
    purpose: (byte, from the end if negative; the bits in it that are turned round).
    """

    name: str
    title: str
    units: Sequence[UnitDescription]
    dialect: Dialect = Dialect.NNCODEC_2
    after: str | None = None
    out_of_band: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    worked: bool = False
    """Explained bit by bit in annex D of the document."""
    flip: Sequence[tuple[int, int]] = ()
    data: bytes | None = None
    """The stream itself, where units do not describe it: a random one of a seed."""
    refused: bool = False
    """The last codeword ends where the literal decoder refuses its levels."""


def copied(state: UpdateState) -> UpdateState:
    """A state that moves on while the other stays."""
    return UpdateState(dict(state.tensors), dict(state.pictures))


def build(description: Description, state: UpdateState) -> bytes:
    """The bytes of a stream; `state` is what the streams before it have left."""
    if description.data is not None:
        return description.data
    stream = b""
    written = StreamState()
    decoder = StreamDecoder(BitReader(b""), state, {}, description.dialect, MOST_WEIGHTS)
    for unit in description.units:
        if unit.type == UnitType.NNR_NDU:
            stream += data_unit(description, unit, written, decoder.active, state)
            continue
        if unit.type == METHOD_UNIT and unit.tensors:
            stream += method_unit(description, unit, written, decoder.active)
            continue
        data = write_unit(unit.type, unit.fields, unit.payload, written, strict=unit.strict)
        written = written.after(unit.type, read_unit_at(data, 0, written).fields)
        stream += data
        if unit.type != UnitType.NNR_AGG:
            decoder.bits = BitReader(data)
            decoder.nnr_unit()
    flipped = bytearray(stream)
    for place, bits in description.flip:
        flipped[place] ^= bits
    return bytes(flipped)


def data_unit(
    description: Description,
    unit: UnitDescription,
    syntax_state: StreamState,
    active: ActiveParameters,
    state: UpdateState,
) -> bytes:
    """A compressed data unit. Entry points are found by decoding what was encoded without them."""
    known = {
        name: OutOfBand(values.get("tensor_dimensions"), values.get("cabac_unary_length_minus1"))
        for name, values in description.out_of_band.items()
    }

    def written(fields: dict[str, Any], payload: bytes, cuts: Sequence[int] = ()) -> bytes:
        return b"".join(
            write_unit(
                unit.type,
                fields | count,
                piece,
                syntax_state,
                out_of_band=known,
                strict=unit.strict,
            )
            for count, piece in _parts(payload, cuts)
        )

    if not unit.tensors:
        return written(dict(unit.fields), unit.payload, unit.cuts)
    complete = {"scan_order": 0, "compressed_parameter_types": 0} | dict(unit.fields)
    fields = dict(unit.fields)
    listed = number_of_entry_points(complete)
    if complete["scan_order"]:
        fields["entry_points"] = _entry_fields([EntryPoint(0, 0, 0)] * listed)
    job = _data_unit(description, written(fields, b""), active, state)
    recorded = tuple(EntryPointRecorder() for _ in job.members)
    job.members[:] = [
        replace(member, entry_points=points)
        for member, points in zip(job.members, recorded, strict=True)
    ]
    payload = encoded(job, unit.tensors, refused=description.refused)
    if complete["scan_order"]:
        for points in recorded:
            points.clear()
        engine = ArithmeticDecoder(BitReader(payload))
        for member in job.members:
            coded_tensor(engine, job, member)
        met = [point for points in recorded for point in points]
        # Where the scan is row by row after all, those that are listed mean nothing.
        fields["entry_points"] = _entry_fields(met or [EntryPoint(0, 0, 0)] * listed)
    return written(fields, payload + unit.payload, unit.cuts)


def method_unit(
    description: Description,
    unit: UnitDescription,
    syntax_state: StreamState,
    active: ActiveParameters,
) -> bytes:
    """A method data unit with the codeword of an LNQ layer."""
    (choices,) = unit.tensors
    assert isinstance(choices, LnqChoices)
    bits = BitReader(write_unit(unit.type, unit.fields, b"", syntax_state, strict=unit.strict))
    nnr_unit_header(bits, 0)
    parsed = method_data_unit(bits, 0, active, description.dialect, UpdateState(), [Method.LNQ])
    header = lnq_header(bits, parsed)
    payload = encoded_lnq(parsed, header, choices)
    return write_unit(unit.type, unit.fields, payload, syntax_state, strict=unit.strict)


def _parts(payload: bytes, cuts: Sequence[int]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Clause 8.2.1: the pieces of a payload with the elements that count them."""
    for number, (first, last) in enumerate(pairwise((0, *cuts, len(payload)))):
        count = {
            "partial_data_counter_present_flag": 1,
            "partial_data_counter": len(cuts) - number,
        }
        yield (count if cuts else {}), payload[first:last]


def _data_unit(
    description: Description, header: bytes, active: ActiveParameters, state: UpdateState
) -> DataUnit:
    """What the literal decoder makes of a header."""
    bits = BitReader(header)
    nnr_unit_header(bits, 0)
    parsed = compressed_data_unit_header(bits, active, description.out_of_band)
    return DataUnit(0, parsed, members(parsed), active, state, description.dialect)


def encoded(unit: DataUnit, tensors: Sequence[TensorChoices], *, refused: bool = False) -> bytes:
    """Clause 9.3.6: the codeword of the tensors of a unit; if `refused`, up to the refusal."""
    engine = LiteralEncoder(Narrator(tensors))
    with suppress(Refused) if refused else nullcontext():
        for member in unit.members:
            coded_tensor(engine, unit, member)
    return engine.finish()


def _entry_fields(points: Sequence[EntryPoint]) -> list[Fields]:
    """The elements of an entry point list."""
    rows: list[Fields] = []
    for j, point in enumerate(points):
        delta = point.bits if j == 0 else point.bits - points[j - 1].bits
        rows.append(
            {
                "cabac_offset_list": point.offset,
                "dq_state_list": point.state,
                "bit_offset_delta1" if j == 0 else "bit_offset_delta2": delta,
            }
        )
    return rows
