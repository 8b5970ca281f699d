"""Clause 15.3: convolutions as pairs of one-dimensional ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnref.spec.process import reconstruct
from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.parameter_sets import QuantizationParameters
from nnref.spec.process.payload import Payload, quantization_parameter
from nnref.spec.process.tensor import TensorSyntax, tensor_data

PATH = "low_rank_header"


@dataclass(frozen=True, slots=True)
class LowRankHeader:
    """Clause 15.3.1: Low-rank header."""

    rank: int
    dq_flag: int
    unary_length: int
    parameters: QuantizationParameters


def low_rank_header(bits: BitReader, unit: MethodUnit) -> LowRankHeader:
    """Clause 15.3.1: Low-rank header."""
    rank = bits.ue(4, f"{PATH}.kernel_rank_minus1") + 1
    if unit.active.quantization is None:
        raise bits.refused("qp-density-missing")
    if len(unit.dimensions) != 4:
        raise bits.refused("kernel-dimensions", f"{len(unit.dimensions)} dimensions")
    outputs, inputs, height, width = unit.dimensions
    if rank > min(inputs * height, outputs * width):
        raise bits.refused("kernel-rank", f"{rank} of {inputs * height} x {outputs * width}")
    return LowRankHeader(
        rank,
        bits.u(1, f"{PATH}.dq_flag"),
        bits.u(8, f"{PATH}.cabac_unary_length_minus1") + 1,
        unit.active.quantization,
    )


def low_rank_payload(bits: BitReader, unit: MethodUnit, header: LowRankHeader) -> Payload:
    """Clause 15.3.2: Factors of kernels. One codeword with both, G first."""
    engine = ArithmeticDecoder(bits)
    outputs, inputs, height, width = unit.dimensions
    of_g, of_h = unit.tensor_names
    rank = header.rank
    vertical = factor(engine, header, of_g, "vertical", [inputs * height, rank])
    horizontal = factor(engine, header, of_h, "horizontal", [rank, outputs * width])
    registers = engine.terminate()
    g = replace(unit.tensor(vertical), name=of_g, role="G", dimensions=[inputs, height, rank])
    h = replace(unit.tensor(horizontal), name=of_h, role="H", dimensions=[rank, outputs, width])
    return Payload([g, h], engine.end_of_payload(), registers)


def factor(
    engine: ArithmeticDecoder, header: LowRankHeader, name: str, role: str, shape: Sequence[int]
) -> list[float]:
    """Clause 15.3.2: Factors of kernels. One of them: its own qp, then the tensor data of a
    matrix.
    """
    rows, columns = shape
    if engine.observer is not None:
        engine.observer.tensor(name, role, rows, columns)
    qp = quantization_parameter(engine, header.parameters)
    syntax = TensorSyntax(rows, columns, header.unary_length, header.dq_flag, edition_2=True)
    decoded = tensor_data(engine, syntax)
    quantized = decoded.levels
    if header.dq_flag == 1:
        pairs = zip(decoded.levels, decoded.states, strict=True)
        quantized = [reconstruct.quantized_parameter(level, state) for level, state in pairs]
    step = reconstruct.quantization_step(qp, header.parameters.qp_density)
    return reconstruct.uniform_reconstruction(quantized, step)


def kernels(g: Sequence[float], h: Sequence[float], dimensions: Sequence[int]) -> list[float]:
    """Clause 15.3.3: Kernels from factors. The weight in row-major order of its dimensions; the
    product of clause 10.6 has it in another order.
    """
    outputs, inputs, height, width = dimensions
    rank = len(g) // (inputs * height)
    product = reconstruct.recomposition(g, h, inputs * height, rank)
    return [
        product[((c * height + y) * outputs + n) * width + x]
        for n in range(outputs)
        for c in range(inputs)
        for y in range(height)
        for x in range(width)
    ]
