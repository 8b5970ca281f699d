"""Figures of the paper agree with each other where it says that they do."""

import numpy as np
import pytest

from nnref.tools.experiments.layer_shares import layer_shares, sl_cap
from nnref.tools.experiments.paper import NETWORKS


def test_ratios_of_tables_3_and_4_follow_from_their_compression_ratios():
    for network in NETWORKS:
        for test in (network.original, network.pruned):
            assert test.ratio == pytest.approx(test.printed, abs=0.011), network.name


def test_table_6_follows_from_tables_3_and_4():
    gains = [each.performance_gain for each in NETWORKS]
    assert gains == pytest.approx([1.78, 1.05, 1.08, 2.09], abs=0.011)
    assert sum(each.sl_gain for each in NETWORKS) / 4 == pytest.approx(1.16, abs=0.005)


def test_shares_are_of_all_parameters_and_cap_sl():
    model = {
        "fc": np.zeros((10, 20)),
        "conv": np.zeros((5, 4, 3, 5)),
        "depthwise": np.zeros((10, 1, 3, 5)),
        "pointwise": np.zeros((10, 15, 1, 1)),
        "bias": np.zeros(200),
    }
    shares = layer_shares(model)
    types = {"FULLY_CONNECTED": 0.2, "CONVOLUTION": 0.3, "POINT_OR_DEPTH_WISE": 0.3, "OTHER": 0.2}
    assert shares == pytest.approx(types)
    assert sl_cap(shares) == pytest.approx(0.5)
