"""Cases of coding tools: what a difference counts as, and that the cases are what they say."""

import re

import numpy as np
import pytest

from nnref.codec import decode, encode
from nnref.conformance.interop.client import PeerError
from nnref.conformance.interop.comparison import Verdict
from nnref.conformance.interop.defects import Direction
from nnref.conformance.interop.tool_cases import BINARY64, TOOLS, random_tool_case
from nnref.conformance.interop.tools import Deviation, ToolCase, compare_tool
from tests.conformance.interop.test_comparison import PeerThatIsUs

CASES = [random_tool_case(5, index) for index in range(4 * len(TOOLS))]
MODEL = {"weight": np.random.default_rng(2).normal(size=(12, 20)).astype(np.float32)}
CODED = {"qp": -12}


class Peer(PeerThatIsUs):
    """nnref in the peer's place; `change` is what becomes of the tensors it decodes."""

    def __init__(self, change=None, error=""):
        super().__init__()
        self.change, self.error = change or (lambda array: array), error

    def compress_with_tools(self, tensors, options):
        return encode(tensors, **options)

    def decompress_members(self, stream):
        if self.error:
            raise PeerError(self.error)
        return {name: self.change(a) for name, a in decode(stream, as_coded=True).items()}

    def decompress(self, stream, **_options):
        return decode(stream)


def verdicts(case, peer):
    return [(o.direction, o.verdict, o.defect) for o in compare_tool(case, 7, peer)]


def test_only_the_directions_that_a_case_has_are_compared():
    both = ToolCase("tool", MODEL, CODED, CODED)
    ours, theirs = Direction.OUR_TOOLS, Direction.PEER_TOOLS
    assert verdicts(both, Peer()) == [(d, Verdict.IDENTICAL, "") for d in (ours, theirs)]
    assert verdicts(ToolCase("tool", MODEL, CODED), Peer()) == [(ours, Verdict.IDENTICAL, "")]
    assert [o.case for o in compare_tool(both, 7, Peer())] == ["tool 7", "tool 7"]


def test_a_difference_is_explained_by_the_deviation_it_shows_and_no_other():
    known = Deviation("P-04", "slice indices")
    case = ToolCase("tool", MODEL, CODED, reading=known)
    ((_, verdict, entry),) = verdicts(case, Peer(error="TypeError: slice indices must be"))
    assert (verdict, entry) == (Verdict.EXPLAINED, "P-04")
    ((_, verdict, entry),) = verdicts(case, Peer(error="KeyError: 'w'"))
    assert (verdict, entry) == (Verdict.DIVERGED, "")


def test_a_deviation_that_does_not_show_is_a_divergence_unless_it_need_not():
    case = ToolCase("tool", MODEL, CODED, reading=Deviation("P-04", "slice"))
    assert verdicts(case, Peer())[0][1] is Verdict.DIVERGED
    case = ToolCase("tool", MODEL, CODED, reading=Deviation("P-04", "slice", always=False))
    assert verdicts(case, Peer())[0][1] is Verdict.IDENTICAL


def test_values_that_are_only_wider_are_told_from_wrong_ones():
    case = ToolCase("tool", MODEL, CODED, reading=BINARY64)
    wide = Peer(lambda array: array.astype(np.float64))
    assert verdicts(case, wide) == [(Direction.OUR_TOOLS, Verdict.EXPLAINED, "P-05")]
    wrong = Peer(lambda array: array.astype(np.float64) * 1.001)
    assert verdicts(case, wrong) == [(Direction.OUR_TOOLS, Verdict.DIVERGED, "")]


def test_cases_depend_on_seed_and_index_alone():
    again = random_tool_case(5, 17)
    assert again.tool == CASES[17].tool
    assert again.ours == CASES[17].ours
    for name, tensor in again.tensors.items():
        assert tensor.tobytes() == CASES[17].tensors[name].tobytes()


@pytest.mark.parametrize("case", [case for case in CASES if case.ours is not None][:30])
def test_our_streams_of_the_cases_hold_the_model(case):
    decoded = decode(encode(case.tensors, **case.ours), **_out_of_band(case), strict=True)
    assert decoded.keys() >= case.tensors.keys() - {"conv.weight_scaling"}


def _out_of_band(case):
    if not case.ours.get("out_of_band"):
        return {}
    from nnref.codec import encode_out_of_band

    return {"out_of_band": encode_out_of_band(case.tensors, **case.ours)[1]}


def test_every_deviation_named_is_one_of_annex_c():
    from pathlib import Path

    page = Path(__file__).parents[3] / "spec/document/annex-c-deviations.md"
    entries = set(re.findall(r"^## (P-\d\d) ", page.read_text(), re.MULTILINE))
    named = {known.entry for case in CASES for known in (case.reading, case.writing) if known}
    assert named <= entries
    assert len(named) > 3
