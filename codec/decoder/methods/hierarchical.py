"""Clause 15.4: decoding hierarchical compression."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.decoder.number_formats import output_format, weight_format
from nnref.codec.entropy import PayloadDecoder, TensorSyntax
from nnref.spec.errors import refusal
from nnref.spec.tables.cabac import OFFSET_BITS
from nnref.spec.tables.enums import HierarchicalMode

Fields = Mapping[str, Any]
Integers = NDArray[np.int32]


class HierarchicalSyntax(NamedTuple):
    """Clause 15.4.2: what the coder has to know of the parts."""

    centroids: TensorSyntax | None
    """None where the header holds them, or there are none."""
    weights: TensorSyntax


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.4: the tensor of a unit.

    Raises InvalidError hierarchical-centroid-range and what the payload decoder raises.
    """
    unit, member, dialect, strict, _ = work
    header = unit.fields["hierarchical_header"]
    decoder = PayloadDecoder(unit.payload, dialect)
    entries, levels = _decoded(decoder, header, member)
    registers = decoder.state
    consumed = decoder.finish(strict=strict)
    values = _numbers(levels if entries is None else entries, header)
    if entries is not None:
        values = values[levels + header["hier_zero_index"]]
    tensor = CodedTensor(member, None, None, None, values.reshape(member.dimensions))
    return CodedUnit([tensor], registers, consumed, tuple(decoder.findings))


def _decoded(
    decoder: PayloadDecoder, header: Fields, member: Member
) -> tuple[NDArray[Any] | None, Integers]:
    """Clause 15.4.2: the centroids (None: there are none), integers or binary32, and the levels."""
    syntax = hierarchical_syntax(header, member)
    entries: NDArray[Any] | None = None
    if header["hier_mode"] == HierarchicalMode.SHARED_FLOAT:
        entries = np.array(header["hier_centroid"], np.float32)
    elif syntax.centroids is not None:
        distances = decoder.decode_tensor(syntax.centroids).astype(np.int64)
        half = 1 << header["hier_width_minus1"]
        entries = np.cumsum(distances + 1) - 1 - half
        if entries[-1] >= half:
            detail = f"{entries[-1]} in {header['hier_width_minus1'] + 1} bits"
            bit = decoder.state.shifts + OFFSET_BITS
            raise refusal("hierarchical-centroid-range", detail, bit=bit)
    return entries, decoder.decode_tensor(syntax.weights)


def _numbers(entries: NDArray[Any], header: Fields) -> NDArray[np.float32]:
    """Clause 15.4.3: of integers the fixed-point numbers; others are as they are."""
    number = weight_format(header)
    return entries.astype(np.float32) if number is None else number.values(entries)


def hierarchical_syntax(header: Fields, member: Member) -> HierarchicalSyntax:
    """Clause 15.4.2: the parts of a codeword, from the header of its unit."""
    shape = (member.rows, member.columns, header["cabac_unary_length_minus1"] + 1)
    if header["hier_mode"] == HierarchicalMode.FIXED_POINT:
        integers = 2 << header["hier_width_minus1"]
        weights = TensorSyntax(*shape, codebook_size=integers, codebook_zero_offset=integers // 2)
        return HierarchicalSyntax(None, weights)
    count = header["hier_centroid_count_minus1"] + 1
    weights = TensorSyntax(
        *shape, codebook_size=count, codebook_zero_offset=header["hier_zero_index"]
    )
    if header["hier_mode"] == HierarchicalMode.SHARED_FLOAT:
        return HierarchicalSyntax(None, weights)
    length = header["hier_centroid_unary_length_minus1"] + 1
    integers = 2 << header["hier_width_minus1"]
    return HierarchicalSyntax(TensorSyntax(1, count, length, codebook_size=integers), weights)


def tools(fields: Fields) -> tuple[str, ...]:
    """Short names of what the header has: how many values, bits of weights and of outputs."""
    header = fields["hierarchical_header"]
    names = ["hierarchical"]
    if header["hier_mode"] != HierarchicalMode.FIXED_POINT:
        names.append(f"shared{header['hier_centroid_count_minus1'] + 1}")
    for name, number in (("fixed", weight_format(header)), ("outputs", output_format(header))):
        names += [] if number is None else [f"{name}{number.width}"]
    return tuple(names)


def uniform(work: MethodUnit) -> tuple[Integers, int] | None:
    """Clause 15.4.3: the fixed-point integers, and the qp whose step is 2^-fraction_length."""
    header, density = work.unit.fields["hierarchical_header"], work.unit.state.qp_density
    number = weight_format(header)
    if number is None or density is None:
        return None
    entries, levels = _decoded(PayloadDecoder(work.unit.payload, work.dialect), header, work.member)
    integers = levels if entries is None else entries[levels + header["hier_zero_index"]]
    shaped = integers.astype(np.int32).reshape(work.member.dimensions)
    return shaped, -number.fraction_length * (1 << density)


DECODER: Final = MethodDecoder(decode, tools, uniform)
