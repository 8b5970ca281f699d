"""The quantizers that weigh estimated bits, in plain Python: slow twins of the kernels."""

import math

from nnref.spec.tables.cabac import TRANSITION as CURVE
from tests.codec.quantization.literal import TRANSITION, UNREACHABLE, grid_points

BIT = 32768


def bin_cost(state, bin_value):
    index = state >> 3 if state >= 0 else min(511, -(state >> 3))
    unlikely = BIT + (index + 0.5) * 400.798947
    likely = -BIT * math.log2(1 - 2 ** (-unlikely / BIT))
    return math.floor((likely if bin_value == (state >= 0) else unlikely) + 0.5)


class Store:
    """Contexts of one path: (fast, slow) estimators by name, parameter set 0."""

    def __init__(self, unary_length, estimators=None):
        self.unary_length = unary_length
        self.estimators = estimators or {}

    def copy(self):
        return Store(self.unary_length, dict(self.estimators))

    def bins(self, level, state, last):
        """Clause 9.5 as (context name or None for a bypass bin, bin value)."""
        neighbour = (last > 0) - (last < 0)
        yield ("sig", state, neighbour), int(level != 0)
        if level == 0:
            return
        yield ("sign", neighbour), int(level < 0)
        magnitude = abs(level)
        for flag in range(self.unary_length):
            yield ("greater", flag, level < 0), int(magnitude > flag + 1)
            if magnitude <= flag + 1:
                return
        length = (magnitude - self.unary_length).bit_length() - 1
        for position in range(length):
            yield ("remainder", position), 1
        yield ("remainder", length), 0
        for _ in range(length):
            yield None, 0

    def bits(self, level, state, last):
        total = 0
        for name, bin_value in self.bins(level, state, last):
            fast, slow = self.estimators.get(name, (0, 0))
            total += BIT if name is None else bin_cost(16 * fast + slow, bin_value)
        return total

    def adapt(self, level, state, last):
        for name, bin_value in self.bins(level, state, last):
            if name is not None:
                fast, slow = self.estimators.get(name, (0, 0))
                d = 1 if bin_value else -1
                fast += d * (CURVE[16 + ((d * fast) >> 3)] >> 5)
                slow += d * (CURVE[16 + ((d * slow) >> 7)] >> 4)
                self.estimators[name] = fast, slow


def uniform(weights, step, lambda_scale, unary_length):
    scale = BIT / (lambda_scale * math.log(2) / 6)
    store, last, q = Store(unary_length), 0, []
    for w in weights:
        sign = -1 if w < 0 else 1
        x = (sign * w) * (1.0 / step)
        rounded = math.floor(x + 0.5)
        totals = []
        for candidate in [0, *range(max(1, rounded - 1), rounded + 1)]:
            error = x - candidate
            totals.append((scale * (error * error) + store.bits(candidate, 0, last), candidate))
        best = sign * min(totals, key=lambda pair: pair[0])[1]
        store.adapt(best, 0, last)
        last = best
        q.append(best)
    return q


def trellis(weights, step, lambda_scale, unary_length):
    scale = BIT / (4 * 0.7 * lambda_scale * math.log(2) / 6)
    # A path is kept as (cost, contexts, last level); `older` remembers the last levels that the
    # states had one weight earlier, which the peer adapts with.
    paths = [(UNREACHABLE if s else 0.0, Store(unary_length), 0) for s in range(8)]
    older, survivors = [0] * 8, []
    for w in weights:
        sign = -1 if w < 0 else 1
        x = ((1.0 / step) * w) * sign
        branches = [[] for _ in range(8)]
        for previous, (cost, store, last) in enumerate(paths):
            options = [
                (parity, g) for quantizer, parity, g in grid_points(x) if quantizer == previous & 1
            ]
            for parity, g in sorted([*options, (0, 0)], key=lambda o: (o[0], o[1] == 0)):
                level = sign * ((g + 1) >> 1)
                total = (cost + scale * ((x - g) * (x - g))) + store.bits(level, previous, last)
                branches[TRANSITION[previous][parity]].append((total, previous, level))
        chosen = [min(options, key=lambda branch: branch[0]) for options in branches]
        after = []
        for state, (total, previous, level) in enumerate(chosen):
            store = paths[previous][1].copy()
            store.adapt(level, state, older[state])
            after.append((total, store, level))
        older = [last for _, _, last in paths]
        paths = after
        survivors.append([branch[1:] for branch in chosen])
    costs = [path[0] for path in paths]
    state, q = costs.index(min(costs)), []
    for column in reversed(survivors):
        state, level = column[state]
        q.append(2 * level - ((level > 0) - (level < 0)) * (state & 1))
    return q[::-1]
