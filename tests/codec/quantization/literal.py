"""The quantizers as clause 10 states them, in plain Python: slow twins of the kernels."""

import math
import struct

TRANSITION = ((0, 2), (7, 5), (1, 3), (6, 4), (2, 0), (5, 7), (3, 1), (4, 6))
UNREACHABLE = 1.7976931348623157e308 / 2


def binary32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def round_half_away(value):
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def uniform(weights, step):
    inverse = binary32(1.0 / step)
    return [round_half_away(binary32(w * inverse)) for w in weights]


def grid_points(x):
    """The four grid points tried, each as (quantizer, parity, grid point)."""
    first = max(1, math.trunc(x) - 1)
    classes = {0: (0, 0), 2: (0, 1), 3: (1, 0), 1: (1, 1)}
    return [(*classes[g % 4], g) for g in range(first, first + 4)]


def trellis(weights, step):
    """The path of least squared error; branches in the order that decides ties."""
    inverse = 1.0 / step
    costs = [0.0] + [UNREACHABLE] * 7
    survivors = []
    for w in weights:
        x = (inverse * w) * (-1 if w < 0 else 1)
        branches = {state: [] for state in range(8)}
        for previous in range(8):
            for quantizer, parity, g in grid_points(x):
                if quantizer == previous & 1:
                    branches[TRANSITION[previous][parity]].append((previous, parity, g))
            branches[TRANSITION[previous][0]].append((previous, 0, 0))
        column, costs_after = [], []
        for state in range(8):
            best = None
            for previous, _parity, g in sorted(branches[state], key=_tie_order):
                cost = costs[previous] + (x - g) * (x - g)
                if best is None or cost < best[0]:
                    best = (cost, previous, -g if w < 0 else g)
            costs_after.append(best[0])
            column.append(best[1:])
        survivors.append(column)
        costs = costs_after
    state = costs.index(min(costs))
    q = []
    for column in reversed(survivors):
        state, value = column[state]
        q.append(value)
    return q[::-1]


def _tie_order(branch):
    previous, parity, g = branch
    return previous, parity, g == 0


def levels_of(q):
    """Clause 10.3, encoder: the level of every q and the state it is coded in."""
    state, levels = 0, []
    for value in q:
        sign = (value > 0) - (value < 0)
        level = 0 if value == 0 else (value + sign * (state & 1)) >> 1
        levels.append(level)
        state = TRANSITION[state][level & 1]
    return levels


def q_of(levels):
    """Clause 10.3, decoder: q of every level."""
    state, q = 0, []
    for level in levels:
        sign = (level > 0) - (level < 0)
        q.append(2 * level - sign * (state & 1))
        state = TRANSITION[state][level & 1]
    return q


def scan_positions(rows, columns, scan_order):
    """Clause 9.6.2: the positions y * columns + x in scan order."""
    if scan_order == 0 or rows == 1 or columns == 1:
        return list(range(rows * columns))
    edge = 4 << scan_order
    return [
        y * columns + x
        for top in range(0, rows, edge)
        for left in range(0, columns, edge)
        for y in range(top, min(top + edge, rows))
        for x in range(left, min(left + edge, columns))
    ]
