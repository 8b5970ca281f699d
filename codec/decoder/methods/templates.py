"""Clause 15.5: decoding the linear representation of kernels."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.entropy import PayloadDecoder, TensorSyntax
from nnref.codec.quantization import reconstruct_uniform
from nnref.spec.errors import refusal

Fields = Mapping[str, Any]
Float32 = NDArray[np.float32]


class TemplateSyntax(NamedTuple):
    """Clause 15.5.1: what the coder has to know of the parts."""

    templates: TensorSyntax
    indices: TensorSyntax
    plane: TensorSyntax
    """Of the scales, and of the offsets."""
    residual: TensorSyntax | None
    """None without a residual."""


class Planes(NamedTuple):
    """Clause 15.5.2: the decoded parts."""

    templates: Float32
    """count x size."""
    indices: NDArray[np.int32]
    """rows x kernels of a row; so are `scales` and `offsets`."""
    scales: Float32
    offsets: Float32
    residual: Float32 | None
    """rows x columns."""

    def weights(self) -> Float32:
        """Clause 15.5.3: scale * template + offset, then + residual, each rounded to binary32."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = self.scales[..., None] * self.templates[self.indices]
            values += self.offsets[..., None]
            if self.residual is not None:
                values += self.residual.reshape(values.shape)
        return values


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.5: the tensor of a unit. Raises InvalidError qp-density-missing and what the
    payload decoder raises.
    """
    unit, member, dialect, strict, _ = work
    density = unit.state.qp_density
    if density is None:
        raise refusal("qp-density-missing")
    decoder = PayloadDecoder(unit.payload, dialect)
    syntax = template_syntax(unit.fields["template_header"], member)

    def numbers(part: TensorSyntax) -> Float32:
        qp = decoder.iae(6 + density) + unit.state.base_qp
        quantized = decoder.decode_tensor(part).reshape(part.rows, part.columns)
        return reconstruct_uniform(quantized, qp, density)

    templates = numbers(syntax.templates)
    indices = decoder.decode_tensor(syntax.indices).reshape(syntax.plane.rows, syntax.plane.columns)
    scales, offsets = numbers(syntax.plane), numbers(syntax.plane)
    residual = None if syntax.residual is None else numbers(syntax.residual)
    registers = decoder.state
    consumed = decoder.finish(strict=strict)
    values = Planes(templates, indices, scales, offsets, residual).weights()
    tensor = CodedTensor(member, None, None, None, values.reshape(member.dimensions))
    return CodedUnit([tensor], registers, consumed, tuple(decoder.findings))


def template_syntax(header: Fields, member: Member) -> TemplateSyntax:
    """Clause 15.5.1: the parts of a codeword, from the header of its unit."""
    size = header["template_size_minus1"] + 1
    count = header["template_count_minus1"] + 1
    rows, columns = member.rows, member.columns
    common = (header["cabac_unary_length_minus1"] + 1, header["dq_flag"])
    return TemplateSyntax(
        TensorSyntax(count, size, *common),
        TensorSyntax(
            rows,
            columns // size,
            header["template_index_unary_length_minus1"] + 1,
            codebook_size=count,
        ),
        TensorSyntax(rows, columns // size, *common),
        TensorSyntax(rows, columns, *common) if header["template_residual_flag"] else None,
    )


def tools(fields: Fields) -> tuple[str, ...]:
    """Short names of what the header switches on."""
    header = fields["template_header"]
    names = ("templates", f"templates{header['template_count_minus1'] + 1}")
    return (*names, *["residual"] * header["template_residual_flag"], *["dq"] * header["dq_flag"])


DECODER: Final = MethodDecoder(decode, tools)
