"""Clause 10: from levels to the values of a tensor."""

from collections.abc import Sequence
from struct import pack, unpack
from typing import NamedTuple

from nnref.spec.process.data_unit import Codebook
from nnref.spec.process.refused import Refused
from nnref.spec.tables.cabac import STATE_TRANSITION

MAX_QUANTIZED = (1 << 31) - 1
MIN_QUANTIZED = -(1 << 31)


class Format(NamedTuple):
    """Clause 4.2: Operators and number formats. A binary floating-point format."""

    precision: int
    lowest_exponent: int
    overflow_exponent: int


BINARY32 = Format(24, -149, 128)
BINARY64 = Format(53, -1074, 1024)


class Step(NamedTuple):
    """Clause 10.1: Quantization step. Exactly significand * 2^exponent."""

    significand: int
    exponent: int


def rounded(significand: int, exponent: int, target: Format) -> float:
    """Clause 4.2: Operators and number formats. The number of `target` that is nearest to
    significand * 2^exponent, on a tie the one with an even significand.
    """
    sign = -1.0 if significand < 0 else 1.0
    magnitude = abs(significand)
    excess = max(magnitude.bit_length() - target.precision, target.lowest_exponent - exponent, 0)
    quotient = magnitude >> excess
    rest = magnitude - (quotient << excess)
    half = 1 << excess >> 1
    if rest > half or (rest == half and excess > 0 and quotient % 2 == 1):
        quotient += 1
    exponent += excess
    if quotient == 0:
        return sign * 0.0
    if quotient.bit_length() + exponent > target.overflow_exponent:
        return sign * float("inf")
    return sign * quotient * 2.0**exponent


def nearest_binary32(value: float) -> float:
    """Clause 4.2: Operators and number formats. A binary64 number rounded to binary32."""
    try:
        result: float = unpack("<f", pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else -float("inf")
    return result


def quantization_step(qp: int, qp_density: int) -> Step:
    """Clause 10.1: Quantization step. 2^qp_density values of qp double it; qp 0 stands for 1."""
    steps_per_octave = 1 << qp_density
    fraction = qp & (steps_per_octave - 1)
    octave = qp >> qp_density
    return Step(steps_per_octave + fraction, octave - qp_density)


def next_state(state: int, level: int) -> int:
    """Clause 10.3: Dependent quantization. The state of the next weight of the scan."""
    return STATE_TRANSITION[state][level & 1]


def quantized_parameter(level: int, state: int) -> int:
    """Clause 10.3: Dependent quantization. Even multiples of the step in even states, odd
    multiples and 0 in odd ones.
    """
    sign = (level > 0) - (level < 0)
    quantized = 2 * level - sign * (state & 1)
    if not MIN_QUANTIZED <= quantized <= MAX_QUANTIZED:
        raise Refused("level-overflow", f"quantized parameter {quantized}")
    return quantized


def uniform_reconstruction(quantized: list[int], step: Step) -> list[float]:
    """Clause 10.2: Uniform reconstruction. Step and integer are rounded to binary32, then their
    product. (In binary64 that product is exact, so it is rounded once.)
    """
    step32 = rounded(*step, BINARY32)
    return [nearest_binary32(step32 * nearest_binary32(float(q))) for q in quantized]


def codebook_reconstruction(
    levels: list[int], codebook: Codebook, step: Step, target: Format
) -> list[float]:
    """Clause 10.4: Codebook reconstruction. The exact product of entry and step, rounded once."""
    values = []
    for level in levels:
        index = level + codebook.zero_offset
        if not 0 <= index < len(codebook.values):
            raise Refused("codebook-index-range", f"index {index} of {len(codebook.values)}")
        product = codebook.values[index] * step.significand
        values.append(rounded(product, step.exponent, target))
    return values


def raw_tensor(payload: bytes, weights: int) -> list[float]:
    """Clause 10.5: Integer and raw tensors. binary32 numbers, least significant byte first."""
    if len(payload) != 4 * weights:
        raise Refused("payload-size-raw", f"{len(payload)} bytes for {weights} weights")
    return list(unpack(f"<{weights}f", payload))


def local_scaling(values: Sequence[float], scales: Sequence[float]) -> list[float]:
    """Clause 10.6: Composition of blocks. Every row times its scale, in binary32."""
    columns = len(values) // len(scales) if scales else 0
    return [nearest_binary32(value * scales[i // columns]) for i, value in enumerate(values)]


def recomposition(g: Sequence[float], h: Sequence[float], rows: int, rank: int) -> list[float]:
    """Clause 10.6: Composition of blocks. The matrix product G H; the terms of a sum are added in
    the order of the rank, every product and every sum is rounded to binary32.
    """
    columns = len(h) // rank
    values = []
    for row in range(rows):
        for column in range(columns):
            total = 0.0
            for r in range(rank):
                product = nearest_binary32(g[row * rank + r] * h[r * columns + column])
                total = nearest_binary32(total + product)
            values.append(total)
    return values
