"""Streams without private units, and the same tensors in ordinary ones."""

from importlib.resources import files

import numpy as np
import pytest

from nnref.codec import decode, encode
from nnref.codec.strip import strip, strip_file
from nnref.conformance.random_lnq import random_lnq_stream
from nnref.spec.process import decode_stream
from nnref.spec.syntax import read_units
from tests.support import needs_pictures


def model():
    random = np.random.default_rng(1)
    scale = random.uniform(0.1, 1.0, (40, 1))
    return {"a": (random.laplace(size=(40, 200)) * scale).astype(np.float32),
            "bias": random.normal(size=40).astype(np.float32)}  # fmt: skip


def is_ordinary(stream):
    return all(unit.nnr_unit_type < 32 for unit in read_units(stream))


def test_without_replacement_other_units_stay_as_they_are():
    stream = encode(model(), sqnr=10.0, lnq="class", index=True)
    stripped, report = strip(stream)
    assert is_ordinary(stripped)
    assert (report.removed, report.lost, report.replaced) == (2, ("a",), ())
    assert list(decode(stripped)) == ["bias"]
    assert decode(stripped)["bias"].tolist() == decode(stream)["bias"].tolist()
    assert report.bytes_after == len(stripped)


def test_an_ordinary_stream_is_not_changed():
    stream = encode(model(), sqnr=20.0)
    assert strip(stream, replace_units=True)[0] == stream


@pytest.mark.parametrize("part", range(4))
def test_replaced_tensors_have_the_same_numbers(part):
    for seed in range(part, 120, 4):
        stream = random_lnq_stream(seed)
        stripped, report = strip(stream, replace_units=True)
        assert is_ordinary(stripped)
        assert report.lost == ()
        before, after = decode(stream), decode(stripped)
        assert {n: a.tobytes() for n, a in before.items()} == {
            n: a.tobytes() for n, a in after.items()
        }
        assert [t.name for t in decode_stream(stripped).tensors] == list(before)


def test_encoded_layers_are_replaced_in_a_file(tmp_path):
    stream = encode(model(), sqnr=10.0, lnq="class")
    report = strip_file(stream, tmp_path / "s.nnr", replace_units=True)
    assert report.replaced == ("a",)
    assert (tmp_path / "s.nnr").stat().st_size == report.bytes_after
    assert decode(tmp_path / "s.nnr")["a"].tolist() == decode(stream)["a"].tolist()


def test_base_whose_units_may_have_parents_is_replaced():
    needs_pictures()
    stream = files("nnref.conformance.suite").joinpath("methods/video-update-0.nnr").read_bytes()
    stripped, report = strip(stream, replace_units=True)
    assert is_ordinary(stripped)
    assert report.replaced == ("m",)
    assert decode(stripped)["m"].tobytes() == decode(stream)["m"].tobytes()
