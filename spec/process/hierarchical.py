"""Clause 15.4: hierarchical compression."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite

from nnref.spec.process.binarization import Bounds
from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.payload import Payload
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.tensor import TensorSyntax, tensor_data
from nnref.spec.tables.enums import HierarchicalMode
from nnref.spec.tables.hierarchical import LEAST_FRACTION_LENGTH, MAX_WIDTH

PATH = "hierarchical_header"


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Clause 15.4.1: Hierarchical header. Integers of `width` bits, times 2^-fraction_length."""

    width: int
    fraction_length: int

    @property
    def half(self) -> int:
        """Clause 15.4.1: Hierarchical header. The integers are -half to half - 1."""
        return 1 << (self.width - 1)


@dataclass(frozen=True, slots=True)
class HierarchicalHeader:
    """Clause 15.4.1: Hierarchical header. `centroids` are those that it holds, `format` is None
    where they are no fixed-point numbers.
    """

    hier_mode: int
    unary_length: int
    format: FixedPoint | None
    centroid_count: int
    zero_index: int
    centroids: list[float]
    centroid_unary_length: int
    output_format: FixedPoint | None


def hierarchical_header(bits: BitReader, unit: MethodUnit) -> HierarchicalHeader:  # noqa: ARG001
    """Clause 15.4.1: Hierarchical header."""
    mode = bits.u(2, f"{PATH}.hier_mode")
    if mode > HierarchicalMode.SHARED_FIXED_POINT:
        raise bits.refused("hierarchical-mode-reserved", f"{mode}")
    unary_length = bits.u(8, f"{PATH}.cabac_unary_length_minus1") + 1
    is_shared = mode != HierarchicalMode.FIXED_POINT
    is_float = mode == HierarchicalMode.SHARED_FLOAT
    number_format = None if is_float else fixed_point(bits, "")
    count, zero_index = centroid_indices(bits) if is_shared else (0, 0)
    centroids = [finite_centroid(bits, i) for i in range(count)] if is_float else []
    centroid_unary_length = 0
    if mode == HierarchicalMode.SHARED_FIXED_POINT:
        centroid_unary_length = bits.u(8, f"{PATH}.hier_centroid_unary_length_minus1") + 1
    has_output = bits.u(1, f"{PATH}.hier_output_flag") == 1
    output_format = fixed_point(bits, "output_") if has_output else None
    coded = (count, zero_index, centroids, centroid_unary_length)
    return HierarchicalHeader(mode, unary_length, number_format, *coded, output_format)


def fixed_point(bits: BitReader, of: str) -> FixedPoint:
    """Clause 15.4.1: Hierarchical header. The format of the weights or of the outputs."""
    width = bits.u(5, f"{PATH}.hier_{of}width_minus1") + 1
    if width > MAX_WIDTH:
        raise bits.refused("hierarchical-width", f"{width}")
    fraction_length = bits.i(8, f"{PATH}.hier_{of}fraction_length")
    if fraction_length < LEAST_FRACTION_LENGTH:
        raise bits.refused("hierarchical-fraction-length", f"{fraction_length}")
    return FixedPoint(width, fraction_length)


def centroid_indices(bits: BitReader) -> tuple[int, int]:
    """Clause 15.4.1: Hierarchical header. How many centroids there are, and which is level 0."""
    count = bits.u(10, f"{PATH}.hier_centroid_count_minus1") + 1
    zero_index = bits.u(10, f"{PATH}.hier_zero_index")
    if zero_index >= count:
        raise bits.refused("hierarchical-zero-index", f"{zero_index} of {count}")
    return count, zero_index


def finite_centroid(bits: BitReader, i: int) -> float:
    """Clause 15.4.1: Hierarchical header. A centroid that is a binary32 number."""
    centroid = bits.flt(f"{PATH}.hier_centroid[{i}]")
    if not isfinite(centroid):
        raise bits.refused("hierarchical-centroid-finite", f"{centroid}")
    return centroid


def hierarchical_payload(bits: BitReader, unit: MethodUnit, header: HierarchicalHeader) -> Payload:
    """Clause 15.4.2: Centroids and weights. One codeword: the centroids, where the header does not
    hold them, and a level for every weight.
    """
    engine = ArithmeticDecoder(bits)
    if header.format is None:
        values = shared_weights(engine, unit, header, header.centroids)
    elif header.hier_mode == HierarchicalMode.SHARED_FIXED_POINT:
        integers = centroid_integers(engine, unit, header, header.format)
        centroids = fixed_point_numbers(integers, header.format)
        values = shared_weights(engine, unit, header, centroids)
    else:
        integers = fixed_point_weights(engine, unit, header, header.format)
        values = fixed_point_numbers(integers, header.format)
    registers = engine.terminate()
    return Payload([unit.tensor(values)], engine.end_of_payload(), registers)


def centroid_integers(
    engine: ArithmeticDecoder, unit: MethodUnit, header: HierarchicalHeader, number: FixedPoint
) -> list[int]:
    """Clause 15.4.2: Centroids and weights. The levels are the distance of the first centroid from
    the smallest integer, and of every other one from the integer behind the one before it.
    """
    bounds = Bounds(0, 2 * number.half - 1)
    shape = (1, header.centroid_count)
    syntax = TensorSyntax(*shape, header.centroid_unary_length, edition_2=True, bounds=bounds)
    distances = levels(engine, unit, "centroids", syntax)
    integers = [total + i - number.half for i, total in enumerate(accumulate(distances))]
    if integers[-1] >= number.half:
        detail = f"{integers[-1]} in {number.width} bits"
        raise Refused("hierarchical-centroid-range", detail, engine.bits.position)
    return integers


def shared_weights(
    engine: ArithmeticDecoder,
    unit: MethodUnit,
    header: HierarchicalHeader,
    centroids: Sequence[float],
) -> list[float]:
    """Clause 15.4.2: Centroids and weights. Level 0 is the centroid hier_zero_index."""
    bounds = Bounds(header.zero_index, header.centroid_count - 1 - header.zero_index)
    shape = matrix_view(unit.dimensions)
    syntax = TensorSyntax(*shape, header.unary_length, edition_2=True, bounds=bounds)
    indices = levels(engine, unit, "centroid-index", syntax)
    return [centroids[header.zero_index + index] for index in indices]


def fixed_point_weights(
    engine: ArithmeticDecoder, unit: MethodUnit, header: HierarchicalHeader, number: FixedPoint
) -> list[int]:
    """Clause 15.4.2: Centroids and weights. Without centroids the levels are the integers."""
    bounds = Bounds(number.half, number.half - 1)
    shape = matrix_view(unit.dimensions)
    syntax = TensorSyntax(*shape, header.unary_length, edition_2=True, bounds=bounds)
    return levels(engine, unit, "fixed-point", syntax)


def levels(
    engine: ArithmeticDecoder, unit: MethodUnit, role: str, syntax: TensorSyntax
) -> list[int]:
    """Clause 15.4.2: Centroids and weights. Tensor data without parent and blocks."""
    if engine.observer is not None:
        engine.observer.tensor(unit.name, role, syntax.rows, syntax.columns)
    return tensor_data(engine, syntax).levels


def fixed_point_numbers(integers: Sequence[int], number: FixedPoint) -> list[float]:
    """Clause 15.4.3: Fixed-point reconstruction. Every product is a binary32 number."""
    return [integer * 2.0**-number.fraction_length for integer in integers]
