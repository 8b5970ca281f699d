"""Clause 9.6.4: some rows of a tensor, without decoding those before."""

from dataclasses import replace
from itertools import starmap
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.batches import UnitWork
from nnref.codec.decoder.composition import output
from nnref.codec.decoder.data_unit import CodedTensor, in_stream, tensor_syntax, unit_density
from nnref.codec.decoder.headers import StreamTensor
from nnref.codec.decoder.members import Member
from nnref.codec.entropy import EntryPoint, PayloadDecoder
from nnref.codec.formats import keeps_rows
from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax import entry_point_values, is_method
from nnref.spec.tables.enums import PayloadType

Array = NDArray[Any]


def decode_rows(work: UnitWork, tensor: StreamTensor, first: int, last: int) -> Array | None:
    """Clause 9.6.4: rows `first` to `last` - 1 of a tensor alone in a compressed data unit.

    Of a raw tensor just these bytes are read, of a block scan just the block rows that hold them.
    None where there is no way to begin inside: the tensor has to be decoded whole. Raises what
    decoding these weights raises.
    """
    member, unit = tensor.member, work.unit
    is_alone = len(work.coded) == 1 and not is_method(unit.fields)
    if not is_alone or not keeps_rows(tensor.format_code, tensor.payload_type):
        return None
    try:
        if tensor.payload_type == PayloadType.NNR_PT_RAW_FLOAT:
            return output(_raw_rows(work, member, first, last), tensor)
        if tensor_syntax(unit, member).block_rows == 1:
            return None
        return output(_coded_rows(work, member, first, last).values(), tensor)
    except NnrError as error:
        where = {"unit": unit.index, "unit_type": unit.type_name, "tensor": member.name}
        raise in_stream(error, unit).at(**where) from None


def _raw_rows(work: UnitWork, member: Member, first: int, last: int) -> NDArray[np.float32]:
    payload = work.unit.payload
    if len(payload) != 4 * member.weights:
        raise refusal("payload-size-raw", f"{len(payload)} bytes for {member.weights} weights")
    row = 4 * prod(member.dimensions[1:])
    part = payload[first * row : last * row]
    return np.frombuffer(part, "<f4").astype(np.float32).reshape(_shape(member, first, last))


def _coded_rows(work: UnitWork, member: Member, first: int, last: int) -> CodedTensor:
    unit = work.unit
    density = unit_density(unit)
    decoder = PayloadDecoder(unit.payload, work.dialect)
    qp = None if density is None else decoder.iae(6 + density) + unit.state.base_qp
    syntax = tensor_syntax(unit, member)
    entry_points = list(starmap(EntryPoint, entry_point_values(unit.fields["entry_points"])))
    edge = syntax.block_edge
    first_block, last_block = first // edge, -(-last // edge)
    quantized = decoder.decode_block_rows(
        syntax,
        entry_points,
        first_block,
        last_block,
        work.base.base(unit, member),
        work.base.history(member),
    )
    if decoder.entry_points != entry_points[first_block : last_block - 1]:
        raise refusal("entry-point-mismatch", f"inside block rows {first_block}..{last_block - 1}")
    rows = quantized.reshape(-1, syntax.columns)[first - first_block * edge :][: last - first]
    part = replace(member, dimensions=_shape(member, first, last))
    return CodedTensor(part, rows.reshape(part.dimensions), qp, density)


def _shape(member: Member, first: int, last: int) -> tuple[int, ...]:
    return (last - first, *member.dimensions[1:])
