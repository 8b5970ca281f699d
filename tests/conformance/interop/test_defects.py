"""A divergence is put down to a defect only where that defect acts and shows by its symptom."""

from dataclasses import replace

import numpy as np
import pytest

from nnref.conformance.interop.defects import DEFECTS, Direction, explain, provoking_cases
from nnref.conformance.interop.models import Case

CASES = dict(provoking_cases())
ROW_SKIP, VECTOR, EMPTY = (d.id for d in DEFECTS)
REASONS = {
    ROW_SKIP: "byte 18 differs (798 bytes and 790)",
    VECTOR: "NNCodec cannot encode: KeyError: 'cabac_entry_point_list'",
    EMPTY: "NNCodec cannot encode: SIGFPE",
}


def affected(
    made_for: str, case: Case | None = None, direction: Direction = Direction.SAME_BYTES
) -> set[str]:
    """Tensors that the defect is said to act on when a case fails with its symptom."""
    found = explain(direction, case or CASES[made_for], {}, REASONS[made_for])
    if found is None:
        return set()
    assert found[0].id == made_for
    return found[1]


def with_weight(made_for: str, shape: tuple[int, ...], dtype: type = np.float32) -> Case:
    """The provoking case with one tensor of another shape, whose first row is zero."""
    weights = np.ones(shape, dtype)
    weights[0] = 0
    return replace(CASES[made_for], tensors={"weight": weights})


def test_every_defect_has_a_model_that_provokes_it():
    assert list(CASES) == [ROW_SKIP, VECTOR, EMPTY]
    assert [affected(made_for) for made_for in CASES] == [{"weight"}, {"weight"}, {"empty"}]


@pytest.mark.parametrize("made_for", CASES)
def test_symptom_of_another_defect_or_of_none_explains_nothing(made_for):
    others = {reason for name, reason in REASONS.items() if name != made_for}
    for reason in {*others, "'weight': 3 of 9 values differ"}:
        assert explain(Direction.SAME_BYTES, CASES[made_for], {}, reason) is None


@pytest.mark.parametrize(
    "change", [{"dq": False}, {"row_skip": False}, {"scan_order": 0}, {"scan_order": 4}]
)
def test_row_skip_defect_needs_dq_row_skip_and_a_block_smaller_than_the_row(change):
    case = CASES[ROW_SKIP]
    assert not affected(ROW_SKIP, replace(case, settings=replace(case.settings, **change)))


@pytest.mark.parametrize(
    ("shape", "acts"), [((6, 9), 1), ((6, 12), 0), ((6, 8), 0), ((6, 7), 0), ((1, 9), 0), ((9,), 0)]
)
def test_row_skip_defect_needs_several_long_rows_of_no_multiple_of_four(shape, acts):
    assert len(affected(ROW_SKIP, with_weight(ROW_SKIP, shape))) == acts


def test_row_skip_defect_leaves_integers_alone():
    assert not affected(ROW_SKIP, with_weight(ROW_SKIP, (6, 9), np.int32))


def test_row_skip_defect_needs_a_row_that_decodes_to_zero():
    case, reason = CASES[ROW_SKIP], REASONS[ROW_SKIP]
    dense = {"weight": np.ones((40, 45), np.float32)}
    assert not affected(ROW_SKIP, replace(case, tensors=dense))
    assert explain(Direction.SAME_BYTES, case, dense, reason) is None


def test_row_skip_defect_explains_no_decoding_difference():
    assert not affected(ROW_SKIP, direction=Direction.OURS_TO_PEER)
    assert not affected(ROW_SKIP, direction=Direction.PEER_TO_OURS)


@pytest.mark.parametrize(("shape", "acts"), [((9, 1), 1), ((1, 9), 1), ((9,), 0), ((2, 8), 0)])
def test_block_scan_defect_needs_one_row_or_one_column(shape, acts):
    assert len(affected(VECTOR, with_weight(VECTOR, shape))) == acts


def test_block_scan_defect_is_the_encoders_alone():
    assert affected(VECTOR, direction=Direction.PEER_TO_OURS)
    assert not affected(VECTOR, direction=Direction.OURS_TO_PEER)


def test_tensor_with_weights_is_not_empty():
    assert not affected(EMPTY, with_weight(EMPTY, (4, 4)))
