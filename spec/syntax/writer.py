"""Clause 6.1: one unit from its elements and its payload."""

import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

from construct.lib import Container

from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax.bits import BitWriter
from nnref.spec.syntax.generate import Writer, compile_writer
from nnref.spec.syntax.reader import read_unit_at
from nnref.spec.syntax.records import Judge, ObservedWriter, Record, RecordSink
from nnref.spec.syntax.state import OutOfBand, StreamState, syntax_parameters
from nnref.spec.syntax.units import (
    ANY_UNIT,
    MAX_LONG_SIZE,
    MAX_SHORT_SIZE,
    PRIVATE_UNITS,
    UnitSyntax,
    type_name,
    unit_syntax,
)
from nnref.spec.tables.private_units import INDEX_SIGNATURE, METHOD_SIGNATURE

UNLIMITED: Final = Limits(*[sys.maxsize] * len(fields(Limits)))
"""A writer applies no policy."""


def write_unit(
    nnr_unit_type: int,
    fields: Mapping[str, Any],
    payload: Any = b"",
    state: StreamState | None = None,
    *,
    out_of_band: Mapping[str, OutOfBand] | None = None,
    strict: bool = True,
    record: RecordSink | None = None,
    offset: int = 0,
) -> bytes:
    """Clause 6.1: the bytes of a unit, as `read_units` gives it back under the same `state`.

    `fields` holds the elements by name. Those the syntax does not have here may be left out, or
    have their inferred value; of the present ones only reserved bits, the flags of optional parts
    (0) and independently_decodable_flag (1) may be left out. nnr_unit_size is computed; the long
    form is used when the unit needs it or nnr_unit_size_flag is 1. `out_of_band` must be what the
    reader will be given. Rules that a decoder tolerates are enforced when `strict`.

    `record` is called for every element, with bit positions as if the unit began at byte
    `offset`. Raises UsageError (element-...) for fields that cannot be written, tensor-too-large
    for a unit of 2^31 bytes or more, and what reading the unit would raise.
    """
    if not 0 <= nnr_unit_type < 64:
        raise refusal("element-value", f"{nnr_unit_type}", element="nnr_unit_type")
    state = state or StreamState()
    parameters = syntax_parameters(state, out_of_band, UNLIMITED)
    try:
        _check_fields(nnr_unit_type, fields)
        syntax = unit_syntax(nnr_unit_type, _signature(fields))
        body, written = _elements(syntax, fields, parameters, strict)
        if len(payload) and not syntax.has_payload(written):
            raise refusal("unit-size-mismatch", f"a payload of {len(payload)} bytes is given")
        header = _header(nnr_unit_type, fields, len(body) + len(payload))
    except NnrError as error:
        raise error.at(unit_type=type_name(nnr_unit_type)) from None
    unit = b"".join((header, body, payload))
    if record:
        _trace(unit, offset, state, out_of_band, record)
    return unit


def _check_fields(nnr_unit_type: int, fields: Mapping[str, Any]) -> None:
    known = _known_names(nnr_unit_type)
    if not fields.keys() <= known:
        raise refusal("element-unknown", ", ".join(sorted(map(str, fields.keys() - known))))
    if fields.get("nnr_unit_type", nnr_unit_type) != nnr_unit_type:
        detail = f"{fields['nnr_unit_type']!r} in a unit of type {nnr_unit_type}"
        raise refusal("element-value", detail, element="nnr_unit_type")


@cache
def _known_names(nnr_unit_type: int) -> frozenset[str]:
    own = (syntax.names for (kind, _), syntax in PRIVATE_UNITS.items() if kind == nnr_unit_type)
    return ANY_UNIT.names.union(unit_syntax(nnr_unit_type).names, *own)


def _signature(fields: Mapping[str, Any]) -> bytes:
    """Clause 14.2: what tells a private unit of nnref from other units of its type."""
    if fields.get("index_signature") == INDEX_SIGNATURE:
        return INDEX_SIGNATURE.to_bytes(4)
    return METHOD_SIGNATURE.to_bytes(4) if "method_idc" in fields else b""


def _header(nnr_unit_type: int, fields: Mapping[str, Any], rest: int) -> bytes:
    """Clauses 6.1 and 6.2, for a unit of `rest` bytes after the unit header."""
    given = {name: fields[name] for name in ANY_UNIT.names if name in fields}
    given["nnr_unit_type"] = nnr_unit_type
    counter_bytes = 1 if given.get("partial_data_counter_present_flag") else 0
    long_form = given.get("nnr_unit_size_flag") == 1 or rest + counter_bytes + 3 > MAX_SHORT_SIZE
    size = rest + counter_bytes + (5 if long_form else 3)
    if size > MAX_LONG_SIZE:
        raise refusal("tensor-too-large", f"{size} bytes", element="nnr_unit_size")
    given |= {"nnr_unit_size_flag": int(long_form), "nnr_unit_size": size}
    return _elements(ANY_UNIT, given, {}, True)[0]


def _elements(
    syntax: UnitSyntax, fields: Mapping[str, Any], parameters: dict[str, Any], strict: bool
) -> tuple[bytes, Mapping[str, Any]]:
    """The elements as bytes, and their values."""
    bits = BitWriter()
    written: dict[str, Any] = {}
    try:
        _compiled(syntax)(bits, parameters, fields, written)
    except Exception:  # The interpreted declaration says what is wrong, and where.
        return _interpreted(syntax, fields, parameters, strict)
    return bits.getvalue(), written


def _interpreted(
    syntax: UnitSyntax, fields: Mapping[str, Any], parameters: dict[str, Any], strict: bool
) -> tuple[bytes, Mapping[str, Any]]:
    own = {name: fields[name] for name in syntax.names if name in fields}
    context = Container(_params=parameters, _parsing=False, _building=True, _sizing=False)
    bits = ObservedWriter(Judge(strict))
    written: Mapping[str, Any] = syntax.struct._build(own, bits, context, "")
    return bits.getvalue(), written


@cache
def _compiled(syntax: UnitSyntax) -> Writer:
    return compile_writer(syntax.elements)


def _trace(
    unit: bytes,
    offset: int,
    state: StreamState,
    out_of_band: Mapping[str, OutOfBand] | None,
    record: RecordSink,
) -> None:
    def shifted(r: Record) -> None:
        record(Record(r.name, r.path, r.bit + 8 * offset, r.bits, r.value, r.descriptor))

    read_unit_at(unit, 0, state, limits=UNLIMITED, out_of_band=out_of_band, record=shifted)
