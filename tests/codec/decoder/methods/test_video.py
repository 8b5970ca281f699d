"""Clause 15.2.2: where in pictures the weights are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.decoder.methods.hevc import PictureFormat
from nnref.codec.decoder.methods.video import Packing


@st.composite
def packings(draw):
    width, height = draw(st.integers(16, 40)), draw(st.integers(16, 40))
    pictures = PictureFormat(width, height, draw(st.sampled_from([8, 10, 12])))
    return Packing(pictures, draw(st.integers(1, width)), draw(st.integers(1, height)))


@settings(deadline=None)
@given(packings(), st.integers(0, 3000), st.integers(0, 2**32 - 1))
def test_samples_come_back_from_the_pictures_they_are_packed_in(packing, weights, seed):
    depth = packing.pictures.bit_depth
    samples = np.random.default_rng(seed).integers(0, 1 << depth, weights)
    samples = samples.astype(packing.pictures.dtype)
    pictures = packing.packed(samples)
    assert pictures.shape[1:] == (packing.pictures.height, packing.pictures.width)
    assert len(pictures) == packing.count(weights)
    assert packing.unpacked(pictures, weights).tobytes() == samples.tobytes()


def test_tiles_go_along_lines_and_those_that_an_edge_cuts_are_none():
    packing = Packing(PictureFormat(16, 17, 8), 5, 8)
    pictures = packing.packed(np.arange(241, dtype=np.uint8))
    assert packing.grid == (2, 3)
    assert pictures.shape == (2, 17, 16)
    assert pictures[0, 0, :6].tolist() == [0, 1, 2, 3, 4, 40]
    assert pictures[0, 1, 0] == 5
    assert pictures[0, 8, 0] == 120
    assert pictures[1, 0, :2].tolist() == [240, 128]
    assert (pictures[0, :, 15] == 128).all()
    assert (pictures[0, 16] == 128).all()
