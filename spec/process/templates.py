"""Clause 15.5: linear representation of kernels."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from nnref.spec.process import reconstruct
from nnref.spec.process.binarization import Bounds
from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.parameter_sets import QuantizationParameters
from nnref.spec.process.payload import Payload, quantization_parameter
from nnref.spec.process.reconstruct import nearest_binary32
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.tensor import TensorSyntax, tensor_data

PATH = "template_header"


@dataclass(frozen=True, slots=True)
class TemplateHeader:
    """Clause 15.5.1: Template header."""

    size: int
    count: int
    dq_flag: int
    unary_length: int
    index_unary_length: int
    template_residual_flag: int


@dataclass(frozen=True, slots=True)
class TemplateUnit:
    """Clause 15.5.2: Templates and planes. All that the decoding of a part depends on."""

    engine: ArithmeticDecoder
    name: str
    header: TemplateHeader
    parameters: QuantizationParameters


def template_header(bits: BitReader, unit: MethodUnit) -> TemplateHeader:
    """Clause 15.5.1: Template header."""
    size = bits.ue(4, f"{PATH}.template_size_minus1") + 1
    _, columns = matrix_view(unit.dimensions)
    if columns % size != 0:
        raise bits.refused("template-size", f"{columns} columns, kernels of {size}")
    kernels = prod(unit.dimensions) // size
    count = bits.ue(4, f"{PATH}.template_count_minus1") + 1
    if count > kernels:
        raise bits.refused("template-count", f"{count} templates, {kernels} kernels")
    return TemplateHeader(
        size,
        count,
        bits.u(1, f"{PATH}.dq_flag"),
        bits.u(8, f"{PATH}.cabac_unary_length_minus1") + 1,
        bits.u(8, f"{PATH}.template_index_unary_length_minus1") + 1,
        bits.u(1, f"{PATH}.template_residual_flag"),
    )


def template_payload(bits: BitReader, unit: MethodUnit, header: TemplateHeader) -> Payload:
    """Clause 15.5.2: Templates and planes. One codeword, part by part."""
    parameters = unit.active.quantization
    if parameters is None:
        raise Refused("qp-density-missing", bit=bits.position)
    work = TemplateUnit(ArithmeticDecoder(bits), unit.name, header, parameters)
    rows, columns = matrix_view(unit.dimensions)
    across = columns // header.size
    templates = numbers(work, "templates", header.count, header.size)
    indices = template_indices(work, rows, across)
    scales = numbers(work, "scale", rows, across)
    offsets = numbers(work, "offset", rows, across)
    residual = None
    if header.template_residual_flag == 1:
        residual = numbers(work, "residual", rows, columns)
    values = from_templates(templates, indices, scales, offsets, header.size)
    if residual is not None:
        values = with_residual(values, residual)
    registers = work.engine.terminate()
    return Payload([unit.tensor(values)], work.engine.end_of_payload(), registers)


def numbers(work: TemplateUnit, role: str, rows: int, columns: int) -> list[float]:
    """Clause 15.5.2: Templates and planes. A part that consists of real numbers: its own qp, then
    the tensor data of a matrix.
    """
    engine, header = work.engine, work.header
    if engine.observer is not None:
        engine.observer.tensor(work.name, role, rows, columns)
    qp = quantization_parameter(engine, work.parameters)
    syntax = TensorSyntax(rows, columns, header.unary_length, header.dq_flag, edition_2=True)
    decoded = tensor_data(engine, syntax)
    quantized = decoded.levels
    if header.dq_flag == 1:
        pairs = zip(decoded.levels, decoded.states, strict=True)
        quantized = [reconstruct.quantized_parameter(level, state) for level, state in pairs]
    step = reconstruct.quantization_step(qp, work.parameters.qp_density)
    return reconstruct.uniform_reconstruction(quantized, step)


def template_indices(work: TemplateUnit, rows: int, columns: int) -> list[int]:
    """Clause 15.5.2: Templates and planes. Levels bounded as those of a codebook with an entry for
    each template, of which the first is 0.
    """
    engine, header = work.engine, work.header
    if engine.observer is not None:
        engine.observer.tensor(work.name, "index", rows, columns)
    bounds = Bounds(0, header.count - 1)
    syntax = TensorSyntax(rows, columns, header.index_unary_length, edition_2=True, bounds=bounds)
    return tensor_data(engine, syntax).levels


def from_templates(
    templates: Sequence[float],
    indices: Sequence[int],
    scales: Sequence[float],
    offsets: Sequence[float],
    size: int,
) -> list[float]:
    """Clause 15.5.3: Reconstruction from templates. The product first; it and the sum are each
    rounded to binary32.
    """
    values = []
    for index, scale, offset in zip(indices, scales, offsets, strict=True):
        for number in templates[index * size : (index + 1) * size]:
            product = nearest_binary32(scale * number)
            values.append(nearest_binary32(product + offset))
    return values


def with_residual(values: Sequence[float], residual: Sequence[float]) -> list[float]:
    """Clause 15.5.3: Reconstruction from templates. The last sum, rounded to binary32."""
    return [nearest_binary32(a + b) for a, b in zip(values, residual, strict=True)]
