"""Annex E: a stream walked unit by unit, everything it holds told as events."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from nnref.spec import syntax
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.process import Refused, UpdateState, decode_stream
from nnref.spec.process.bits import BitReader
from nnref.spec.process.parts import SplitData
from nnref.spec.process.stream import DecodedUnit, StreamDecoder
from nnref.spec.syntax import OutOfBand, Record, Unit, is_method, parts_after, read_units
from nnref.spec.syntax.units import type_name
from nnref.spec.tables.enums import Dialect, Method, PayloadType, UnitType
from nnref.tools.syntax import clause_of
from nnref.tools.trace.payload import Event, PayloadReporter, Sink, StopTracing, Wanted
from nnref.tools.trace.values import json_value

SCHEMA: Final = "nnref.trace/1"
MAX_WEIGHTS: Final = 1 << 25
"""Weights of a stream that the literal decoder is given: it keeps lists of them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A stream and what its decoding depends on."""

    data: bytes
    bases: Sequence[bytes] = ()
    """The earlier streams of an update chain, in order."""
    dialect: Dialect = Dialect.NNCODEC_2
    limits: Limits = field(default_factory=Limits)
    out_of_band: Mapping[str, OutOfBand] = field(default_factory=dict)
    """Clause 7.8.9: what the streams leave out, by tensor name."""

    @property
    def literally_out_of_band(self) -> dict[str, dict[str, Any]]:
        """The same as the literal decoder takes it."""
        return {name: _literally(given) for name, given in self.out_of_band.items()}


def _literally(given: OutOfBand) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.tensor_dimensions is not None:
        found["tensor_dimensions"] = list(given.tensor_dimensions)
    if given.cabac_unary_length_minus1 is not None:
        found["cabac_unary_length_minus1"] = given.cabac_unary_length_minus1
    return found


@dataclass(frozen=True, slots=True)
class Selection:
    """The units that are told: all, one by its index, or those with a tensor of a name."""

    unit: int | None = None
    tensor: str | None = None

    def has(self, unit: Unit) -> bool:
        """Whether a unit is one of them."""
        if self.unit is not None and unit.index != self.unit:
            return False
        return self.tensor is None or self.tensor in tensor_names(unit)


def tensor_names(unit: Unit) -> list[str]:
    """Clause 7.8.2: the names that a unit with tensors refers to; of other units none."""
    if not unit.has_tensors:
        return []
    return [name for name in syntax.tensor_names(unit.fields, unit.state.reference_list) if name]


def has_codeword(unit: Unit) -> bool:
    """Clauses 6.12 and 15: whether the payload of a unit is an arithmetic codeword; one in parts
    is that of the last part (clause 8.2.1).
    """
    if is_method(unit.fields):
        return Method(unit.fields["method_idc"]).has_codeword
    return (
        unit.nnr_unit_type == UnitType.NNR_NDU
        and unit.fields["nnr_compressed_data_unit_payload_type"] != PayloadType.NNR_PT_RAW_FLOAT
        and not parts_after(unit)
    )


def trace_header(source: Source, name: str, dialect: str, wanted: Wanted) -> Event:
    """The first line of a trace: which stream it is of, how it was read, what is left out."""
    interval = {"from_bin": wanted.from_bin, "to_bin": wanted.to_bin}
    return {
        "event": "trace",
        "schema": SCHEMA,
        "stream": name,
        "bytes": len(source.data),
        "sha256": hashlib.sha256(source.data).hexdigest(),
        "dialect": dialect,
    } | {name: bin_ for name, bin_ in interval.items() if bin_}


def trace(
    source: Source, selection: Selection, sink: Sink, reporter: PayloadReporter | None = None
) -> NnrError | None:
    """Tell `sink` of the units of a stream, and `reporter` of their codewords, if there is one.

    Ends with an `end` or an `error` event; returns what is wrong with the stream. Raises UsageError
    (tensor-unknown) when nothing was selected, and what is wrong with a base.
    """
    walk = Walk(source, selection.has, sink, reporter)
    try:
        walk.run()
    except NnrError as error:
        sink({"event": "error"} | error.as_dict())
        return error
    if walk.selected == 0 and selection != Selection():
        raise refusal("tensor-unknown", _nothing_selected(selection))
    sink({"event": "end", "units": walk.units})
    return None


def _nothing_selected(selection: Selection) -> str:
    if selection.tensor is None:
        return f"there is no unit {selection.unit}"
    return f"no unit has a tensor {selection.tensor!r}"


class Walk:
    """The declared syntax reads the headers, and the literal decoder behind it the codewords.

    Raises what is wrong with a base.
    """

    def __init__(
        self,
        source: Source,
        is_selected: Callable[[Unit], bool],
        sink: Sink,
        reporter: PayloadReporter | None,
    ) -> None:
        self._source = source
        self._is_selected = is_selected
        self._sink = sink
        self._reporter = reporter
        self._decoder = self._prepared() if reporter else None
        self._records: list[Record] = []
        self._findings: list[NnrError] = []
        self.units = 0
        """Units walked so far."""
        self.selected = 0

    def run(self) -> None:
        """Walk the stream. Raises NnrError for what is wrong with it."""
        source = self._source
        units = read_units(
            source.data,
            limits=source.limits,
            out_of_band=source.out_of_band,
            record=self._records.append,
            findings=self._findings,
        )
        try:
            for unit in units:
                self._unit(unit)
                self._records.clear()
                self.units += 1
        except NnrError:
            self._tell_unparsed()
            raise

    def _prepared(self) -> StreamDecoder:
        """The literal decoder behind the bases."""
        source = self._source
        state, known = UpdateState(), source.literally_out_of_band
        limit = min(source.limits.max_tensor_elements, MAX_WEIGHTS)
        for base in source.bases:
            try:
                decode_stream(
                    base,
                    state=state,
                    out_of_band=known,
                    dialect=source.dialect,
                    max_weights=limit,
                )
            except Refused as refused:
                raise as_error(refused) from None
        bits = BitReader(source.data, self._reporter)
        return StreamDecoder(bits, state, known, source.dialect, limit)

    def _unit(self, unit: Unit) -> None:
        is_selected = self._is_selected(unit)
        if is_selected:
            self.selected += 1
            self._tell_unit(unit)
        if self._decoder is not None:
            if unit.has_tensors and not parts_after(unit) and not is_selected:
                _skip(self._decoder, unit)
            else:
                self._decode(self._decoder, unit, told=is_selected and has_codeword(unit))

    def _decode(self, decoder: StreamDecoder, unit: Unit, *, told: bool) -> None:
        decoder.bits.end = 8 * len(self._source.data)
        before = len(decoder.stream.findings)
        try:
            decoder.nnr_unit()
        except StopTracing:
            _skip(decoder, unit)
        except Refused as refused:
            self._records.clear()
            refused.unit = unit.index
            raise as_error(refused).at(unit_type=unit.type_name) from None
        else:
            if told:
                self._tell_end(decoder, unit, decoder.stream.findings[before:])

    def _tell_unit(self, unit: Unit) -> None:
        name, bit = unit.type_name, 8 * unit.offset
        kind = {"type": unit.nnr_unit_type, "type_name": name}
        self._sink({"event": "unit", "unit": unit.index} | kind | {"bit": bit, "bytes": unit.size})
        for record in self._records:
            self._sink(element_event(record, unit.index, name))
        self._tell_findings()

    def _tell_findings(self) -> None:
        for finding in self._findings:
            self._sink({"event": "finding"} | finding.as_dict())
        self._findings.clear()

    def _tell_end(self, decoder: StreamDecoder, unit: Unit, findings: Iterable[Refused]) -> None:
        """Tell how a codeword ended; what is wrong with the header is told already."""
        decoded = decoder.stream.units[-1]
        assert self._reporter is not None
        assert decoded.registers is not None
        place = {"unit": unit.index, "bytes": decoded.bytes_consumed, "bins": self._reporter.bins}
        self._sink({"event": "payload_end"} | place | decoded.registers._asdict())
        header = range(8 * unit.offset, 8 * unit.payload_offset)
        self._findings += (
            as_error(one).at(unit=unit.index, unit_type=unit.type_name)
            for one in findings
            if one.bit not in header
        )
        self._tell_findings()

    def _tell_unparsed(self) -> None:
        """Tell of the elements of a unit that could not be parsed to its end."""
        name = "nnr_unit"
        for record in self._records:
            if record.name == "nnr_unit_type":
                name = type_name(record.value)
            self._sink(element_event(record, self.units, name))


def element_event(record: Record, unit: int, type_name_: str) -> Event:
    """The event of one element of a header."""
    return {
        "event": "element",
        "unit": unit,
        "element": record.path,
        "descriptor": record.descriptor,
        "bit": record.bit,
        "bits": record.bits,
        "value": json_value(record),
        "clause": clause_of(type_name_, record.name),
    }


def _skip(decoder: StreamDecoder, unit: Unit) -> None:
    """Pass over a unit that is not decoded, or not to its end."""
    decoder.bits.position = 8 * (unit.offset + unit.size)
    decoder.split = SplitData()
    decoder.stream.units.append(DecodedUnit(unit.nnr_unit_type, unit.offset, unit.size))


def as_error(refused: Refused) -> NnrError:
    """The refusal of the literal decoder as the error that the other readers raise."""
    return refusal(refused.rule_id, refused.detail, unit=refused.unit, bit=refused.bit)
