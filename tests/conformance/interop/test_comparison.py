"""Differences between two sets of tensors are found, in names, order, dtype, shape and bytes."""

import re

import numpy as np
import pytest

from nnref.conformance.interop.comparison import first_difference

WEIGHTS = np.array([[1.0, -0.0], [3.0, 4.0]], np.float32)
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
