"""Encoder settings refuse nonsense and apply rules in order."""

import pytest

from nnref.codec import EncodeSettings, Rule
from nnref.spec.errors import UsageError


def refused(**options):
    with pytest.raises(UsageError) as caught:
        EncodeSettings(**options)
    return caught.value.id


@pytest.mark.parametrize(
    "options",
    [
        {"profile": 2},
        {"scan_order": 5},
        {"qp_density": 8},
        {"cabac_unary_length_minus1": 256},
        {"non_finite": "zero"},
        {"shift_search": "best"},
        {"sqnr": -1.0},
        {"scan_order": 1.5},
    ],
)
def test_a_value_outside_its_range_is_refused(options):
    assert refused(**options) == "setting-unknown"


@pytest.mark.parametrize("step", [0.0, -1.0, float("inf"), float("nan")])
def test_a_step_must_be_positive_and_finite(step):
    assert refused(step=step) == "step-out-of-range"


def test_two_qualities_contradict_each_other():
    assert refused(qp=3, sqnr=30.0) == "setting-conflict"
    assert refused(lossless=True, qp=3) == "setting-conflict"


def test_row_skipping_needs_profile_1():
    assert refused(row_skip=True, profile=0) == "setting-conflict"


def test_a_rule_cannot_change_what_holds_for_the_stream():
    assert refused(rules=(Rule("*", {"profile": 0}),)) == "setting-conflict"


def test_a_rule_with_an_unknown_setting_is_refused():
    assert refused(rules=(Rule("*", {"quality": 3}),)) == "setting-unknown"


def test_later_matching_rules_win_and_others_do_not_apply():
    rules = (Rule("a*", {"qp": -3, "dq": False}), Rule("*b", {"qp": -9}), Rule("c", {"qp": 1}))
    settings = EncodeSettings(rules=rules).for_tensor("ab")
    assert (settings.qp, settings.dq) == (-9, False)


def test_a_quality_given_later_replaces_the_earlier_one():
    settings = EncodeSettings.from_options(EncodeSettings(qp=-3), {"sqnr": 30.0})
    assert (settings.qp, settings.sqnr) == (None, 30.0)


def test_an_unknown_option_names_the_known_ones():
    with pytest.raises(UsageError, match="qp_density"):
        EncodeSettings.from_options(None, {"qpd": 3})
