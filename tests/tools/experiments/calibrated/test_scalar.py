"""Integers per row and blocks with a scale: what is stored, and what comes back."""

import shutil

import numpy as np
import pytest

from nnref.spec.errors import NnrError
from nnref.tools.experiments.calibrated import scalar
from nnref.tools.experiments.calibrated.scalar import (
    Scalar,
    blocks_q4,
    blocks_q8,
    rows_of_integers,
)

MATRIX = np.random.default_rng(1).normal(size=(6, 50)).astype(np.float32)
MATRIX[2] *= 100
MATRIX[3] = 0


def test_integers_of_a_row_are_within_half_a_step_of_its_own_scale():
    for bits, size in ((8, 6 * 50), (4, 6 * 25)):
        stored, values = rows_of_integers(bits)(MATRIX)
        steps = np.abs(MATRIX).max(1) / (2 ** (bits - 1) - 1)
        assert (np.abs(values - MATRIX).max(1) <= 0.501 * steps).all()
        assert [len(each) for each in stored] == [size, 6 * 4]


def test_blocks_of_8_bits_have_a_binary16_scale_for_32_numbers():
    stored, values = blocks_q8(MATRIX)
    blocks = -(-MATRIX.size // 32)
    assert [len(each) for each in stored] == [32 * blocks, 2 * blocks]
    first, last = MATRIX.reshape(-1)[:32], MATRIX.reshape(-1)[-12:]
    assert np.abs(values.reshape(-1)[:32] - first).max() <= 0.6 * np.abs(first).max() / 127
    assert np.abs(values.reshape(-1)[-12:] - last).max() <= 0.6 * np.abs(last).max() / 127


def test_blocks_of_4_bits_keep_the_number_of_largest_magnitude():
    block = np.array([[0.5, -8.0, 7.0, 3.4] + [0.0] * 28], np.float32)
    stored, values = blocks_q4(block)
    assert [len(each) for each in stored] == [16, 2]
    # The scale is -8 / -8 = 1: every integer from -8 to 7 is a number, halves go up.
    assert list(values[0, :4]) == [1.0, -8.0, 7.0, 3.0]
    assert list(blocks_q4(-block)[1][0, :4]) == [-1.0, 8.0, -7.0, -3.0]
    assert stored[0][0] == (1 & 15) | (-8 & 15) << 4


def test_blocks_of_zeros_stay_zeros():
    for quantize in (blocks_q8, blocks_q4, rows_of_integers(4)):
        assert not quantize(np.zeros((2, 40), np.float32))[1].any()


def test_vectors_stay_as_they_are_and_count():
    model = {"w": MATRIX.reshape(6, 5, 10), "b": np.arange(5, dtype=np.float32)}
    outcome = Scalar(blocks_q8, zstd=False).code(model, 0.0)
    assert outcome.tensors["w"].shape == (6, 5, 10)
    assert np.array_equal(outcome.tensors["b"], model["b"])
    assert outcome.size == outcome.weight_size + 20 == 10 * 34 + 20


@pytest.mark.skipif(shutil.which("zstd") is None, reason="no command zstd")
def test_zstd_packs_what_repeats():
    data = b"abcd" * 1000
    assert len(scalar.packed(data)) < 100
    row = Scalar(rows_of_integers(8), zstd=True)
    assert row.code({"w": np.ones((64, 64), np.float32)}, 0.0).size < 200


def test_without_the_command_the_row_is_refused(monkeypatch):
    monkeypatch.setattr(scalar.shutil, "which", lambda _: None)
    with pytest.raises(NnrError, match="no command zstd"):
        scalar.packed(b"")
