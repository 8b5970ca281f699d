"""The encoder of codewords beside the literal decoder's engine."""

import random

import pytest

from nnref.spec.process.bits import BitReader
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.probability import Context, reset
from nnref.tools.assembly.encoder import CodewordEncoder


def encoded(choices, contexts):
    encoder = CodewordEncoder()
    encoder.new_contexts(contexts)
    for kind, *operands in choices:
        getattr(encoder, kind)(*operands)
    return encoder.finish()


def replayed(data, choices, contexts):
    """The same choices with the values that the decoder finds."""
    engine = ArithmeticDecoder(BitReader(data))
    states = [Context() for _ in range(contexts)]
    for kind, *operands in choices:
        if kind == "context_bin":
            yield kind, operands[0], engine.context_bin(states, operands[0], "x")
        elif kind == "bypass_bin":
            yield kind, engine.bypass_bin("x")
        else:
            yield kind, *operands
            if kind == "set_shift_idx":
                states[operands[0]].shift_idx = operands[1]
                reset(states[operands[0]])
            elif kind == "restart":
                for state in states:
                    reset(state)
            if kind in ("force_range", "restart"):
                engine.force_range()
    engine.terminate()
    assert engine.end_of_payload() == len(data)
    assert not engine.bits.findings


def random_choices(rng, count, skew):
    for _ in range(count):
        kind = rng.random()
        if kind < 0.75:
            yield "context_bin", rng.randrange(4), int(rng.random() < skew)
        elif kind < 0.97:
            yield "bypass_bin", rng.randrange(2)
        elif kind < 0.98:
            yield "set_shift_idx", rng.randrange(4), rng.randrange(9)
        elif kind < 0.99:
            yield ("force_range",)
        else:
            yield ("restart",)


@pytest.mark.parametrize("skew", [0.0, 0.02, 0.5, 0.98, 1.0])
@pytest.mark.parametrize("count", [0, 1, 50, 400])
def test_decoder_finds_what_was_encoded(count, skew):
    rng = random.Random(count)
    choices = list(random_choices(rng, count, skew))
    assert list(replayed(encoded(choices, 4), choices, 4)) == choices


@pytest.mark.parametrize("value", [0, 1])
def test_long_codewords_and_their_carries_are_whole(value):
    rng = random.Random(value)
    choices = [("bypass_bin", value)] * 4090
    choices += [("context_bin", 0, rng.randrange(2)) for _ in range(6000)]
    choices += [("bypass_bin", 1 - value)] * 4200
    assert list(replayed(encoded(choices, 1), choices, 1)) == choices
