"""Clause 15.6: the hot loop of entries coded with Huffman words."""

from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.integers import at, signed
from nnref.spec.tables.deep_compression import MAX_CODE_LENGTH

OK, TRUNCATED, NO_WORD, OUTSIDE = range(4)
"""What became of the entries."""

PADDING: Final = 4
"""Bytes that are read behind the payload, at most."""

_WINDOW: Final = 24


@kernel
def decode_entries(
    payload: npt.NDArray[np.uint8],
    gap_table: npt.NDArray[np.int32],
    index_table: npt.NDArray[np.int32],
    indices: npt.NDArray[np.uint16],
) -> tuple[int, int, int]:
    """Clause 15.6.3: fill `indices`, zeros at first, entry by entry.

    `payload` has PADDING bytes more than there are. A table says of every MAX_CODE_LENGTH bits
    symbol * 16 + length of the word they begin with, -1 where there is none; the gaps' is empty
    without gaps. Returns what became of it, the bit behind the last entry (or at which the one
    begins that failed) and the place of the last entry.
    """
    bits = 8 * (payload.shape[0] - PADDING)
    bit, position, weights = 0, 0, indices.shape[0]
    has_gaps = gap_table.shape[0] > 0
    while position < weights:
        first = bit
        index = 0
        for part in range(0 if has_gaps else 1, 2):
            if bit >= bits:
                return TRUNCATED, first, position
            byte = at(bit >> 3)
            window = (
                (signed(payload[byte]) << 16)
                | (signed(payload[byte + 1]) << 8)
                | signed(payload[byte + 2])
            )
            word = at(
                (window >> (_WINDOW - MAX_CODE_LENGTH - (bit & 7))) & ((1 << MAX_CODE_LENGTH) - 1)
            )
            found = signed(gap_table[word] if part == 0 else index_table[word])
            if found < 0:
                status = NO_WORD if bits - bit >= MAX_CODE_LENGTH else TRUNCATED
                return status, first, position
            bit += found & 15
            if bit > bits:
                return TRUNCATED, first, position
            if part == 0:
                position += found >> 4
            else:
                index = found >> 4
        if position >= weights:
            return OUTSIDE, first, position
        indices[at(position)] = index
        position += 1
    return OK, bit, position
