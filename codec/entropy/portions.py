"""Clause 6.14: a tensor in portions, so that a large one need not be whole in memory."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from nnref.codec.entropy.arrays import NO_LEVELS, Quantized
from nnref.codec.entropy.decoder import check_entry_points
from nnref.codec.entropy.kernels import decode as kernel
from nnref.codec.entropy.pairs import TensorRequest, open_lane
from nnref.codec.entropy.syntax import EntryPoint

_MOST_OFFSET: Final = 255
"""Clause 9.6.3: the range is 256 at the start of a block row."""


def decode_in_portions(request: TensorRequest, most: int) -> Iterator[Quantized]:
    """Clause 6.14: the quantized parameters of a tensor, one portion behind the other.

    A portion is int32 and has about `most` weights: block rows, or any weights of a row-major scan.
    Tensors that use codebooks, skipped rows, temporal contexts or history masks without block
    rows come whole. After the last portion the decoder is behind the tensor. Raises what
    `PayloadDecoder.decode_tensor` raises, perhaps after some portions.
    """
    if request.syntax.block_rows > 1:
        return _block_rows(request, most)
    return _plain(request, most)


def _plain(request: TensorRequest, most: int) -> Iterator[Quantized]:
    weights = request.syntax.weights
    lane = open_lane(request, 0)
    if lane is None:
        yield request.decode()
        return
    for start in range(0, weights, most):
        quantized = np.empty(min(most, weights - start), np.int32)
        lane.go_on(quantized)
        if lane.is_broken:
            request.decode()  # says what is wrong, and where
        yield quantized
    lane.close()


def _block_rows(request: TensorRequest, most: int) -> Iterator[Quantized]:
    """Every portion begins with a jump to where the one before ended."""
    syntax, decoder = request.syntax, request.decoder
    decoder._check_bound(syntax)
    count = max(1, most // (syntax.block_edge * syntax.columns))
    before = decoder._registers.copy()
    decoder._run(syntax, (0, 0, 0, 0, 0), NO_LEVELS)
    first_weight = decoder._shifts()
    met: list[EntryPoint] = []
    for first in range(0, syntax.block_rows, count):
        last = min(first + count, syntax.block_rows)
        decoder._registers = before.copy()
        yield decoder.decode_block_rows(syntax, met, first, last, request.base, request.history)
        met += decoder.entry_points
        if last < syntax.block_rows:
            shifts = decoder._shifts() - first_weight - sum(point.bit_offset for point in met)
            state = int(decoder._registers[kernel.DQ_STATE])
            met.append(EntryPoint(shifts, decoder.state.offset, state))
            if met[-1].offset > _MOST_OFFSET:
                decoder._registers = before.copy()
                request.decode()  # says what is wrong, and where
    if request.entry_points is not None:
        check_entry_points(request.entry_points, met)
