"""Clause 15.1: decoding local non-linear quantization."""

from collections.abc import Mapping
from typing import Any, Final

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.entropy import PayloadDecoder, TensorSyntax
from nnref.codec.quantization import reconstruct_uniform
from nnref.spec.errors import refusal


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.1: one codeword: qp, tensor data.

    Raises InvalidError qp-density-missing and what the payload decoder raises.
    """
    unit, member, dialect, strict = work
    header = unit.fields["lnq_header"]
    density = unit.state.qp_density
    if density is None:
        raise refusal("qp-density-missing")
    decoder = PayloadDecoder(unit.payload, dialect)
    qp = decoder.iae(6 + density) + unit.state.base_qp
    syntax = TensorSyntax(
        rows=member.rows,
        columns=member.columns,
        unary_length=header["cabac_unary_length_minus1"] + 1,
        dq_flag=header["dq_flag"],
    )
    quantized = decoder.decode_tensor(syntax).reshape(member.dimensions)
    tensor = CodedTensor(member, None, qp, density, reconstruct_uniform(quantized, qp, density))
    registers = decoder.state
    consumed = decoder.finish(strict=strict)
    return CodedUnit([tensor], registers, consumed, tuple(decoder.findings))


def tools(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Short names of what the header switches on."""
    return ("lnq", *["dq"] * fields["lnq_header"]["dq_flag"])


DECODER: Final = MethodDecoder(decode, tools)
