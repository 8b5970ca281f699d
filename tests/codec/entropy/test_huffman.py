"""Huffman codes: shortest, never too long, and what they encode is decoded."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.entropy.huffman import code_lengths, code_words, decode_entries, encode_words
from nnref.spec.errors import NnrError
from nnref.spec.syntax.deep_derived import is_code
from nnref.spec.tables.deep_compression import MAX_CODE_LENGTH

COUNTS = st.lists(st.integers(0, 1 << 30), min_size=1, max_size=300).filter(any)


def huffman_bits(counts):
    """Bits of the words of all symbols, by Huffman's own construction; lengths have no bound."""
    heap = [count for count in counts if count]
    if len(heap) == 1:
        return heap[0]
    heapq.heapify(heap)
    bits = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        bits += both
        heapq.heappush(heap, both)
    return bits


@settings(deadline=None, max_examples=60)
@given(COUNTS)
def test_lengths_are_those_of_a_code_of_the_symbols_that_occur(counts):
    lengths = code_lengths(counts)
    assert is_code(lengths)
    assert [length > 0 for length in lengths] == [count > 0 for count in counts]
    assert max(lengths) <= MAX_CODE_LENGTH


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=60).filter(any))
def test_code_is_as_short_as_huffmans_where_that_is_short_enough(counts):
    lengths = code_lengths(counts)
    bits = sum(a * b for a, b in zip(lengths, counts, strict=True))
    assert bits == huffman_bits(counts)


def test_words_are_numbered_by_length_and_then_by_symbol():
    assert code_words([2, 1, 3, 3]).tolist() == [0b10, 0b0, 0b110, 0b111]
    assert code_words([0, 1]).tolist() == [0, 0]


def test_lists_of_symbols_are_coded_in_turn():
    symbols = [np.array([2, 0, 3, 1]), np.array([1, 1, 0, 1])]
    data = encode_words(symbols, [[1, 2, 3, 3], [1, 1]])
    assert data == bytes([0b11010111, 0b10101000])
    assert decode_entries(data, [1, 1], [1, 2, 3, 3], 10).tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("data", "weights", "rule", "bit"),
    [
        (b"", 1, "deep-payload-bound", 0),
        (bytes([0b11010111, 0b10101000]), 65, "deep-payload-bound", 0),
        (bytes([0b11010111, 0b10101000]), 9, "deep-entry-position", 10),
        (bytes([0b11010111, 0b10101001]), 10, "deep-payload-end", 13),
        (bytes([0b11010111, 0b10101000, 0]), 10, "deep-payload-end", 13),
        (bytes([0b11010111]), 10, "unit-element-truncated", 6),
    ],
)
def test_payload_that_is_none_is_refused_with_its_bit(data, weights, rule, bit):
    with pytest.raises(NnrError) as caught:
        decode_entries(data, [1, 1], [1, 2, 3, 3], weights)
    assert (caught.value.id, caught.value.place.bit) == (rule, bit)
