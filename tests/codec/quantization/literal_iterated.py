"""Rates of adapted contexts and the searches that use them, in plain Python: slow twins."""

import math

from nnref.spec.tables.cabac import PARAMETER_SETS
from nnref.spec.tables.cabac import TRANSITION as CURVE
from tests.codec.quantization.literal import TRANSITION
from tests.codec.quantization.literal_rates import BIT, bin_cost

UNREACHABLE = 1e300


def bins(level, state, neighbour, unary_length):
    """Clause 9.5: (context number or None for a bypass bin, bin value)."""
    yield 3 * state + neighbour, int(level != 0)
    if level == 0:
        return
    negative = int(level < 0)
    yield 24 + neighbour, negative
    for flag in range(unary_length):
        greater = int(abs(level) > flag + 1)
        yield 27 + 2 * flag + negative, greater
        if not greater:
            return
    rest = abs(level) - unary_length
    length = rest.bit_length() - 1
    for position in range(length):
        yield 27 + 2 * unary_length + position, 1
        yield None, 0
    yield 27 + 2 * unary_length + length, 0


class Context:
    """Clause 9.2: one context with the parameter set of a shift_idx."""

    def __init__(self, shift_idx):
        self.fast_shift, self.slow_shift, self.fast, self.slow = PARAMETER_SETS[shift_idx]

    def costs(self):
        state = 16 * self.fast + self.slow
        return bin_cost(state, 0), bin_cost(state, 1)

    def adapt(self, bin_value):
        d = 1 if bin_value else -1
        self.fast += d * (CURVE[16 + ((d * self.fast) >> 3)] >> (self.fast_shift + 4))
        self.slow += d * (CURVE[16 + ((d * self.slow) >> 7)] >> self.slow_shift)


def neighbour_of(level):
    return 0 if level == 0 else 1 if level < 0 else 2


def measured(q, dq, unary_length, restart, shift_idx, segment):
    """The cost of all bins, and per segment the mean costs [bin 0, bin 1] of every context."""
    contexts = [Context(index) for index in shift_idx]
    total, state, neighbour, rows = 0, 0, 0, []
    for start in range(0, len(q), segment):
        seen = [[] for _ in contexts]
        for i in range(start, min(start + segment, len(q))):
            if restart and i and i % restart == 0:
                contexts, neighbour = [Context(index) for index in shift_idx], 0
            level = q[i]
            if dq:
                level = int(math.copysign((abs(q[i]) + (state & 1)) >> 1, q[i]))
            for context, bin_value in bins(level, state, neighbour, unary_length):
                if context is None:
                    total += BIT
                    continue
                seen[context].append(contexts[context].costs())
                total += seen[context][-1][bin_value]
                contexts[context].adapt(bin_value)
            neighbour = neighbour_of(level)
            state = TRANSITION[state][level & 1] if dq else 0
        rows.append(
            [
                [sum(cost[b] for cost in costs) // len(costs) if costs else context.costs()[b]
                 for b in range(2)]
                for costs, context in zip(seen, contexts, strict=True)
            ]
        )  # fmt: skip
    return total, rows


def price_of(level, state, neighbour, row, unary_length, price):
    bits = sum(
        BIT if context is None else row[context][bin_value]
        for context, bin_value in bins(level, state, neighbour, unary_length)
    )
    return price * bits / BIT


def best_path(weights, step, price, rows, segment, restart, unary_length):
    """Exhaustive over the survivors' branches: (least objective, q)."""
    paths = {0: (0.0, 0, [])}
    for i, weight in enumerate(weights):
        row, x, sign = rows[i // segment], abs(weight / step), -1 if weight < 0 else 1
        after = {}
        for state, (cost, last, q) in paths.items():
            neighbour = 0 if restart and i % restart == 0 else last
            for grid in (0, *(g for g in range(max(1, int(x) - 3), int(x) + 5))):
                if grid and (grid ^ state) & 1:
                    continue
                level = sign * ((grid + 1) >> 1)
                total = cost + (x - grid) ** 2
                total += price_of(level, state, neighbour, row, unary_length, price)
                following = TRANSITION[state][level & 1]
                if following not in after or total < after[following][0]:
                    after[following] = (total, neighbour_of(level), [*q, sign * grid])
        paths = after
    return min((cost, q) for cost, _, q in paths.values())


def objective(q, weights, step, price, rows, segment, restart, unary_length, dq):
    """What a search minimizes, of any choice."""
    total, state, neighbour = 0.0, 0, 0
    for i, (number, weight) in enumerate(zip(q, weights, strict=True)):
        if restart and i % restart == 0:
            neighbour = 0
        level = number
        if dq:
            level = int(math.copysign((abs(number) + (state & 1)) >> 1, number))
        total += (abs(weight / step) - abs(number)) ** 2
        total += price_of(level, state, neighbour, rows[i // segment], unary_length, price)
        neighbour = neighbour_of(level)
        state = TRANSITION[state][level & 1] if dq else 0
    return total
