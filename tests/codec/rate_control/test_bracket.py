"""The last good place between two bounds is found, whatever the distances say."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.rate_control.bracket import Bracket


def follow(bracket, last_good, told):
    """Where the search ends: the largest good place it looked at, and all that it looked at."""
    seen = []
    going = True
    while going:
        place = bracket.place
        seen.append(place)
        assert len(seen) < 60
        going = bracket.note(place <= last_good, told(last_good - place))
    return max((place for place in seen if place <= last_good), default=None), seen


@settings(deadline=None)
@given(
    last_good=st.floats(-10, 10),
    start=st.floats(-15, 15),
    told=st.sampled_from(
        [lambda d: d, lambda d: math.nan, lambda d: 0.3 * d, lambda d: -d, lambda d: 9 * d]
    ),
)
def test_last_good_place_is_found_within_the_resolution(last_good, start, told):
    found, seen = follow(Bracket(-10, 10, start, 0.01), last_good, told)
    assert found is not None
    assert last_good - found <= 0.01 or told(last_good - found) == 0
    assert all(-10 <= place <= 10 for place in seen)


def test_true_distances_need_few_places():
    for last_good in (-9.0, -0.2, 6.5):
        _, seen = follow(
            Bracket(-10, 10, 0, 1e-3), last_good, lambda d: 0 if 0 <= d < 0.1 else d - 0.05
        )
        assert len(seen) <= 4


@pytest.mark.parametrize("distance", [math.nan, -1.0])
def test_lower_bound_is_looked_at_before_all_is_given_up(distance):
    found, seen = follow(Bracket(-10, 10, 3, 0.01), -11, lambda d: distance)
    assert found is None
    assert seen[-1] == -10
    assert len(seen) <= 6
