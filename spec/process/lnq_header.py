"""Clauses 15.1.1 and 15.1.2: the header of local non-linear quantization, and the units."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import Codebook, codebook
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.scan import matrix_view
from nnref.spec.tables.enums import (
    LayerType,
    LnqCentroidMode,
    LnqContextMode,
    LnqGroupOrder,
    LnqMode,
    LuType,
)
from nnref.spec.tables.lnq import BLOCK_EDGE, MAX_LEVELS

MAX_FRACTION_BITS = 4
MAX_VALUE = (1 << 31) - 1
PATH = "lnq_header"

Offsets = list[list[list[int]]]
"""Clause 15.1.3: Class mode. By quantizer, by sign (1: negative), by magnitude less 1."""


@dataclass(slots=True)
class LnqHeader:
    """Clause 15.1.1: LNQ header. The defaults are the inferred values."""

    lnq_layer_flag: int
    dq_flag: int
    unary_length: int
    lnq_mode: int = LnqMode.CLASSES
    lnq_fraction_bits: int = 0
    unit_size: tuple[int, int] = (0, 0)
    classes: int = 1
    lnq_zero_class_flag: int = 0
    offsets: list[Offsets] = field(default_factory=list)
    lnq_levels: int = 0
    lnq_variable_levels_flag: int = 0
    lnq_zero_centroid_flag: int = 0
    lnq_group_order: int = 0
    lnq_context_mode: int = 0
    lnq_centroid_mode: int = 0
    lnq_merge_enabled_flag: int = 0
    lnq_centroid_egk: int = 0
    dictionary: list[list[int]] = field(default_factory=list)
    codebook: Codebook | None = None


class LnqUnit(NamedTuple):
    """Clause 15.1.2: LNQ units. A rectangle of the matrix; the edges cut the last ones."""

    first_row: int
    first_column: int
    rows: int
    columns: int


def lnq_header(bits: BitReader, unit: MethodUnit) -> LnqHeader:
    """Clause 15.1.1: LNQ header."""
    lnq_layer_flag = bits.u(1, f"{PATH}.lnq_layer_flag")
    dq_flag = bits.u(1, f"{PATH}.dq_flag")
    unary_length = bits.u(8, f"{PATH}.cabac_unary_length_minus1") + 1
    header = LnqHeader(lnq_layer_flag, dq_flag, unary_length)
    if lnq_layer_flag == 0:
        return header
    header.lnq_mode = below(bits, 2, "lnq_mode", len(LnqMode))
    header.lnq_fraction_bits = below(bits, 3, "lnq_fraction_bits", MAX_FRACTION_BITS + 1)
    header.unit_size = lnq_unit_size(bits, unit)
    if header.lnq_mode == LnqMode.CLASSES:
        lnq_classes(bits, header)
    else:
        published_mode_header(bits, header)
    return header


def below(bits: BitReader, n: int, name: str, end: int) -> int:
    """Clause 15.1.1: LNQ header. An element with reserved values from `end` on."""
    value = bits.u(n, f"{PATH}.{name}")
    if value >= end:
        raise bits.refused("lnq-mode-reserved", f"{name} {value}")
    return value


def lnq_unit_size(bits: BitReader, unit: MethodUnit) -> tuple[int, int]:
    """Clause 15.1.2: LNQ units. Rows and columns of a unit, by its type."""
    rows, columns = matrix_view(unit.dimensions)
    lnq_lu_type = bits.u(3, f"{PATH}.lnq_lu_type")
    if lnq_lu_type == LuType.BY_LAYER:
        kind = layer_type(unit.dimensions)
        if kind not in (LayerType.FULLY_CONNECTED, LayerType.CONVOLUTION):
            raise bits.refused("lnq-layer-type", f"layer type {kind}")
        lnq_lu_type = LuType.BLOCK if kind == LayerType.FULLY_CONNECTED else LuType.FILTER
    height, width = rows, columns
    if lnq_lu_type == LuType.BLOCK:
        height, width = BLOCK_EDGE, BLOCK_EDGE
    elif lnq_lu_type == LuType.KERNEL:
        height, width = 1, prod(unit.dimensions[2:])
    elif lnq_lu_type == LuType.FILTER:
        height = 1
    if lnq_lu_type in (LuType.ROWS, LuType.SIZE):
        height = unit_edge(bits, "lnq_lu_height")
    if lnq_lu_type in (LuType.COLUMNS, LuType.SIZE):
        width = unit_edge(bits, "lnq_lu_width")
    return height, width


def unit_edge(bits: BitReader, name: str) -> int:
    """Clause 15.1.2: LNQ units. Rows or columns of a unit, sent."""
    size = bits.ue(2, f"{PATH}.{name}")
    if not 1 <= size <= MAX_VALUE:
        raise bits.refused("lnq-lu-size", f"{name} {size}")
    return size


def layer_type(dimensions: list[int]) -> int:
    """Clause 14.2.2: Method data unit. LayerType: the dimensions are output channels, input
    channels, height and width of kernels; a matrix belongs to a fully connected layer.
    """
    if len(dimensions) == 2:
        return LayerType.FULLY_CONNECTED
    if len(dimensions) != 4:
        return LayerType.OTHER
    if dimensions[1] > 1 and dimensions[2] * dimensions[3] > 1:
        return LayerType.CONVOLUTION
    return LayerType.POINT_OR_DEPTH_WISE


def lnq_grid(size: tuple[int, int], rows: int, columns: int) -> tuple[int, int]:
    """Clause 15.1.2: LNQ units. Rows and columns of units; none without weights."""
    if rows * columns == 0:
        return 0, 0
    return (rows + size[0] - 1) // size[0], (columns + size[1] - 1) // size[1]


def lnq_units(size: tuple[int, int], rows: int, columns: int) -> Iterator[LnqUnit]:
    """Clause 15.1.2: LNQ units. All of them in their order: left to right, then down."""
    grid_rows, grid_columns = lnq_grid(size, rows, columns)
    for i in range(grid_rows):
        for j in range(grid_columns):
            top, left = i * size[0], j * size[1]
            yield LnqUnit(top, left, min(size[0], rows - top), min(size[1], columns - left))


def lnq_classes(bits: BitReader, header: LnqHeader) -> None:
    """Clause 15.1.3: Class mode. Its part of the header."""
    header.classes = bits.u(2, f"{PATH}.lnq_num_classes_minus1") + 1
    header.lnq_zero_class_flag = bits.u(1, f"{PATH}.lnq_zero_class_flag")
    for k in range(header.classes - header.lnq_zero_class_flag):
        before = header.offsets[-1] if k > 0 else None
        header.offsets.append(lnq_class(bits, header.dq_flag, before, f"{PATH}.lnq_classes[{k}]"))
    offsets = (n for one in header.offsets for signs in one for run in signs for n in run)
    if not all(-MAX_VALUE - 1 <= n <= MAX_VALUE for n in offsets):
        raise bits.refused("lnq-offset-overflow")


def lnq_class(bits: BitReader, dq_flag: int, before: Offsets | None, path: str) -> Offsets:
    """Clause 15.1.3: Class mode. The offsets of one class, each as the difference to the same one
    of the class before; if that has none, to that of the positive sign; else to that of the
    magnitude below.
    """
    counts = [bits.u(3, f"{path}.lnq_offset_count[{j}]") for j in range(dq_flag + 1)]
    negative = bits.u(1, f"{path}.lnq_negative_offsets_flag") if dq_flag == 0 else 0
    offsets: Offsets = []
    number = 0
    for quantizer, count in enumerate(counts):
        signs: list[list[int]] = [[] for _ in range(negative + 1)]
        for sign in range(negative + 1):
            for a in range(count):
                if before is not None and a < len(before[quantizer][sign]):
                    predicted = before[quantizer][sign][a]
                elif sign == 1:
                    predicted = signs[0][a]
                else:
                    predicted = signs[0][a - 1] if a > 0 else 0
                delta = bits.ie(0, f"{path}.lnq_offset_delta[{number}]")
                signs[sign].append(predicted + delta)
                number += 1
        offsets.append(signs if negative == 1 else [signs[0], signs[0]])
    return offsets


def published_mode_header(bits: BitReader, header: LnqHeader) -> None:
    """Clause 15.1.4: Published mode. Its part of the header."""
    header.lnq_levels = bits.u(4, f"{PATH}.lnq_levels")
    if not 2 <= header.lnq_levels <= MAX_LEVELS:
        raise bits.refused("lnq-levels-range", f"{header.lnq_levels} levels")
    header.lnq_variable_levels_flag = bits.u(1, f"{PATH}.lnq_variable_levels_flag")
    header.lnq_zero_centroid_flag = bits.u(1, f"{PATH}.lnq_zero_centroid_flag")
    header.lnq_group_order = bits.u(2, f"{PATH}.lnq_group_order")
    header.lnq_context_mode = below(bits, 2, "lnq_context_mode", len(LnqContextMode))
    grouped = header.lnq_group_order <= LnqGroupOrder.GROUPS_RASTER
    if header.lnq_context_mode == LnqContextMode.RESET and not grouped:
        raise bits.refused("lnq-context-mode")
    header.lnq_centroid_mode = below(bits, 2, "lnq_centroid_mode", len(LnqCentroidMode))
    header.lnq_merge_enabled_flag = bits.u(1, f"{PATH}.lnq_merge_enabled_flag")
    header.lnq_centroid_egk = bits.u(4, f"{PATH}.lnq_centroid_egk")
    if header.lnq_centroid_mode == LnqCentroidMode.DICTIONARY:
        size = bits.u(6, f"{PATH}.lnq_dictionary_size_minus1") + 1
        paths = (f"{PATH}.lnq_dictionary[{j}]" for j in range(size))
        header.dictionary = [lnq_codebook(bits, header, path) for path in paths]
    if header.dq_flag == 0 and bits.u(1, f"{PATH}.codebook_present_flag") == 1:
        header.codebook = codebook(bits, f"{PATH}.codebook")


def lnq_codebook(bits: BitReader, header: LnqHeader, path: str) -> list[int]:
    """Clause 15.1.5: Codebooks of LNQ units. An entry of the dictionary, strictly increasing."""
    levels = header.lnq_levels
    if header.lnq_variable_levels_flag == 1:
        levels = bits.u(4, f"{path}.lnq_codebook_levels")
        if levels > header.lnq_levels:
            raise bits.refused("lnq-levels-range", f"{levels} levels")
    if levels == 0:
        return []
    egk = header.lnq_centroid_egk
    centre = 0 if header.lnq_zero_centroid_flag == 1 else bits.ie(egk, f"{path}.lnq_centre")
    left, right = [centre], [centre]
    for j in range((levels - 1) // 2):
        left.append(left[-1] - 1 - bits.ue(egk, f"{path}.lnq_left_gap_minus1[{j}]"))
    for j in range(levels // 2):
        right.append(right[-1] + 1 + bits.ue(egk, f"{path}.lnq_right_gap_minus1[{j}]"))
    if left[-1] < -MAX_VALUE - 1 or right[-1] > MAX_VALUE:
        raise bits.refused("lnq-centroid-overflow", f"{left[-1]} .. {right[-1]}")
    return left[:0:-1] + right
