"""`nnref inspect`: units, elements, tensors and sizes of a stream; nothing is decoded."""

import sys
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.limits import Limits
from nnref.tools.cli.census_table import census_object, print_census
from nnref.tools.cli.failures import GOOD, tell
from nnref.tools.cli.lnq_table import lnq_layers, print_lnq
from nnref.tools.cli.options import json_option, limit_option, out_of_band_option
from nnref.tools.cli.output import print_json, print_table, warn_findings
from nnref.tools.cli.parameters import parameters_facts, parameters_object
from nnref.tools.cli.quantization_data import quantization_data_object
from nnref.tools.cli.text import count_text, number_text, one_line, ratio_text, shape_text
from nnref.tools.cli.topology import topology_object, topology_text

if TYPE_CHECKING:
    from nnref.codec import StreamTensor
    from nnref.spec.syntax import Record
    from nnref.tools.cli.inspection import InspectedUnit, Inspection

_UNIT_COLUMNS = ("unit", "<type", "first byte", "bytes", "header bits", "payload bytes")
_TENSOR_COLUMNS = ("<tensor", "unit", "<shape", "<dtype", "<tools", "bytes", "bits/weight")
_SHOWN_VALUE = 60
"""Characters of an element's value in the table; --json has all."""


@click.command(short_help="Show units, elements, tensors and sizes.")
@click.argument("path", metavar="STREAM", type=click.Path(readable=False))
@click.option("--elements", is_flag=True, help="List every syntax element with its bits.")
@click.option("--lnq", is_flag=True, help="Decode layers with LNQ, show units, SL and side bits.")
@click.option("--census", is_flag=True, help="Count layers and parameters by kind.")
@click.option(
    "--payload",
    metavar="TENSOR",
    help="Write the payload of a tensor's unit, and nothing else, to standard output.",
)
@out_of_band_option
@limit_option
@json_option
def command(
    path: str,
    elements: bool,
    lnq: bool,
    census: bool,
    payload: str | None,
    out_of_band: Any,
    limits: Limits,
    as_json: bool,
) -> int:
    """Show units, elements, tensors and sizes.

    Nothing is decoded without --lnq. Tensors are listed as they are coded; the totals count them
    as they are handed out, with factors and scalings multiplied into their weight. Of a damaged
    stream, all that can be parsed is shown before the error. Positions are bits counted from the
    first bit of the stream. The payload of video-coded weights is a file for any HEVC decoder.
    """
    if payload is not None:
        _write_payload(path, payload, out_of_band, limits)
        return GOOD
    from nnref.tools.cli.inspection import inspect  # noqa: PLC0415  it loads numpy

    found = inspect(path, limits, out_of_band)
    warn_findings(found.findings)
    layers = list(lnq_layers([t for unit in found.units for t in unit.tensors])) if lnq else []
    kinds = census_object(found.composed) if census else []
    if as_json:
        content = {"stream": path} | _object(found)
        content |= ({"lnq": layers} if lnq else {}) | ({"census": kinds} if census else {})
        print_json("nnref.inspect/1", content)
    else:
        _print(path, found, elements)
    if lnq and not as_json:
        print_lnq(layers)
    if census and not as_json:
        print_census(kinds)
    return tell(found.errors[-1]) if found.errors else GOOD


def _write_payload(path: str, name: str, out_of_band: Any, limits: Limits) -> None:
    """The payload as it is. Raises UsageError tensor-unknown."""
    from nnref.codec.decoder.stream import Stream  # noqa: PLC0415  it loads numpy

    stream = Stream(path, limits=limits, out_of_band=out_of_band, as_coded=True)
    sys.stdout.buffer.write(stream.info(name).unit.payload)


def _print(path: str, found: "Inspection", elements: bool) -> None:
    if elements:
        _print_elements(found)
    else:
        print_table("Units", _UNIT_COLUMNS, map(_unit_row, found.units))
    rows = [row for unit in found.units for row in _tensor_rows(unit)]
    print_table("Tensors", _TENSOR_COLUMNS, rows)
    for name, value in parameters_facts(found.parameters):
        print(one_line(f"{name}: {value}"))
    for topology in found.topologies:
        print(f"topology: {topology_text(topology)}")
    for one in found.quantization_data:
        print(f"quantization data: {count_text(len(one.data))} bytes")
    totals = _totals(found)
    print(
        f"{one_line(path)}: {count_text(found.size)} bytes in {totals['units']} units for "
        f"{count_text(totals['tensor_bytes'])} bytes in {totals['tensors']} tensors "
        f"({ratio_text(totals['tensor_bytes'], found.size)}), "
        f"{number_text(totals['bits_per_weight'])} bits per weight"
    )


