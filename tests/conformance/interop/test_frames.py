"""Frames carry values and arrays between two processes without loss."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.conformance.interop.peer.frames import read_message, write_message

VALUES = st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none())
DTYPES = st.sampled_from(["<f4", "<i4", "|u1", "<f8", "|i1"])
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def frame(values: dict, arrays: list) -> bytes:
    stream = io.BytesIO()
    write_message(stream, values, arrays)
    return stream.getvalue()


@settings(deadline=None, max_examples=60)
@given(VALUES, st.lists(st.tuples(DTYPES, SHAPES), max_size=3))
def test_message_returns_with_values_dtypes_shapes_and_bytes(values, layouts):
    random = np.random.default_rng(0)
    arrays = [random.integers(0, 99, shape).astype(dtype) for dtype, shape in layouts]
    message = read_message(io.BytesIO(frame(values, arrays)))
    assert message.values == values
    assert [(a.dtype, a.shape) for a in message.arrays] == [(a.dtype, a.shape) for a in arrays]
    assert all((a == b).all() for a, b in zip(message.arrays, arrays, strict=True))


def test_read_arrays_are_writable_and_contiguous():
    transposed = np.arange(6, dtype=np.float32).reshape(2, 3).T
    (array,) = read_message(io.BytesIO(frame({}, [transposed]))).arrays
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert (array == transposed).all()


def test_frames_follow_each_other_without_gap():
    stream = io.BytesIO(frame({"n": 1}, [np.zeros(3)]) + frame({"n": 2}, []))
    assert [read_message(stream).values["n"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("kept", [0, 3, 4, 20, -1])
def test_frame_that_is_cut_is_an_end_of_file(kept):
    with pytest.raises(EOFError):
        read_message(io.BytesIO(frame({"a": "b"}, [np.zeros(5)])[:kept]))
