"""Differences between two sets of tensors are found, in names, order, dtype, shape and bytes."""

import re
from dataclasses import replace

import numpy as np
import pytest

from nnref.codec import decode, encode
from nnref.conformance.interop.client import PeerError
from nnref.conformance.interop.comparison import Verdict, compare_case, first_difference
from nnref.conformance.interop.defects import Direction, provoking_cases
from nnref.conformance.interop.models import Case

WEIGHTS = np.array([[1.0, -0.0], [3.0, 4.0]], np.float32)
CASE = replace(
    dict(provoking_cases())["block-scan-of-a-vector"],
    label="model",
    tensors={
        "weight": np.random.default_rng(3).normal(size=(12, 20)).astype(np.float32),
        "column": np.ones((9, 1), np.float32),
    },
)
OURS = {"a": WEIGHTS, "b": np.arange(3, dtype=np.int32)}


def test_equal_tensors_do_not_differ():
    assert first_difference(OURS, {name: tensor.copy() for name, tensor in OURS.items()}) == ""


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({"a": WEIGHTS}, "names"),
        (dict(reversed(OURS.items())), "names"),
        (OURS | {"a": WEIGHTS.astype(np.float64)}, "float64"),
        (OURS | {"a": WEIGHTS.reshape(4)}, r"\(4,\)"),
        (OURS | {"a": np.abs(WEIGHTS)}, "1 of 4 values differ"),
        (OURS | {"b": np.array([0, 9, 9], np.int32)}, "2 of 3 values differ"),
    ],
)
def test_every_kind_of_difference_is_named(theirs, expected):
    assert re.search(expected, first_difference(OURS, theirs))


class PeerThatIsUs:
    """nnref in the peer's place: agrees with itself, but fails on models with tensors of a name."""

    def __init__(self, fails_on: str = "") -> None:
        self.fails_on = fails_on

    def compress(self, tensors, options):
        if self.fails_on in tensors:
            raise PeerError("KeyError: 'cabac_entry_point_list'")
        renamed = {"use_dq": "dq", "row_skipping": "row_skip"}
        options = {renamed.get(k, k): v for k, v in options.items() if k != "param_opt"}
        return encode(tensors, compatible=True, shift_search="compatible", **options)

    def decompress(self, stream):
        return decode(stream)


def outcomes(case: Case, peer: PeerThatIsUs) -> list[tuple[str, Direction, Verdict]]:
    return [(o.case, o.direction, o.verdict) for o in compare_case(case, peer)]


def test_codec_that_agrees_is_identical_in_all_directions():
    case = replace(CASE, tensors={"weight": CASE.tensors["weight"]})
    assert [verdict for _, _, verdict in outcomes(case, PeerThatIsUs())] == [Verdict.IDENTICAL] * 3


def test_rest_of_a_model_is_compared_when_a_defect_acts_on_part_of_it():
    found = outcomes(CASE, PeerThatIsUs(fails_on="column"))
    assert [verdict for name, _, verdict in found if name == "model"] == [
        Verdict.IDENTICAL,
        Verdict.EXPLAINED,
        Verdict.EXPLAINED,
    ]
    rest = [verdict for name, _, verdict in found if name == "rest of model"]
    assert rest == [Verdict.IDENTICAL] * 3


def test_failure_without_a_known_defect_diverges():
    found = outcomes(CASE, PeerThatIsUs(fails_on="weight"))
    # The defect of the column may explain the first failure, but not that of the rest.
    assert found[-1] == ("rest of model", Direction.SAME_BYTES, Verdict.DIVERGED)
