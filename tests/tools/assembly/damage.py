"""Damaged copies of good streams."""

import random

from tests.tools.trace.samples import STREAMS

COUNT = 500


def damaged():
    """COUNT streams: flipped bits, cuts, inserted and removed bytes, two streams spliced."""
    rng = random.Random(17)
    good = list(STREAMS.values())
    for _ in range(COUNT):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 4)):
            _mutate(data, rng, good)
        yield bytes(data)


def _mutate(data, rng, good):
    place = rng.randint(0, max(0, min(len(data) - 1, 60)))
    kind = rng.randrange(5)
    if kind == 0:
        del data[rng.randint(0, len(data)) :]
    elif kind == 1:
        data[place:place] = rng.randbytes(rng.randint(1, 4))
    elif kind == 2:
        del data[place : place + rng.randint(1, 4)]
    elif kind == 3:
        data[place:] = rng.choice(good)[place:]
    elif data:
        data[place] ^= 1 << rng.randrange(8)
