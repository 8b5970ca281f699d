"""Calibrated streams of real networks in NNCodec 2.1.3, which decodes the same numbers."""

import os
from pathlib import Path

import numpy as np
import pytest

from nnref.codec import decode, encode
from nnref.codec.model import open_model
from nnref.conformance.interop.client import Peer
from tests.support import shared_dir

pytestmark = [pytest.mark.interop, pytest.mark.shared]


@pytest.fixture(scope="module")
def peer():
    python = os.environ.get("NNREF_PEER_PYTHON")
    if not python:
        pytest.skip("NNREF_PEER_PYTHON is not set")
    with Peer(Path(python)) as peer:
        yield peer


def calibration_of(model):
    """Moments of inputs that are much alike, and rows of which some count more."""
    random = np.random.default_rng(1)
    found = {}
    for name, array in model.items():
        if array.ndim < 2:
            continue
        columns = array[0].size
        inputs = random.normal(size=(60, 5)) @ random.normal(size=(5, columns))
        inputs += 0.3 * random.normal(size=inputs.shape)
        found[f"{name}:moment"] = (inputs.T @ inputs / 60)[None]
        found[f"{name}:gains"] = random.random(array.shape[0])
    return found


@pytest.mark.parametrize("name", ["lenet300_mnist", "postfilter_jpeg", "stories260k"])
@pytest.mark.parametrize("dq", [True, False])
def test_peer_decodes_what_we_decode(peer, name, dq):
    with open_model(shared_dir() / "data" / "models" / name / "model.safetensors") as source:
        model = {each: source.read(each).copy() for each in source.names()}
    stream = encode(model, calibration=calibration_of(model), sqnr=15, dq=dq)
    ours, theirs = decode(stream), peer.decompress(stream)
    assert set(ours) == set(theirs) == set(model)
    for each, array in ours.items():
        assert array.tobytes() == np.ascontiguousarray(theirs[each]).tobytes(), each
