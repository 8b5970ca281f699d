"""Clause 15.6: deep compression."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from nnref.codec.entropy.huffman import code_lengths, encode_words
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.methods import GROUP
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Unit, four, parameters, start
from nnref.spec.tables.deep_compression import MAX_CODE_LENGTH, MAX_GAP_BITS
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT

DENSITY: Final = 2
Entries = Sequence[tuple[int, int]]
"""Gap and index of each."""

_LONG: Final = [*range(1, MAX_CODE_LENGTH + 1), MAX_CODE_LENGTH]
"""Lengths of a code with words of every length."""


def deep(
    name: str,
    dimensions: Sequence[int],
    centroids: Sequence[float],
    entries: Entries,
    *,
    gap_bits: int = 0,
    index_lengths: Sequence[int] = (),
    gap_lengths: Sequence[int] = (),
    **fields: Any,
) -> Unit:
    """A tensor of these entries; codes that are not given are the shortest ones."""
    gaps, indices = (np.array([e[i] for e in entries], np.int64) for i in range(2))
    own_index = list(index_lengths) or _shortest(indices, len(centroids) + 1)
    own_gap = (list(gap_lengths) or _shortest(gaps, 1 << gap_bits)) if gap_bits else []
    symbols, codes = (
        ([gaps, indices], [own_gap, own_index]) if gap_bits else ([indices], [own_index])
    )
    usual: dict[str, Any] = {
        "method_signature": METHOD_SIGNATURE,
        "method_idc": int(Method.DEEP_COMPRESSION),
        "topology_elem_id": name,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "deep_compression_header": {
            "deep_gap_bits": gap_bits,
            "deep_centroid_count": len(centroids),
            "deep_centroid": list(centroids),
            "deep_index_length": own_index,
            "deep_gap_length": own_gap,
        },
    }
    payload = encode_words(symbols, codes)
    return Unit(METHOD_UNIT, usual | fields, payload=payload, strict=False)


def _shortest(used: Any, symbols: int) -> list[int]:
    counts = np.bincount(used, minlength=symbols).tolist()
    return code_lengths(counts if any(counts) else [1] * symbols)


def _some(gap_bits: int, centroids: int) -> tuple[int, list[tuple[int, int]]]:
    """Entries of all gaps, and the weights that they reach."""
    numbers = Numbers(gap_bits)
    longest = (1 << gap_bits) - 1
    gaps = [longest, 0, *(numbers.below(1 << gap_bits) for _ in range(20)), longest]
    entries = [(gap, numbers.below(centroids + 1)) for gap in gaps]
    return sum(gap + 1 for gap, _ in entries), entries


def cases() -> Iterator[Case]:
    """The family."""
    clauses = ("14.2.2", "15.6")
    values = [-1.5, -0.0, 0.1, 3.0]
    units: list[tuple[str, str, str, Unit]] = [
        (
            "example",
            "The example of the clause",
            "A run of zeros that no gap reaches over has an entry with index 0.",
            deep(
                "m",
                [2, 5],
                [0.5],
                [(2, 1), (0, 1), (3, 0), (1, 1)],
                gap_bits=2,
                index_lengths=[1, 1],
                gap_lengths=[1, 2, 3, 3],
            ),
        ),
        (
            "long",
            "Words of 1 to 15 bits",
            "Words are numbered by length, then by symbol, whatever the order of the lengths.",
            deep(
                "m",
                [4, 8],
                [i / 8 - 1 for i in range(15)],
                [(0, i) for i in (*range(16), *reversed(range(16)))],
                index_lengths=_LONG[::-1],
            ),
        ),
        (
            "single",
            "Codes of a single word",
            "It is one bit long, not none.",
            deep("m", [4, 9], [2.0], [(2, 1)] * 12, gap_bits=2),
        ),
        (
            "reach",
            "A last entry behind the longest gap",
            "An entry is as far as its gap says.",
            deep("m", [2, 3], [0.5], [(1, 1), (3, 1)], gap_bits=2),
        ),
        (
            "pair",
            "Two weights without centroids",
            "The only word is a bit of 0.",
            deep("m", [2], [], [(0, 0), (0, 0)]),
        ),
        (
            "zeros",
            "A tensor of zeros without centroids",
            "Its only entry is the last weight.",
            deep("m", [2, 3], [], [(5, 0)], gap_bits=3),
        ),
        (
            "empty",
            "A tensor of no weights",
            "It has codes, and no payload.",
            deep("m", [0, 3], values, []),
        ),
        (
            "many",
            "As many centroids as there can be",
            "An index has up to ten bits, and is an entry of a list of 1023.",
            deep(
                "m", [33, 31], [i / 1024 for i in range(1, 1024)], [(0, i + 1) for i in range(1023)]
            ),
        ),
        (
            "bfloat16",
            "Deep compression in bfloat16",
            "Centroids are rounded to the data format.",
            deep("m", [5], values, [(0, i) for i in range(5)], nnr_decompressed_data_format=65),
        ),
    ]
    for gap_bits in range(MAX_GAP_BITS + 1):
        weights, entries = _some(gap_bits, len(values))
        lengths = _LONG if 1 << gap_bits == len(_LONG) else ()
        unit = deep("m", [weights], values, entries, gap_bits=gap_bits, gap_lengths=lengths)
        title = f"Gaps of {gap_bits} bits"
        units.append((f"gaps-{gap_bits}", title, "Gaps of every length, entries of zeros.", unit))
    for name, title, purpose, unit in units:
        parts = (start(), parameters(DENSITY), unit, four())
        yield case(GROUP, f"deep-{name}", title, purpose, clauses, *parts)
