"""`tools = "auto"`: of all tools and methods, the one with fewest bytes for no more error."""

import numpy as np
import pytest

from nnref.codec import Block, Rule, Stream, decode, encode, encode_file
from nnref.spec.errors import UsageError
from nnref.spec.process import decode_stream

RANDOM = np.random.default_rng(11)


def smooth():
    return RANDOM.laplace(size=(24, 48)).astype(np.float32)


def of_few_values():
    return RANDOM.choice(np.float32([-0.731, 0.0, 0.2, 0.853]), size=(32, 16, 3, 3))


def of_low_rank():
    g, h = RANDOM.normal(size=(80, 3)), RANDOM.normal(size=(3, 96))
    return (g @ h).astype(np.float32)


def of_templates():
    templates = RANDOM.normal(size=(8, 25))
    kernels = templates[RANDOM.integers(8, size=768)] * RANDOM.normal(size=(768, 1))
    return kernels.reshape(24, 32, 5, 5).astype(np.float32)


MAKERS = (smooth, of_few_values, of_low_rank, of_templates)


@pytest.mark.parametrize("make", MAKERS)
def test_no_tensor_is_larger_or_worse_than_without(make, tmp_path):
    model = {"w": make(), "bias": np.ones(4, np.float32)}
    plain = encode_file(model, tmp_path / "plain.nnr", sqnr=25)
    chosen = encode_file(model, tmp_path / "auto.nnr", sqnr=25, tools="auto")
    for one, other in zip(plain.tensors, chosen.tensors, strict=True):
        assert other.unit_bytes <= one.unit_bytes
        assert other.sqnr >= one.sqnr


@pytest.mark.parametrize(
    ("make", "tool"),
    [(of_few_values, "deep-compression"), (of_low_rank, "rank3"), (of_templates, "templates8")],
)
def test_the_tool_that_suits_a_tensor_is_found(make, tool, tmp_path):
    report = encode_file({"w": make()}, tmp_path / "w.nnr", sqnr=25, tools="auto")
    assert tool in report.tensors[0].tools


def test_a_rule_gives_one_tensor_the_choice_and_both_decoders_agree():
    model = {"few": of_few_values(), "smooth": smooth()}
    rules = (Rule("few", {"tools": "auto"}),)
    stream = encode(model, sqnr=20, rules=rules)
    literal = {t.name: np.array(t.values, np.float32) for t in decode_stream(stream).tensors}
    for name, values in decode(stream).items():
        assert values.tobytes() == literal[name].tobytes()


@pytest.mark.parametrize(
    "other",
    [
        {"codebook": 4},
        {"low_rank": 0.5},
        {"low_rank_error": 0.5},
        {"lnq": "class"},
        {"method": "templates"},
        {"compatible": True},
    ],
)
def test_a_tool_that_is_asked_for_and_the_choice_are_a_conflict(other):
    with pytest.raises(UsageError, match="tools = 'auto' and ") as refused:
        encode({"w": smooth()}, tools="auto", **other)
    assert refused.value.id == "setting-conflict"


@pytest.mark.parametrize("alone", [{"tools": "auto"}, {"method": "deep-compression"}])
def test_weights_with_units_of_their_own_are_left_out_of_automatic_blocks(alone):
    model = {"a.weight": of_few_values(), "a.bias": np.ones(32, np.float32)}
    units = Stream(encode(model, sqnr=20, blocks="auto", **alone)).units
    assert sum(unit.has_tensors for unit in units) == 2
    with pytest.raises(UsageError, match="whose units hold one tensor") as refused:
        encode(model, blocks=(Block("a.weight", bias="a.bias"),), **alone)
    assert refused.value.id == "block-members"
