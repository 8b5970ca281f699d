import zlib

import numpy as np
import pytest

from nnref.codec.entropy.cost import COST_STATES, ONE_BIT, cost_table


def test_table_equals_the_published_one():
    assert zlib.crc32(cost_table().astype("<u4").tobytes()) == 0x808C461F


@pytest.mark.parametrize(
    ("row", "costs"),
    [(0, (310, 237777)), (1, (310, 237777)), (511, (32174, 33369)), (512, (32968, 32568))],
)
def test_anchor_rows(row, costs):
    assert tuple(cost_table()[row]) == costs


def test_costs_are_those_of_a_probability_model():
    probabilities = np.exp2(-cost_table() / ONE_BIT)
    assert cost_table().shape == (COST_STATES, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-4)


def test_table_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        cost_table()[0, 0] = 1
