"""Clause 15.1: local non-linear quantization."""

from nnref.spec.process import reconstruct
from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.lnq_class_mode import class_mode
from nnref.spec.process.lnq_header import LnqHeader
from nnref.spec.process.lnq_published_mode import published_mode
from nnref.spec.process.lnq_values import LnqWeights, lnq_values
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.parameter_sets import QuantizationParameters
from nnref.spec.process.payload import DecodedTensor, Payload, quantization_parameter
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.tensor import TensorSyntax, tensor_data
from nnref.spec.tables.enums import LnqMode


def lnq_payload(bits: BitReader, unit: MethodUnit, header: LnqHeader) -> Payload:
    """Clause 15.1: Local non-linear quantization. The payload is one codeword."""
    parameters = unit.active.quantization
    if parameters is None:
        raise Refused("qp-density-missing", bit=bits.position)
    engine = ArithmeticDecoder(bits)
    tensor = lnq_tensor(engine, unit, header, parameters)
    registers = engine.terminate()
    return Payload([tensor], engine.end_of_payload(), registers)


def lnq_tensor(
    engine: ArithmeticDecoder,
    unit: MethodUnit,
    header: LnqHeader,
    parameters: QuantizationParameters,
) -> DecodedTensor:
    """Clause 15.1: Local non-linear quantization. qp, then the weights."""
    rows, columns = matrix_view(unit.dimensions)
    if engine.observer is not None:
        engine.observer.tensor(unit.name, "weight", rows, columns)
    qp = quantization_parameter(engine, parameters)
    if header.lnq_layer_flag == 0:
        weights = plain_layer(engine, header, rows, columns)
    elif header.lnq_mode == LnqMode.CLASSES:
        weights = class_mode(engine, header, rows, columns)
    else:
        weights = published_mode(engine, header, rows, columns)
    step = reconstruct.quantization_step(qp, parameters.qp_density)
    tensor = unit.tensor(lnq_values(weights, step, header.lnq_fraction_bits))
    tensor.levels, tensor.qp = weights.levels, qp
    return tensor


def plain_layer(
    engine: ArithmeticDecoder, header: LnqHeader, rows: int, columns: int
) -> LnqWeights:
    """Clause 15.1: Local non-linear quantization. A layer without it."""
    syntax = TensorSyntax(rows, columns, header.unary_length, header.dq_flag, edition_2=True)
    decoded = tensor_data(engine, syntax)
    if header.dq_flag == 0:
        return LnqWeights(decoded.levels, decoded.levels)
    pairs = zip(decoded.levels, decoded.states, strict=True)
    quantized = [reconstruct.quantized_parameter(level, state) for level, state in pairs]
    return LnqWeights(decoded.levels, quantized)
