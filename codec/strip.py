"""Clause 14.2: a stream without nnref's private units, or with ordinary ones in their place."""

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike

from nnref.codec.decoder.buffer import StreamSource
from nnref.codec.decoder.composition import composed_tensors, composed_values
from nnref.codec.decoder.headers import StreamTensor
from nnref.codec.decoder.methods import MethodUnit, method_decoder
from nnref.codec.decoder.stream import Stream
from nnref.codec.encoder.data_unit import write_data_unit
from nnref.codec.encoder.member import CodedMember, UnitTools
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.uniform_units import uniform_units
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.model import atomic_write
from nnref.spec.syntax import Unit
from nnref.spec.tables.enums import Dialect, PayloadType


@dataclass(frozen=True, slots=True)
class StripReport:
    """What became of a stream."""

    bytes_before: int
    bytes_after: int
    removed: int
    """Private units that are gone."""
    replaced: tuple[str, ...]
    """Tensors that are in ordinary units now."""
    lost: tuple[str, ...]
    """Tensors that went with their units."""


def strip(source: StreamSource, *, replace_units: bool = False) -> tuple[bytes, StripReport]:
    """A stream without private units (clause 13.1), all others as they are.

    With `replace_units` tensors of method data units (clause 14.2.2) get compressed data units that
    every decoder decodes to the same numbers; else they are lost. Raises NnrError as `Stream`.
    """
    stream = Stream(source, as_coded=True)
    parts: list[bytes] = []
    replaced: list[str] = []
    lost: list[str] = []
    removed = 0
    for unit, data in _units(stream):
        if unit.nnr_unit_type < 32:
            parts.append(data)
            continue
        removed += 1
        names = [tensor.name for tensor in _tensors(stream, unit)]
        if names and replace_units:
            parts.append(_ordinary(stream, unit))
            replaced += names
        else:
            lost += names
    result = b"".join(parts)
    report = StripReport(stream.size, len(result), removed, tuple(replaced), tuple(lost))
    return result, report


def strip_file(
    source: StreamSource, path: str | PathLike[str], *, replace_units: bool = False
) -> StripReport:
    """`strip` into a file, which appears whole or not at all. Raises FileError, too."""
    data, report = strip(source, replace_units=replace_units)
    with atomic_write(path) as file:
        file.write(data)
    return report


def _units(stream: Stream) -> Iterator[tuple[Unit, bytes]]:
    """Every unit with its bytes, those of all its parts where it is split."""
    offsets = [*(unit.offset for unit in stream.units), stream.size]
    for unit, first, last in zip(stream.units, offsets, offsets[1:], strict=False):
        yield unit, bytes(stream.buffer[first:last])


def _tensors(stream: Stream, unit: Unit) -> tuple[StreamTensor, ...]:
    """What a user loads of a unit."""
    coded = tuple(one for one in stream.tensors() if one.unit.index == unit.index)
    return composed_tensors(coded) if coded else ()


def _ordinary(stream: Stream, unit: Unit) -> bytes:
    """A compressed data unit with the tensor of a method data unit: the smallest one."""
    (tensor,) = _tensors(stream, unit)
    work = MethodUnit(unit, tensor.member, Dialect.NNCODEC_2, strict=False)
    found = method_decoder(unit.fields).uniform(work)
    settings = EncodeSettings(profile=unit.state.profile, qp_density=unit.state.qp_density)
    code = unit.fields["nnr_decompressed_data_format"]
    if found is not None:
        units = uniform_units(tensor.name, *found, settings, unit.state, code)
        written = [write_data_unit(one, unit.state).data for one in units]
        if written:
            return min(written, key=len)
    (values,) = composed_values(stream.coded_unit(unit).tensors, (tensor,))
    member = CodedMember(tensor.name, values, None)
    raw = DataUnit(
        PayloadType.NNR_PT_RAW_FLOAT, (member,), values.shape, UnitTools(), settings, 0, code
    )
    return write_data_unit(raw, unit.state).data
