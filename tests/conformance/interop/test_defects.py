"""A divergence is put down to a defect only where that defect can act."""

from dataclasses import replace

import numpy as np
import pytest

from nnref.conformance.interop.defects import DEFECTS, Direction, explain, provoking_cases
from nnref.conformance.interop.models import Case

CASES = dict(provoking_cases())
ROW_SKIP, VECTOR, EMPTY = (d.id for d in DEFECTS)


def reshaped(case: Case, shape: tuple[int, ...]) -> Case:
    weights = np.ones(shape, np.float32)
    weights[0] = 0.0
    return replace(case, tensors={"weight": weights})


def defect_of(case: Case, direction: Direction = Direction.SAME_BYTES) -> str | None:
    found = explain(direction, case, {})
    return found.id if found else None


def test_every_defect_has_a_model_that_provokes_it():
    assert list(CASES) == [ROW_SKIP, VECTOR, EMPTY]
    assert all(defect_of(case) == made_for for made_for, case in CASES.items())


@pytest.mark.parametrize(
    "change", [{"dq": False}, {"row_skip": False}, {"scan_order": 0}, {"scan_order": 4}]
)
def test_row_skip_defect_needs_dq_row_skip_and_a_block_smaller_than_the_row(change):
    case = CASES[ROW_SKIP]
    assert defect_of(replace(case, settings=replace(case.settings, **change))) is None


@pytest.mark.parametrize(("columns", "expected"), [(9, ROW_SKIP), (12, None), (8, None), (7, None)])
def test_row_skip_defect_needs_a_long_row_that_is_no_multiple_of_four(columns, expected):
    assert defect_of(reshaped(CASES[ROW_SKIP], (6, columns))) == expected


def test_row_skip_defect_needs_a_row_that_decodes_to_zero():
    case = CASES[ROW_SKIP]
    dense = {"weight": np.ones((40, 45), np.float32)}
    assert explain(Direction.SAME_BYTES, replace(case, tensors=dense), {}) is None
    assert explain(Direction.SAME_BYTES, case, dense) is None


def test_row_skip_defect_explains_no_decoding_difference():
    assert defect_of(CASES[ROW_SKIP], Direction.OURS_TO_PEER) is None
    assert defect_of(CASES[ROW_SKIP], Direction.PEER_TO_OURS) is None


@pytest.mark.parametrize(
    ("shape", "expected"), [((9, 1), VECTOR), ((1, 9), VECTOR), ((9,), None), ((2, 8), None)]
)
def test_block_scan_defect_needs_one_row_or_one_column(shape, expected):
    assert defect_of(reshaped(CASES[VECTOR], shape)) == expected


def test_block_scan_defect_is_the_encoders_alone():
    assert defect_of(CASES[VECTOR], Direction.OURS_TO_PEER) is None


def test_ordinary_model_has_no_excuse():
    case = reshaped(CASES[EMPTY], (4, 4))
    assert [explain(direction, case, {}) for direction in Direction] == [None] * 3
