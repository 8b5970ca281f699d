"""Clause 15.1.6: the parameter sets of several context sets, by what their bins would cost."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import kernel
from nnref.codec.entropy.kernels.integers import signed
from nnref.codec.entropy.kernels.lnq_runs import (
    CENTROIDS,
    POSITION,
    RESTART,
    SET,
    WEIGHTS,
    Runs,
)
from nnref.codec.entropy.kernels.search import (
    DQ_STATE,
    NEIGHBOUR,
    REGISTERS,
    Ints,
    Levels,
    choose,
    close_lists,
    list_block,
    reset_estimators,
)
from nnref.codec.entropy.tables import SETS

CHUNK = 4096
"""Weights whose bins are listed at a time, by context set."""


@kernel
def choose_set_shift_idx(
    layout: tuple[int, ...],
    runs: Runs,
    quantized: Levels,
    level_indices: Ints,
    symbol_indices: Ints,
    shift_idx: npt.NDArray[np.uint8],
) -> int:
    """Clause 15.1.6: fill `shift_idx` uint8[sets, contexts]; returns the saving in 1/32768 bit.

    Set 0 has the contexts of `level_indices`, as have all others where `symbol_indices` is empty.
    Other arguments as in `encode_runs`.
    """
    sets, contexts = shift_idx.shape
    chunk = max(1, min(CHUNK, quantized.size))
    bins = np.empty((sets, chunk * contexts), np.uint8)
    lengths = np.zeros((sets, contexts), np.int64)
    estimators = np.empty((sets, 2 * SETS * contexts), np.int64)
    costs = np.zeros((sets, SETS * contexts), np.int64)
    listed = np.zeros(sets, np.int64)
    registers = np.zeros(REGISTERS, np.int64)
    none, no_flags = np.empty(0, np.int32), np.empty(0, np.uint8)
    rule = (0, 0, 0)
    for s in range(sets):
        reset_estimators(estimators[s])
    state = level_neighbour = symbol_neighbour = 0
    for run in range(runs.shape[0]):
        s = signed(runs[run, SET])
        if s == RESTART:
            close_lists(bins[0], lengths[0], chunk, estimators[0], costs[0])
            reset_estimators(estimators[0])
            listed[0] = 0
        if s < 0:
            continue
        centroids = signed(runs[run, CENTROIDS])
        own = layout
        if centroids:
            middle = (centroids - 1) >> 1
            own = (layout[0], layout[1], 0, layout[3], 0, 0, centroids, middle, 0, 0, 0)
            registers[DQ_STATE], registers[NEIGHBOUR] = 0, symbol_neighbour
        else:
            registers[DQ_STATE], registers[NEIGHBOUR] = state, level_neighbour
        position, left = signed(runs[run, POSITION]), signed(runs[run, WEIGHTS])
        while left > 0:
            width = min(left, chunk)
            if listed[s] + width > chunk:
                close_lists(bins[s], lengths[s], chunk, estimators[s], costs[s])
                listed[s] = 0
            listed[s] += width
            list_block(
                bins[s], lengths[s], chunk, registers, own, rule, (position, 0, 1, width, 0),
                quantized, none, no_flags, no_flags,
            )  # fmt: skip
            position += width
            left -= width
        if centroids:
            symbol_neighbour = registers[NEIGHBOUR]
        else:
            state, level_neighbour = registers[DQ_STATE], registers[NEIGHBOUR]
    saved = 0
    for s in range(sets):
        close_lists(bins[s], lengths[s], chunk, estimators[s], costs[s])
        indices = symbol_indices if s and symbol_indices.size else level_indices
        saved += choose(indices, costs[s], rule, shift_idx[s])
    return saved
