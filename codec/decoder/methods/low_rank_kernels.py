"""Clause 15.3: decoding low-rank kernels."""

from collections.abc import Mapping
from typing import Any, Final

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.entropy import PayloadDecoder, TensorSyntax
from nnref.codec.quantization import reconstruct_uniform
from nnref.spec.errors import NnrError, refusal

Fields = Mapping[str, Any]


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.3.2: the factors of a unit, in the dimensions of their members.

    Raises InvalidError qp-density-missing and what the payload decoder raises.
    """
    unit, first, dialect, strict, _ = work
    density = unit.state.qp_density
    if density is None:
        raise refusal("qp-density-missing")
    decoder = PayloadDecoder(unit.payload, dialect)
    members = kernel_factors(unit.fields, kernel_names(first.name.removesuffix("_G")))
    factors = []
    for member in members:
        syntax = kernel_syntax(unit.fields["low_rank_header"], member)
        try:
            qp = decoder.iae(6 + density) + unit.state.base_qp
            quantized = decoder.decode_tensor(syntax).reshape(member.dimensions)
        except NnrError as error:
            raise error.at(tensor=member.name) from None
        values = reconstruct_uniform(quantized, qp, density)
        factors.append(CodedTensor(member, None, None, None, values))
    registers = decoder.state
    consumed = decoder.finish(strict=strict)
    return CodedUnit(factors, registers, consumed, tuple(decoder.findings))


def kernel_factors(fields: Fields, names: tuple[str, ...]) -> tuple[Member, ...]:
    """Clause 15.3.2: G, input channels x height x rank, and H, rank x output channels x width."""
    outputs, inputs, height, width = fields["tensor_dimensions"]
    rank = fields["low_rank_header"]["kernel_rank_minus1"] + 1
    of_g, of_h = names
    return (
        Member(of_g, "G", (inputs, height, rank)),
        Member(of_h, "H", (rank, outputs, width)),
    )


def kernel_names(name: str) -> tuple[str, str]:
    """Clause 14.2.2: the names of G and H of a weight."""
    return f"{name}_G", f"{name}_H"


def kernel_syntax(header: Fields, factor: Member) -> TensorSyntax:
    """Clause 15.3.2: what the coder has to know of a factor, which is coded as a matrix."""
    first, second, last = factor.dimensions
    rows, columns = (first * second, last) if factor.role == "G" else (first, second * last)
    return TensorSyntax(rows, columns, header["cabac_unary_length_minus1"] + 1, header["dq_flag"])


def tools(fields: Fields) -> tuple[str, ...]:
    """Short names of what the header switches on."""
    header = fields["low_rank_header"]
    return ("lowrank", f"rank{header['kernel_rank_minus1'] + 1}", *["dq"] * header["dq_flag"])


DECODER: Final = MethodDecoder(decode, tools, members=kernel_factors)
