"""Clause 15.1: decoding local non-linear quantization."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.entropy import (
    ClassSyntax,
    DecodedClasses,
    DecodedUnits,
    LnqPayloadDecoder,
    LnqShape,
    PublishedSyntax,
    TensorSyntax,
)
from nnref.codec.quantization import reconstruct_uniform
from nnref.spec.errors import refusal
from nnref.spec.tables.enums import LayerType, LnqMode, LuType
from nnref.spec.tables.lnq import BLOCK_EDGE

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LnqTensor:
    """Clause 15.1: a decoded layer: integers of a uniform quantizer, and what chose them."""

    integers: NDArray[np.int32]
    """In the tensor's dimensions: multiples of the step of `qp`."""
    qp: int
    """Clause 15.1.7: that of the fine step."""
    syntax: ClassSyntax | PublishedSyntax | None
    """None for a layer without LNQ."""
    found: DecodedClasses | DecodedUnits | None
    unit: CodedUnit
    """With the values that a decoder hands out."""

    @property
    def lnq_weights(self) -> int:
        """Weights of units with LNQ: in class mode all, without LNQ none."""
        if isinstance(self.found, DecodedUnits) and self.syntax is not None:
            return int(self.syntax.shape.unit_weights()[self.found.flags == 1].sum())
        return 0 if self.found is None else self.integers.size


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.1: the tensor of a unit. Raises InvalidError qp-density-missing and what the
    payload decoder raises.
    """
    return decode_layer(work).unit


def decode_layer(work: MethodUnit) -> LnqTensor:
    """Clause 15.1: one codeword: qp, then the weights. Raises as `decode`."""
    unit, member, dialect, strict, _ = work
    density = unit.state.qp_density
    if density is None:
        raise refusal("qp-density-missing")
    decoder = LnqPayloadDecoder(unit.payload, dialect)
    qp = decoder.iae(6 + density) + unit.state.base_qp
    syntax = lnq_syntax(unit.fields, member)
    found: DecodedClasses | DecodedUnits | None = None
    if isinstance(syntax, ClassSyntax):
        found = decoder.decode_classes(syntax)
    elif isinstance(syntax, PublishedSyntax):
        found = decoder.decode_units(syntax)
    if syntax is None or found is None:
        integers = decoder.decode_tensor(_plain_syntax(unit.fields["lnq_header"], member))
    else:
        integers, qp = found.integers, qp - (syntax.fraction_bits << density)
    integers = integers.reshape(member.dimensions)
    values = reconstruct_uniform(integers, qp, density)
    registers = decoder.state
    consumed = decoder.finish(strict=strict)
    tensor = CodedTensor(member, None, qp, density, values)
    coded = CodedUnit([tensor], registers, consumed, tuple(decoder.findings))
    return LnqTensor(integers, qp, syntax, found, coded)


def lnq_syntax(fields: Fields, member: Member) -> ClassSyntax | PublishedSyntax | None:
    """Clause 15.1.1: what the header says about the codeword; None: a layer without LNQ."""
    header = fields["lnq_header"]
    if not header["lnq_layer_flag"]:
        return None
    common: dict[str, Any] = {
        "shape": _shape(fields, member),
        "unary_length": header["cabac_unary_length_minus1"] + 1,
        "dq_flag": header["dq_flag"],
        "fraction_bits": header["lnq_fraction_bits"],
    }
    if header["lnq_mode"] == LnqMode.CLASSES:
        offsets = (_tuples(one) for one in header["lnq_offsets"])
        return ClassSyntax(
            classes=header["lnq_num_classes_minus1"] + 1,
            zero_class=header["lnq_zero_class_flag"],
            offsets=tuple(offsets),
            **common,
        )
    book = header["codebook"]
    return PublishedSyntax(
        levels=header["lnq_levels"],
        variable_levels=header["lnq_variable_levels_flag"],
        zero_centroid=header["lnq_zero_centroid_flag"],
        group_order=header["lnq_group_order"],
        context_mode=header["lnq_context_mode"],
        centroid_mode=header["lnq_centroid_mode"],
        merge=header["lnq_merge_enabled_flag"],
        egk=header["lnq_centroid_egk"],
        dictionary=tuple(tuple(e["lnq_centroids"]) for e in header["lnq_dictionary"] or ()),
        codebook=tuple(book["codebook"]) if book else (),
        codebook_zero_offset=book["codebook_zero_offset"] if book else 0,
        **common,
    )


def _tuples(signs_by_quantizer: list[list[list[int]]]) -> Any:
    return tuple(tuple(tuple(run) for run in signs) for signs in signs_by_quantizer)


def _shape(fields: Fields, member: Member) -> LnqShape:
    """Clause 15.1.2: the units of a layer; of no weights they have the size 1."""
    header, rows, columns = fields["lnq_header"], member.rows, member.columns
    kind = LuType(header["lnq_lu_type"])
    if kind == LuType.BY_LAYER:
        connected = fields["layer_type"] == LayerType.FULLY_CONNECTED
        kind = LuType.BLOCK if connected else LuType.FILTER
    heights = {LuType.BLOCK: BLOCK_EDGE, LuType.KERNEL: 1, LuType.FILTER: 1}
    widths = {LuType.BLOCK: BLOCK_EDGE, LuType.KERNEL: prod(member.dimensions[2:])}
    height = header["lnq_lu_height"] or heights.get(kind, rows)
    width = header["lnq_lu_width"] or widths.get(kind, columns)
    return LnqShape(rows, columns, max(1, height), max(1, width))


def _plain_syntax(header: Fields, member: Member) -> TensorSyntax:
    return TensorSyntax(
        rows=member.rows,
        columns=member.columns,
        unary_length=header["cabac_unary_length_minus1"] + 1,
        dq_flag=header["dq_flag"],
    )


def tools(fields: Fields) -> tuple[str, ...]:
    """Short names of what the header switches on."""
    header = fields["lnq_header"]
    mode = [] if header["lnq_mode"] is None else [LnqMode(header["lnq_mode"]).name.lower()]
    return ("lnq", *mode, *["dq"] * header["dq_flag"])


def uniform(work: MethodUnit) -> tuple[NDArray[np.int32], int]:
    """Clause 15.1.7: integers and qp of the uniform quantizer that gives the same numbers."""
    layer = decode_layer(work)
    return layer.integers, layer.qp


DECODER: Final = MethodDecoder(decode, tools, uniform)
