"""Pictures show what a decoder finds, and the same figures give the same bytes."""

import numpy as np
import pytest

from nnref.codec import encode
from nnref.tools.experiments.layer_shares import layer_shares
from nnref.tools.experiments.layers import layer_pictures
from nnref.tools.experiments.lnq import TestResult as Result
from nnref.tools.experiments.pictures import draw_bits, draw_curves, draw_stream

pytest.importorskip("matplotlib")


def clustered():
    """Half of the 8x8 blocks hold three values only, which codebooks suit."""
    random = np.random.default_rng(5)
    weight = random.laplace(size=(64, 128)).astype(np.float32)
    weight[:, :64] = random.choice([-2.3, 0.0, 3.1], (64, 64))
    return {"fc": weight}


@pytest.fixture(scope="module")
def stream():
    return encode(clustered(), sqnr=10.0, dq=False, lnq="published")


def test_map_of_units_is_that_of_the_blocks(stream):
    (layer,) = layer_pictures(stream)
    assert layer.is_published
    assert layer.units.shape == (8, 16)
    assert layer.units[:, :8].mean() > layer.units[:, 8:].mean()
    assert layer.integers.size == 64 * 128
    assert 0 < layer.centroids.size <= 3 * int(layer.units.sum())


def test_stream_without_lnq_has_no_pictures(tmp_path):
    assert list(draw_stream(encode(clustered(), sqnr=10.0), tmp_path)) == []


def test_drawing_twice_gives_the_same_bytes(stream, tmp_path):
    (first,), (second,) = (list(draw_stream(stream, tmp_path / name)) for name in "ab")
    assert first[0] == "fc"
    assert first[1].read_bytes() == second[1].read_bytes()
    assert b"lnq_flag of every unit" in first[1].read_bytes()


def test_classes_are_shown_row_by_row_without_centroids(tmp_path):
    random = np.random.default_rng(1)
    weight = random.laplace(size=(64, 300)) * random.uniform(0.05, 1, (64, 1))
    stream = encode({"fc": weight.astype(np.float32)}, sqnr=6.0, lnq="class")
    (layer,) = layer_pictures(stream)
    assert layer.units.shape == (64, 1)
    assert layer.fraction_bits == 4
    ((_, path),) = draw_stream(stream, tmp_path)
    assert "class of every unit" in path.read_text()
    assert "centroids" not in path.read_text()


def test_pictures_are_png_files_where_those_are_asked_for(stream, tmp_path):
    ((_, path),) = draw_stream(stream, tmp_path, "png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_curves_have_a_line_for_every_row(tmp_path):
    points = [
        {
            "db": db,
            "weight_bytes": size,
            "bytes": size + 9,
            "original_bytes": 999,
            "metrics": {"x": 1.0, "kl": 0.1},
        }
        for db, size in ((5.0, 40), (9.0, 80))
    ]
    result = Result(
        "net",
        "Test 1",
        0.0,
        layer_shares(clustered()),
        {"x": 2.0, "kl": 0.0},
        {"URQ": points, "DQ": points},
    )
    draw_curves(result, tmp_path / "curves.svg")
    draw_bits({"map": 10, "symbols": 90}, tmp_path / "bits.svg")
    text = (tmp_path / "curves.svg").read_text()
    assert all(word in text for word in ("URQ", "DQ", "CR %", "kl"))
    assert "lnq_flag, lnq_class" in (tmp_path / "bits.svg").read_text()
