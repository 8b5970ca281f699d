"""Clause 15.1: local non-linear quantization."""

from dataclasses import dataclass

from nnref.spec.process import reconstruct
from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.payload import Payload, quantization_parameter
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.tensor import TensorSyntax, tensor_data


@dataclass(frozen=True, slots=True)
class LnqHeader:
    """Clause 15.1: Local non-linear quantization. The elements of its header."""

    lnq_layer_flag: int
    dq_flag: int
    unary_length: int


def lnq_header(bits: BitReader, unit: MethodUnit) -> LnqHeader:  # noqa: ARG001
    """Clause 15.1: Local non-linear quantization. Its header."""
    path = "lnq_header"
    lnq_layer_flag = bits.u(1, f"{path}.lnq_layer_flag")
    if lnq_layer_flag == 1:
        raise bits.refused("lnq-mode-reserved")
    dq_flag = bits.u(1, f"{path}.dq_flag")
    return LnqHeader(lnq_layer_flag, dq_flag, bits.u(8, f"{path}.cabac_unary_length_minus1") + 1)


def lnq_payload(bits: BitReader, unit: MethodUnit, header: LnqHeader) -> Payload:
    """Clause 15.1: Local non-linear quantization. One codeword: qp, tensor data."""
    parameters = unit.active.quantization
    if parameters is None:
        raise Refused("qp-density-missing", bit=bits.position)
    rows, columns = matrix_view(unit.dimensions)
    engine = ArithmeticDecoder(bits)
    if engine.observer is not None:
        engine.observer.tensor(unit.name, "weight", rows, columns)
    qp = quantization_parameter(engine, parameters)
    syntax = TensorSyntax(rows, columns, header.unary_length, header.dq_flag, edition_2=True)
    decoded = tensor_data(engine, syntax)
    quantized = decoded.levels
    if header.dq_flag == 1:
        pairs = zip(decoded.levels, decoded.states, strict=True)
        quantized = [reconstruct.quantized_parameter(level, state) for level, state in pairs]
    step = reconstruct.quantization_step(qp, parameters.qp_density)
    tensor = unit.tensor(reconstruct.uniform_reconstruction(quantized, step))
    tensor.levels, tensor.qp = decoded.levels, qp
    registers = engine.terminate()
    return Payload([tensor], engine.end_of_payload(), registers)
