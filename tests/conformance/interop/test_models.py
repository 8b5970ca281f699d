"""Random models are the same for the same seed and lie inside what both codecs can code."""

from dataclasses import replace

import numpy as np

from nnref.conformance.interop.models import Case, random_case

CASES = [random_case(7, index) for index in range(150)]


def test_case_depends_on_seed_and_index_alone():
    again = random_case(7, 40)
    assert again.settings == CASES[40].settings
    assert list(again.tensors) == list(CASES[40].tensors)
    assert all(a.tobytes() == CASES[40].tensors[n].tobytes() for n, a in again.tensors.items())
    assert random_case(8, 40).settings != CASES[40].settings


def test_every_model_has_one_to_eight_tensors_of_one_to_four_dimensions():
    assert {len(case.tensors) for case in CASES} == set(range(1, 9))
    shapes = [tensor.shape for case in CASES for tensor in case.tensors.values()]
    assert {len(shape) for shape in shapes} == {1, 2, 3, 4}
    assert all(min(shape) >= 1 for shape in shapes)


def test_tensors_are_finite_float32_or_int32():
    tensors = [tensor for case in CASES for tensor in case.tensors.values()]
    assert {tensor.dtype.str for tensor in tensors} == {"<f4", "<i4"}
    assert all(np.isfinite(tensor).all() for tensor in tensors)


def test_both_quantization_parameters_fit_the_field_that_carries_them():
    for case in CASES:
        reach = 2 ** (5 + case.settings.qp_density)
        for qp in (case.settings.qp, case.settings.nonweight_qp):
            assert -reach <= qp < reach
        assert case.settings.nonweight_qp != 0  # NNCodec would derive another


def test_row_skipping_is_asked_for_in_profile_1_only():
    assert not [c for c in CASES if c.settings.row_skip and c.settings.profile == 0]


def test_every_setting_takes_every_value_it_can():
    settings = [case.settings for case in CASES]
    assert {s.scan_order for s in settings} == set(range(5))
    assert {s.qp_density for s in settings} == {0, 1, 2, 3, 5, 7}
    for flag in ("dq", "row_skip", "search", "profile"):
        assert {bool(getattr(s, flag)) for s in settings} == {False, True}


def test_overflow_is_recognized_by_the_step_of_the_tensor():
    case = CASES[0]
    settings = replace(case.settings, qp=-6, nonweight_qp=0, qp_density=2)  # steps 3/8 and 1
    edge = np.float32(2**31 * 0.375)
    assert Case("", {"w": np.full((2, 2), edge)}, settings).overflows
    assert not Case("", {"w": np.full((2, 2), edge * np.float32(0.99))}, settings).overflows
    assert not Case("", {"b": np.full(2, edge)}, settings).overflows
    assert not Case("", {"n": np.full((2, 2), 2**31 - 1, np.int32)}, settings).overflows
    assert [case.label for case in CASES if case.overflows]
