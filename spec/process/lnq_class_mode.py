"""Clause 15.1.3: classes of units, with contexts and reconstruction offsets of their own."""

from nnref.spec.process.binarization import Neighbourhood, decode_level
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.lnq_contexts import (
    lnq_contexts,
    lnq_shift_parameters,
    set_start,
    set_syntax,
)
from nnref.spec.process.lnq_header import LnqHeader, Offsets, lnq_grid
from nnref.spec.process.lnq_values import LnqWeights
from nnref.spec.process.probability import Context
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.tables.lnq import CLASS


def class_mode(engine: ArithmeticDecoder, header: LnqHeader, rows: int, columns: int) -> LnqWeights:
    """Clause 15.1.3: Class mode. Map, shift parameters, weights row by row."""
    sets = header.classes - header.lnq_zero_class_flag
    contexts = lnq_contexts(sets, header.unary_length)
    if engine.observer is not None:
        engine.observer.contexts(contexts)
    class_map = lnq_class_map(engine, contexts, header, rows, columns)
    of_set = set_syntax(header.unary_length, header.dq_flag, None)
    for number in range(sets):
        if number + header.lnq_zero_class_flag in class_map:
            lnq_shift_parameters(engine, contexts, number, of_set)
    return class_weights(engine, contexts, header, class_map, rows, columns)


def lnq_class_map(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    header: LnqHeader,
    rows: int,
    columns: int,
) -> list[int]:
    """Clause 15.1.3: Class mode. The class of every unit: ones, then a zero unless it is the last
    class. Contexts by bin and by how many of the units to the left and above have the class that
    a zero would mean.
    """
    height, width = lnq_grid(header.unit_size, rows, columns)
    class_map: list[int] = []
    for unit in range(height * width):
        left = class_map[unit - 1] if unit % width > 0 else None
        above = class_map[unit - width] if unit >= width else None
        k = 0
        while k < header.classes - 1:
            index = CLASS + 3 * k + (1 if left == k else 0) + (1 if above == k else 0)
            if engine.context_bin(contexts, index, "lnq_class", unit) == 0:
                break
            k += 1
        class_map.append(k)
    return class_map


def class_weights(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    header: LnqHeader,
    class_map: list[int],
    rows: int,
    columns: int,
) -> LnqWeights:
    """Clause 15.1.3: Class mode. Those of the zero class are passed over: they are 0, and neither
    the DQ state nor the neighbour knows of them.
    """
    weights = LnqWeights.zeros(rows * columns)
    _, width = lnq_grid(header.unit_size, rows, columns)
    state = neighbour = 0
    for position in range(rows * columns):
        row, column = position // columns, position % columns
        unit = row // header.unit_size[0] * width + column // header.unit_size[1]
        number = class_map[unit] - header.lnq_zero_class_flag
        if number < 0:
            continue
        if engine.observer is not None:
            engine.observer.weight(position, state, neighbour)
        first = set_start(number, header.unary_length)
        near = Neighbourhood(state, neighbour, 0, 0)
        level = decode_level(engine, contexts, near, header.unary_length, None, first)
        if engine.observer is not None:
            engine.observer.level(position, level)
        weights.levels[position] = neighbour = level
        weights.integers[position] = class_integer(header, header.offsets[number], level, state)
        if header.dq_flag == 1:
            state = next_state(state, level)
    return weights


def class_integer(header: LnqHeader, offsets: Offsets, level: int, state: int) -> int:
    """Clause 15.1.3: Class mode. The quantized parameter in fractions of the step, with the offset
    of its quantizer, sign and magnitude; larger magnitudes have the offset of the largest.
    """
    quantized = quantized_parameter(level, state) if header.dq_flag == 1 else level
    run = offsets[state & 1 if header.dq_flag == 1 else 0][1 if level < 0 else 0]
    offset = run[min(abs(level), len(run)) - 1] if run and level != 0 else 0
    return (quantized << header.lnq_fraction_bits) + (-offset if level < 0 else offset)