def _print_elements(found: "Inspection") -> None:
    for one in found.units:
        unit = one.unit
        title = f"Unit {unit.index} ({unit.type_name}), byte {unit.offset}, {unit.size} bytes"
        _print_records(title, one.records)
    if found.unparsed:
        _print_records(f"Unit {len(found.units)}, not parsed to its end", found.unparsed)


def _print_records(title: str, records: list["Record"]) -> None:
    columns = ("bit", "bits", "<element", "<descriptor", "<value")
    rows = [
        (str(r.bit), str(r.bits), r.path, r.descriptor, _short(str(_value(r)))) for r in records
    ]
    print_table(title, columns, rows)


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN_VALUE else f"{value[: _SHOWN_VALUE - 3]}..."


def _unit_row(one: "InspectedUnit") -> tuple[str, ...]:
    unit = one.unit
    return (
        str(unit.index),
        unit.type_name,
        str(unit.offset),
        count_text(unit.size),
        count_text(_header_bits(one)),
        count_text(unit.payload_size),
    )


def _header_bits(one: "InspectedUnit") -> int:
    return 8 * (one.unit.payload_offset - one.unit.offset)


def _tensor_rows(one: "InspectedUnit") -> list[tuple[str, ...]]:
    size, rate = count_text(one.data_bytes), number_text(one.bits_per_weight)
    return [
        (
            tensor.name,
            str(one.unit.index),
            shape_text(tensor.info.shape),
            tensor.info.dtype,
            " ".join(_tools(tensor)) + _part_text(one.part_of(tensor)),
            *((size, rate) if position == 0 else ('"', '"')),
        )
        for position, tensor in enumerate(one.tensors)
    ]


def _part_text(weight: str | None) -> str:
    return "" if weight is None else f" of {weight}"


def _tools(tensor: "StreamTensor") -> list[str]:
    payload_type = tensor.payload_type.name.removeprefix("NNR_PT_").lower()
    return list(dict.fromkeys((payload_type, *tensor.tools)))


def _totals(found: "Inspection") -> dict[str, Any]:
    weights = sum(tensor.info.size for tensor in found.composed)
    return {
        "units": len(found.units),
        "tensors": len(found.composed),
        "weights": weights,
        "tensor_bytes": sum(tensor.info.nbytes for tensor in found.composed),
        "bits_per_weight": 8 * found.size / weights if weights else None,
    }


def _object(found: "Inspection") -> dict[str, Any]:
    content: dict[str, Any] = {
        "bytes": found.size,
        "totals": _totals(found),
        "parameters": parameters_object(found.parameters),
        "topologies": [topology_object(topology) for topology in found.topologies],
        "quantization_data": [quantization_data_object(one) for one in found.quantization_data],
        "units": [_unit_object(one) for one in found.units],
        "tensors": [_tensor_object(one, tensor) for one in found.units for tensor in one.tensors],
        "findings": [finding.as_dict() for finding in found.findings],
    }
    if found.unparsed:
        content["unparsed"] = list(map(_record_object, found.unparsed))
    if found.errors:
        content["errors"] = [error.as_dict() for error in found.errors]
        content["error"] = found.errors[-1].as_dict()
    return content


def _unit_object(one: "InspectedUnit") -> dict[str, Any]:
    unit = one.unit
    return {
        "unit": unit.index,
        "type": unit.nnr_unit_type,
        "type_name": unit.type_name,
        "byte": unit.offset,
        "bytes": unit.size,
        "header_bits": _header_bits(one),
        "payload_byte": unit.payload_offset,
        "payload_bytes": unit.payload_size,
        "elements": list(map(_record_object, one.records)),
    }


def _record_object(record: "Record") -> dict[str, Any]:
    return {
        "element": record.path,
        "descriptor": record.descriptor,
        "bit": record.bit,
        "bits": record.bits,
        "value": _value(record),
    }


def _value(record: "Record") -> object:
    """A value as JSON can hold it, and as a trace has it."""
    from nnref.tools.trace.values import json_value  # noqa: PLC0415  it loads the declarations

    return json_value(record)


def _tensor_object(one: "InspectedUnit", tensor: "StreamTensor") -> dict[str, Any]:
    return {
        "name": tensor.name,
        "unit": one.unit.index,
        "shape": list(tensor.info.shape),
        "dtype": tensor.info.dtype,
        "payload_type": tensor.payload_type.name,
        "tools": list(tensor.tools),
        "part_of": one.part_of(tensor),
        "unit_bytes": one.data_bytes,
        "unit_bits_per_weight": one.bits_per_weight,
    }
