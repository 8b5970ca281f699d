"""Clause 15.6: deep compression."""

from dataclasses import dataclass
from math import isfinite, prod

from nnref.spec.process.bits import BitReader
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.payload import Payload
from nnref.spec.process.refused import Refused
from nnref.spec.tables.deep_compression import MAX_CODE_LENGTH, MAX_GAP_BITS

PATH = "deep_compression_header"

Code = dict[tuple[int, int], int]
"""Clause 15.6.2: Code words. The symbol of each, by its length and its bits as a number."""


@dataclass(frozen=True, slots=True)
class DeepCompressionHeader:
    """Clause 15.6.1: Deep compression header."""

    deep_gap_bits: int
    centroids: list[float]
    index_code: Code
    gap_code: Code


def deep_compression_header(bits: BitReader, unit: MethodUnit) -> DeepCompressionHeader:  # noqa: ARG001
    """Clause 15.6.1: Deep compression header."""
    gap_bits = bits.u(4, f"{PATH}.deep_gap_bits")
    if gap_bits > MAX_GAP_BITS:
        raise bits.refused("deep-gap-bits", f"{gap_bits}")
    count = bits.u(10, f"{PATH}.deep_centroid_count")
    centroids = [bits.flt(f"{PATH}.deep_centroid[{i}]") for i in range(count)]
    for centroid in centroids:
        if not isfinite(centroid):
            raise bits.refused("deep-centroid-finite", f"{centroid}")
    index_code = code_words(bits, "deep_index_length", count + 1)
    gap_code = code_words(bits, "deep_gap_length", 1 << gap_bits) if gap_bits > 0 else {}
    return DeepCompressionHeader(gap_bits, centroids, index_code, gap_code)


def code_words(bits: BitReader, element: str, symbols: int) -> Code:
    """Clause 15.6.2: Code words. Of all lengths that are sent the words are numbered, first by
    length, then by symbol; a word is the one before it plus 1, with zeros behind it where it is
    longer.
    """
    lengths = [bits.u(4, f"{PATH}.{element}[{i}]") for i in range(symbols)]
    code: Code = {}
    word = 0
    for length in range(1, MAX_CODE_LENGTH + 1):
        word *= 2
        for symbol in range(symbols):
            if lengths[symbol] == length:
                code[length, word] = symbol
                word += 1
    is_complete = word == 1 << MAX_CODE_LENGTH
    if not is_complete and list(code) != [(1, 0)]:
        raise bits.refused("deep-code-lengths", f"{len(code)} words of {element}")
    return code


def deep_compression_payload(
    bits: BitReader, unit: MethodUnit, header: DeepCompressionHeader
) -> Payload:
    """Clause 15.6.3: Entries. Weights are 0 up to the next entry; an entry is the weight behind a
    gap, until the last weight is one.
    """
    weights = prod(unit.dimensions)
    first, end = bits.position, bits.end
    if weights > (end - first) << header.deep_gap_bits:
        raise Refused("deep-payload-bound", f"{weights} weights", first)
    values = [0.0] * weights
    position = 0
    while position < weights:
        bits.element_position = bits.position
        if header.deep_gap_bits > 0:
            position += symbol(bits, header.gap_code)
        index = symbol(bits, header.index_code)
        if position >= weights:
            raise bits.refused("deep-entry-position", f"{position} of {weights} weights")
        if index > 0:
            values[position] = header.centroids[index - 1]
        position += 1
    end_of_entries(bits)
    return Payload([unit.tensor(values)], (end - first) // 8, None)


def symbol(bits: BitReader, code: Code) -> int:
    """Clause 15.6.2: Code words. The only one that the next bits begin with."""
    word = 0
    for length in range(1, MAX_CODE_LENGTH + 1):
        word = 2 * word + bits.bit()
        if (length, word) in code:
            return code[length, word]
    raise bits.refused("deep-code-word")


def end_of_entries(bits: BitReader) -> None:
    """Clause 15.6.3: Entries. Zero bits up to the byte boundary, and no bytes behind them."""
    bits.element_position = bits.position
    if bits.end - bits.position >= 8 or bits.bits(bits.end - bits.position) != 0:
        raise bits.refused("deep-payload-end")
