"""Clause 15.1.4: units with a codebook of their own beside units of levels, as published."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nnref.spec.process.binarization import Bounds, Neighbourhood, decode_level
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.lnq_codebooks import Prediction, unit_codebook
from nnref.spec.process.lnq_contexts import (
    lnq_contexts,
    lnq_shift_parameters,
    reset_set,
    set_start,
    set_syntax,
)
from nnref.spec.process.lnq_header import LnqHeader, LnqUnit, lnq_grid, lnq_units
from nnref.spec.process.lnq_values import LnqWeights
from nnref.spec.process.probability import Context
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.tables.enums import LnqContextMode, LnqGroupOrder
from nnref.spec.tables.lnq import LNQ_FLAG


@dataclass(slots=True)
class Layer:
    """Clause 15.1.4: Published mode. A layer while its weights are decoded.

    `flags` and `codebooks` are by unit; DQ state and neighbour of the levels know nothing of the
    symbols, and the neighbour of the symbols nothing of the levels.
    """

    engine: ArithmeticDecoder
    header: LnqHeader
    columns: int
    units: list[LnqUnit]
    grid_columns: int
    contexts: list[Context]
    weights: LnqWeights
    flags: list[int] = field(default_factory=list)
    codebooks: dict[int, list[int]] = field(default_factory=dict)
    prediction: Prediction = field(default_factory=Prediction)
    last: int | None = None
    state: int = 0
    neighbour: int = 0
    symbol_neighbour: int = 0


def published_mode(
    engine: ArithmeticDecoder, header: LnqHeader, rows: int, columns: int
) -> LnqWeights:
    """Clause 15.1.4: Published mode. Flags, shift parameters, groups."""
    own = header.lnq_context_mode == LnqContextMode.OWN
    contexts = lnq_contexts(2 if own else 1, header.unary_length)
    if engine.observer is not None:
        engine.observer.contexts(contexts)
    units = list(lnq_units(header.unit_size, rows, columns))
    _, grid_columns = lnq_grid(header.unit_size, rows, columns)
    weights = LnqWeights.zeros(rows * columns)
    layer = Layer(engine, header, columns, units, grid_columns, contexts, weights)
    layer.flags = lnq_flags(layer)
    if 0 in layer.flags or (1 in layer.flags and not own):
        of_levels = set_syntax(header.unary_length, header.dq_flag, level_bounds(header))
        lnq_shift_parameters(engine, contexts, 0, of_levels)
    if 1 in layer.flags and own:
        of_symbols = set_syntax(header.unary_length, 0, symbol_bounds(header.lnq_levels))
        lnq_shift_parameters(engine, contexts, 1, of_symbols)
    lnq_groups(layer)
    return layer.weights


def lnq_flags(layer: Layer) -> list[int]:
    """Clause 15.1.4: Published mode. Which units have a codebook; contexts by how many of the
    units to the left and above have one.
    """
    engine = layer.engine
    flags: list[int] = []
    for unit in range(len(layer.units)):
        left = flags[unit - 1] if unit % layer.grid_columns > 0 else 0
        above = flags[unit - layer.grid_columns] if unit >= layer.grid_columns else 0
        index = LNQ_FLAG + left + above
        flags.append(engine.context_bin(layer.contexts, index, "lnq_flag", unit))
    return flags


def level_bounds(header: LnqHeader) -> Bounds | None:
    """Clause 9.5.3: Bounds by the codebook. That of the layer, where there is one."""
    if header.codebook is None:
        return None
    zero_offset = header.codebook.zero_offset
    return Bounds(zero_offset, len(header.codebook.values) - 1 - zero_offset)


def symbol_bounds(levels: int) -> Bounds:
    """Clause 15.1.4: Published mode. Symbol 0 stands for the centroid in the middle, of two for
    the lower one.
    """
    return Bounds((levels - 1) // 2, levels // 2)


def lnq_groups(layer: Layer) -> None:
    """Clause 15.1.4: Published mode. The weights in the order of lnq_group_order."""
    order = layer.header.lnq_group_order
    grouped = order in (LnqGroupOrder.GROUPS, LnqGroupOrder.GROUPS_RASTER)
    raster = range(len(layer.weights.levels))
    first_pass = range(len(layer.units)) if order != LnqGroupOrder.RASTER else range(0)
    for unit in first_pass:
        if layer.flags[unit] == 1:
            lnq_codebook_of(layer, unit)
            for position in positions(layer, unit):
                symbol(layer, unit, position)
        elif order == LnqGroupOrder.UNITS:
            for position in positions(layer, unit):
                coded_level(layer, position)
    if grouped and layer.header.lnq_context_mode == LnqContextMode.RESET:
        reset_set(layer.contexts, 0, layer.header.unary_length)
    if order == LnqGroupOrder.GROUPS:
        for unit in range(len(layer.units)):
            if layer.flags[unit] == 0:
                for position in positions(layer, unit):
                    coded_level(layer, position)
    elif order == LnqGroupOrder.GROUPS_RASTER:
        for position in raster:
            if layer.flags[unit_of(layer, position)] == 0:
                coded_level(layer, position)
    elif order == LnqGroupOrder.RASTER:
        for unit in range(len(layer.units)):
            if layer.flags[unit] == 1:
                lnq_codebook_of(layer, unit)
        for position in raster:
            unit = unit_of(layer, position)
            if layer.flags[unit] == 1:
                symbol(layer, unit, position)
            else:
                coded_level(layer, position)


def positions(layer: Layer, unit: int) -> Iterator[int]:
    """Clause 15.1.4: Published mode. The weights of a unit, row by row."""
    top, left, rows, columns = layer.units[unit]
    for row in range(top, top + rows):
        first = row * layer.columns + left
        yield from range(first, first + columns)


def unit_of(layer: Layer, position: int) -> int:
    """Clause 15.1.2: LNQ units. The one that a weight belongs to."""
    height, width = layer.header.unit_size
    row, column = position // layer.columns, position % layer.columns
    return row // height * layer.grid_columns + column // width


def lnq_codebook_of(layer: Layer, unit: int) -> None:
    """Clause 15.1.5: Codebooks of LNQ units. Candidates for merging are the codebooks of the LNQ
    units to the left, above, and decoded last, each unit once.
    """
    sources: list[int] = []
    left = unit - 1 if unit % layer.grid_columns > 0 else -1
    for source in (left, unit - layer.grid_columns, layer.last):
        if source is not None and source in layer.codebooks and source not in sources:
            sources.append(source)
    candidates = [layer.codebooks[source] for source in sources]
    layer.codebooks[unit] = unit_codebook(
        layer.engine, layer.contexts, layer.header, candidates, layer.prediction
    )
    layer.last = unit


def symbol(layer: Layer, unit: int, position: int) -> None:
    """Clause 15.1.4: Published mode. One weight of an LNQ unit; with one centroid or none nothing
    is coded.
    """
    centroids = layer.codebooks[unit]
    value = 0
    if len(centroids) > 1:
        own = layer.header.lnq_context_mode == LnqContextMode.OWN
        near = Neighbourhood(0, layer.symbol_neighbour, 0, 0)
        first = set_start(1 if own else 0, layer.header.unary_length)
        value = observed_level(layer, position, near, symbol_bounds(len(centroids)), first)
        layer.symbol_neighbour = value
    if centroids:
        centre = (len(centroids) - 1) // 2
        layer.weights.integers[position] = centroids[centre + value]


def coded_level(layer: Layer, position: int) -> None:
    """Clause 15.1.4: Published mode. One weight of any other unit, as in tensor data."""
    header = layer.header
    bounds = level_bounds(header)
    if bounds is None or bounds.largest > 0:
        near = Neighbourhood(layer.state, layer.neighbour, 0, 0)
        first = set_start(0, header.unary_length)
        layer.neighbour = observed_level(layer, position, near, bounds, first)
    level = layer.weights.levels[position]
    quantized = level
    if header.codebook is not None:
        quantized = header.codebook.values[level + header.codebook.zero_offset]
    elif header.dq_flag == 1:
        quantized = quantized_parameter(level, layer.state)
        layer.state = next_state(layer.state, level)
    layer.weights.integers[position] = quantized << header.lnq_fraction_bits


def observed_level(
    layer: Layer, position: int, near: Neighbourhood, bounds: Bounds | None, first: int
) -> int:
    """Clause 15.1.4: Published mode. A level or a symbol, in the binarization of clause 9.5."""
    observer = layer.engine.observer
    if observer is not None:
        observer.weight(position, near.state, near.neighbour)
    unary_length = layer.header.unary_length
    level = decode_level(layer.engine, layer.contexts, near, unary_length, bounds, first)
    if observer is not None:
        observer.level(position, level)
    layer.weights.levels[position] = level
    return level
