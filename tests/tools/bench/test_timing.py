"""Ratios are taken round by round; what a row reports is their median and extremes."""

import pytest

from nnref.tools.bench.timing import Spread, Timing, cpu_seconds, run_paired


def test_spread_is_median_and_extremes():
    assert Spread.of([3.0, 1.0, 10.0, 2.0]) == Spread(2.5, 1.0, 10.0)


def test_ratio_is_the_median_of_ratios_and_not_the_ratio_of_medians():
    # The machine became three times slower half way; each round still says the same.
    timing = Timing(ours=[1.0, 3.0, 3.0], theirs=[2.0, 6.0, 9.0])
    assert timing.ratio == Spread(2.0, 2.0, 3.0)


def test_ratio_is_absent_without_a_peer():
    assert Timing([1.0], []).ratio is None


def test_rounds_alternate_which_side_goes_first_after_one_unmeasured_call():
    order: list[str] = []

    def theirs() -> float:
        order.append("theirs")
        return 7.0

    timing = run_paired(3, lambda: order.append("ours"), theirs)
    assert order == ["ours", "ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert timing.theirs == [7.0] * 3
    assert len(timing.ours) == 3


def test_measuring_alone_measures_ours_only():
    timing = run_paired(4, lambda: None, None)
    assert len(timing.ours) == 4
    assert timing.theirs == []


def test_error_in_the_measured_work_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        cpu_seconds(lambda: 1 // 0)
