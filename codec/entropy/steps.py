"""Clause 9.5: the bins of plain weights as a walk through a table.

Plain weights have neither codebook, nor temporal contexts, nor history mask. Where their decoding
stands between two bins is a node: which element the next bin belongs to, and the DQ state. The
bin leads to the next node and perhaps to the value of the weight, so a table of steps replaces
the branches of the general decoder, and several payloads can be decoded bin by bin side by side.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from nnref.codec.entropy.arrays import Integers
from nnref.spec.tables.cabac import GREATER_PLAIN, SIGN_PLAIN, STATE_TRANSITION

ENDS_WEIGHT: Final = 1
"""Bit 0 of a step: the weight ends, and the step's value is its quantized parameter."""

NEEDS_REMAINDER: Final = 2
"""Bit 1 of a step: all flags were 1 and abs_remainder follows; the node stays."""

NODE_SHIFT: Final = 2
NODE_MASK: Final = 0xFFFF
"""A step's next node times two, so that adding the bin gives the next step."""

CONTEXT_SHIFT: Final = 18
CONTEXT_MASK: Final = 0x3FFF
"""The context of the next node's bin."""

VALUE_SHIFT: Final = 32
"""The quantized parameter of a weight that ends, signed."""

NEIGHBOURS: Final = 3
"""Clause 9.4.2: the weight before is 0, positive or negative."""


def states_of(dq_flag: int) -> int:
    """Clause 10.3: the number of DQ states."""
    return len(STATE_TRANSITION) if dq_flag else 1


@lru_cache(maxsize=32)
def step_table(unary_length: int, dq_flag: int) -> Integers:
    """Clause 9.5: the steps of plain weights, by [2 * node + bin], read-only int64.

    Nodes are numbered sig_flag by [state][neighbour], sign_flag alike, then abs_level_greater_x by
    [x][sign][state].
    """
    states = states_of(dq_flag)
    flags = 2 * NEIGHBOURS * states

    def step(node: int, bits: int = 0, value: int = 0) -> int:
        packed = node << NODE_SHIFT + 1 | context(node) << CONTEXT_SHIFT | bits
        return value << VALUE_SHIFT | packed

    def context(node: int) -> int:
        if node < flags // 2:
            return node
        if node < flags:
            return SIGN_PLAIN + node % NEIGHBOURS
        return GREATER_PLAIN + (node - flags) // states

    def next_state(state: int, parity: int) -> int:
        return STATE_TRANSITION[state][parity] if dq_flag else 0

    def greater(x: int, negative: int, state: int) -> int:
        return flags + (2 * (x - 1) + negative) * states + state

    table = np.empty((flags + 2 * unary_length * states, 2), np.int64)
    for state in range(states):
        for neighbour in range(NEIGHBOURS):
            node = NEIGHBOURS * state + neighbour
            sign = node + flags // 2
            table[node] = step(NEIGHBOURS * next_state(state, 0), ENDS_WEIGHT), step(sign)
            table[sign] = step(greater(1, 0, state)), step(greater(1, 1, state))
        for negative in (0, 1):
            for x in range(1, unary_length + 1):
                size = (x << dq_flag) - (state & dq_flag)
                after = NEIGHBOURS * next_state(state, x & 1) + 2 - negative
                node = greater(x, negative, state)
                more = step(node, NEEDS_REMAINDER)
                if x < unary_length:
                    more = step(greater(x + 1, negative, state))
                table[node] = step(after, ENDS_WEIGHT, -size if negative else size), more
    table.setflags(write=False)
    return table.reshape(-1)
