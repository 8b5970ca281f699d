"""Clause 6.1: a stream as units: parse each, check their order, skip what is unknown."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from construct.lib import Container

from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax.bits import BitReader
from nnref.spec.syntax.derived import tensor_names
from nnref.spec.syntax.foreign import other_format
from nnref.spec.syntax.generate import IrregularError, Reader, compile_reader
from nnref.spec.syntax.parts import Joiner
from nnref.spec.syntax.records import Judge, ObservedReader, Record, RecordSink
from nnref.spec.syntax.state import OutOfBand, StreamState, syntax_parameters
from nnref.spec.syntax.unit import Piece, Unit
from nnref.spec.syntax.units import ANY_UNIT, UnitSyntax, type_name, unit_syntax
from nnref.spec.tables.enums import UnitType

Stream = Any
"""Bytes-like: bytes, memoryview, mmap."""

_STR, _MPS, _NDU = int(UnitType.NNR_STR), int(UnitType.NNR_MPS), int(UnitType.NNR_NDU)
_NEED_MPS: Final = {int(UnitType.NNR_LPS), int(UnitType.NNR_TPL), int(UnitType.NNR_QNT), _NDU}


def read_units(
    stream: Stream,
    *,
    limits: Limits | None = None,
    out_of_band: Mapping[str, OutOfBand] | None = None,
    record: RecordSink | None = None,
    strict: bool = False,
    findings: list[NnrError] | None = None,
) -> Iterator[Unit]:
    """Clauses 6.1 and 8.2: the units of a stream, in order; payloads are views, not copies.

    `record` is called for every element. Broken rules that a decoder tolerates are appended to
    `findings`, or raised when `strict`. Raises a NnrError that names the unit, its type, the
    element and the bit for everything else that is wrong with the bytes, and for a missing
    out-of-band value (dimensions-unknown).
    """
    reader = _StreamReader(stream, limits, out_of_band, record, strict, findings)
    if not reader.size:
        raise refusal("stream-empty", "there are no bytes at all")
    state = StreamState()
    parts = Joiner(reader.view)
    names: set[str] = set()
    offset = index = 0
    while offset < reader.size:
        reader.limits.check("max_units", index + 1, "limit-units", unit=index, bit=8 * offset)
        try:
            unit = reader.read(index, offset, state)
        except NnrError as error:
            raise error if index else error.also(other_format(reader.view)) from None
        if unit.has_tensors and not parts.waiting:
            _check_names(unit, names)
        parts.add(unit)
        yield unit
        state = state.after(unit.nnr_unit_type, unit.fields)
        offset += unit.size
        index += 1
    parts.finish()


def read_unit_at(
    stream: Stream,
    offset: int,
    state: StreamState,
    *,
    index: int = 0,
    limits: Limits | None = None,
    out_of_band: Mapping[str, OutOfBand] | None = None,
    record: RecordSink | None = None,
    strict: bool = False,
    findings: list[NnrError] | None = None,
) -> Unit:
    """Clause 6.1: the unit at byte `offset`, given what the units before it established.

    `index` is what the unit and errors are to be numbered with. Raises as `read_units` does.
    """
    reader = _StreamReader(stream, limits, out_of_band, record, strict, findings)
    return reader.read(index, offset, state)


class _StreamReader:
    """Reads single units of one stream under one set of options."""

    def __init__(
        self,
        stream: Stream,
        limits: Limits | None,
        out_of_band: Mapping[str, OutOfBand] | None,
        record: RecordSink | None,
        strict: bool,
        findings: list[NnrError] | None,
    ) -> None:
        self.view = memoryview(stream).cast("B")
        self.size = len(self.view)
        self.limits = limits or Limits()
        self._out_of_band = out_of_band
        self._record = record
        self._strict = strict
        self._findings = findings
        self._state: StreamState | None = None
        self._parameters: dict[str, Any] = {}

    def read(self, index: int, offset: int, state: StreamState) -> Unit:
        """The unit at byte `offset`."""
        if state is not self._state:
            self._parameters = syntax_parameters(state, self._out_of_band, self.limits)
            self._state = state
        if self._record is None:
            try:
                bits = BitReader(self.view, offset, self.size)
                return self._read(index, offset, state, bits, _compiled)
            except (NnrError, IrregularError):
                pass  # The interpreted declaration says what is wrong, and where.
        return self._read_observed(index, offset, state)

    def _read(
        self,
        index: int,
        offset: int,
        state: StreamState,
        bits: BitReader,
        engine: Callable[[UnitSyntax], Reader],
    ) -> Unit:
        left = self.size - offset
        if left < 3 or (left < 5 and self.view[offset] & 0x80):  # the long form of the size
            raise refusal("unit-truncated", f"{left} bytes left")
        fields = Container()
        engine(ANY_UNIT)(bits, self._parameters, fields)
        size, kind = fields["nnr_unit_size"], fields["nnr_unit_type"]
        self._check_size(size, offset, bits.position >> 3)
        bits.limit(offset + size)
        misplaced = _order_rule(kind, state)
        if misplaced:
            raise refusal(misplaced, bit=8 * offset)
        body = bits.position >> 3
        syntax = unit_syntax(kind, bytes(self.view[body : min(body + 4, offset + size)]))
        engine(syntax)(bits, self._parameters, fields)
        start = bits.position >> 3
        if bits.remaining and not syntax.has_payload(fields):
            raise refusal("unit-size-mismatch", f"{bits.remaining} bits after the last element")
        payload = Piece(start, self.view[start : offset + size])
        return Unit(index, offset, size, kind, fields, (payload,), state)

    def _read_observed(self, index: int, offset: int, state: StreamState) -> Unit:
        """With the interpreted declaration: records, findings, and errors with their place."""
        found: list[NnrError] = []
        tracer = _Tracer(self._record)
        judge = Judge(self._strict, found)
        bits = ObservedReader(self.view, offset, self.size, judge, tracer.see)
        try:
            return self._read(index, offset, state, bits, _interpreted)
        except NnrError as error:
            raise error.at(unit=index, bit=bits.position, **tracer.place) from None
        finally:
            if self._findings is not None:
                self._findings += [error.at(unit=index, **tracer.place) for error in found]

    def _check_size(self, size: int, offset: int, body: int) -> None:
        place = {"element": "nnr_unit_size", "bit": 8 * offset}
        if offset + size < body:
            detail = f"{size} bytes, the unit header alone has {body - offset}"
            raise refusal("unit-size-too-small", detail, **place)
        if offset + size > self.size:
            detail = f"{size} bytes, the stream has {self.size - offset} left"
            raise refusal("unit-truncated", detail, **place)


class _Tracer:
    """Passes records on and keeps what an error wants to name: unit type and tensor."""

    def __init__(self, sink: RecordSink | None) -> None:
        self._sink = sink
        self.place: dict[str, Any] = {}

    def see(self, record: Record) -> None:
        if record.name == "nnr_unit_type":
            self.place["unit_type"] = type_name(record.value)
        elif record.path in ("topology_elem_id", "topology_elem_id_list[0]"):
            self.place["tensor"] = record.value
        if self._sink:
            self._sink(record)


@cache
def _compiled(syntax: UnitSyntax) -> Reader:
    return compile_reader(syntax.elements)


@cache
def _interpreted(syntax: UnitSyntax) -> Reader:
    def read(bits: Any, parameters: dict[str, Any], fields: Container) -> None:
        context = Container(_params=parameters, _parsing=True, _building=False, _sizing=False)
        fields.update(_plain(syntax.struct._parsereport(bits, context, "")))

    return read


def _plain(value: Any) -> Any:
    """Without the reference to the stream that construct leaves in its containers."""
    if isinstance(value, Container):
        return Container({name: _plain(item) for name, item in value.items() if name != "_io"})
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _order_rule(kind: int, state: StreamState) -> str | None:
    """Clause 8.2: the rule that a unit of this type breaks here."""
    if kind == _STR:
        return None if state.general_profile_idc is None else "start-unit-repeated"
    if state.general_profile_idc is None:
        return "start-unit-missing"
    if kind == _MPS:
        return None if state.mps is None else "mps-repeated"
    return "mps-missing" if kind in _NEED_MPS and state.mps is None else None


def _check_names(unit: Unit, names: set[str]) -> None:
    """Clause 8.2: a name occurs once."""
    for name in tensor_names(unit.fields, unit.state.reference_list):
        if name in names:
            where: dict[str, Any] = {
                "unit_type": unit.type_name,
                "tensor": name,
                "bit": 8 * unit.offset,
            }
            raise refusal("tensor-name-duplicate", unit=unit.index, **where)
        names.add(name)
