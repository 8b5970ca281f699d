"""Clauses 15.6.2 and 15.6.3: entries in canonical Huffman codes."""

import heapq
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels import huffman as kernel
from nnref.spec.errors import refusal
from nnref.spec.tables.deep_compression import MAX_CODE_LENGTH

Indices = npt.NDArray[np.uint16]
Lengths = npt.NDArray[np.int64]

_PORTION: Final = 1 << 18
"""Words that are turned into bits at a time."""

_RULES: Final = {
    kernel.TRUNCATED: "unit-element-truncated",
    kernel.NO_WORD: "deep-code-word",
    kernel.OUTSIDE: "deep-entry-position",
}


def decode_entries(
    payload: bytes | memoryview,
    index_lengths: Sequence[int],
    gap_lengths: Sequence[int],
    weights: int,
) -> Indices:
    """Clause 15.6.3: the index of every weight; 0 in gaps.

    The lengths are those of a code (rule deep-code-lengths), none without gaps. Raises
    deep-payload-bound, deep-entry-position, deep-code-word, deep-payload-end and
    unit-element-truncated with the bit in the payload.
    """
    bits = 8 * len(payload)
    if weights > bits * max(1, len(gap_lengths)):
        raise refusal("deep-payload-bound", f"{weights} weights", bit=0)
    padded = np.zeros(len(payload) + kernel.PADDING, np.uint8)
    padded[: len(payload)] = np.frombuffer(payload, np.uint8)
    indices = np.zeros(weights, np.uint16)
    tables = (_table(gap_lengths), _table(index_lengths))
    status, bit, position = kernel.decode_entries(padded, *tables, indices)
    if status != kernel.OK:
        detail = f"{position} of {weights} weights" if status == kernel.OUTSIDE else ""
        raise refusal(_RULES[status], detail, bit=bit)
    if bits - bit >= 8 or padded[bit >> 3] & (0xFF >> (bit & 7)):
        raise refusal("deep-payload-end", bit=bit)
    return indices


def _table(lengths: Sequence[int]) -> npt.NDArray[np.int32]:
    """Clause 15.6.2: what every MAX_CODE_LENGTH bits begin with, as the kernel wants it."""
    if not lengths:
        return np.zeros(0, np.int32)
    symbols, of_symbol = _in_order(np.array(lengths, np.int64))
    table = np.full(1 << MAX_CODE_LENGTH, -1, np.int32)
    filled = np.repeat(symbols * 16 + of_symbol, 1 << (MAX_CODE_LENGTH - of_symbol))
    table[: filled.size] = filled
    return table


def _in_order(lengths: Lengths) -> tuple[Lengths, Lengths]:
    """The symbols that have words, in the order of the words, and their lengths."""
    order = np.lexsort((np.arange(lengths.size), lengths))
    order = order[lengths[order] > 0]
    return order, lengths[order]


def code_lengths(counts: Sequence[int]) -> list[int]:
    """Clause 15.6.2: the lengths of the words that take fewest bits, at most MAX_CODE_LENGTH each.

    By package-merge (Larmore and Hirschberg, 1990). Symbols with a count of 0 have no word.
    """
    used = sorted((count, symbol) for symbol, count in enumerate(counts) if count)
    lengths = [0] * len(counts)
    if len(used) == 1:
        lengths[used[0][1]] = 1
        return lengths
    single = [(count, (symbol,)) for count, symbol in used]
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(MAX_CODE_LENGTH):
        merged = list(heapq.merge(single, packages))
        pairs = zip(merged[::2], merged[1::2], strict=False)
        packages = [(a + b, first + second) for (a, first), (b, second) in pairs]
    for _, symbols in packages[: len(used) - 1]:
        for symbol in symbols:
            lengths[symbol] += 1
    return lengths


def code_words(lengths: Sequence[int]) -> Lengths:
    """Clause 15.6.2: the words as numbers; 0 for symbols without."""
    symbols, of_symbol = _in_order(np.array(lengths, np.int64))
    shares = np.left_shift(1, MAX_CODE_LENGTH - of_symbol)
    starts = np.concatenate(([0], np.cumsum(shares)[:-1])) if symbols.size else shares
    words = np.zeros(len(lengths), np.int64)
    words[symbols] = starts >> (MAX_CODE_LENGTH - of_symbol)
    return words


def encode_words(symbols: Sequence[npt.NDArray[np.int64]], codes: Sequence[Sequence[int]]) -> bytes:
    """Clause 15.6.3: the words of several lists of symbols in turn: the first of each, the second
    of each, ...; zero bits up to a byte boundary. `codes` are the lengths, one code for each list.
    """
    words = [code_words(code)[one] for one, code in zip(symbols, codes, strict=True)]
    sizes = [np.array(code, np.int64)[one] for one, code in zip(symbols, codes, strict=True)]
    word, size = (np.stack(parts, axis=1).reshape(-1) for parts in (words, sizes))
    starts = range(0, word.size, _PORTION)
    bits = [_bits(word[i : i + _PORTION], size[i : i + _PORTION]) for i in starts]
    return np.packbits(np.concatenate(bits)).tobytes() if bits else b""


def _bits(word: Lengths, size: Lengths) -> npt.NDArray[np.uint8]:
    """The bits of words, each as long as its size, one by one."""
    owner = np.repeat(np.arange(word.size), size)
    from_end = np.cumsum(size)[owner] - 1 - np.arange(owner.size)
    return (word[owner] >> from_end & 1).astype(np.uint8)
