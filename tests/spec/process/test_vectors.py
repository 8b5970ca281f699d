"""Every stored vector of NNCodec 2.1.3 and 1.0 decodes to the stored arrays, byte for byte."""

import copy
import functools
import hashlib
import json
import os

import numpy as np
import pytest

from nnref.spec.process import UpdateState, compose_blocks, decode_stream
from tests.support import shared_dir

pytestmark = pytest.mark.shared
MAX_WEIGHTS = 1 << 30 if os.environ.get("NNREF_FULL") == "1" else 40_000
DIALECTS = {"nncodec-2.1.3": 0, "nncodec-1.0": 1}


@functools.cache
def manifest(folder):
    path = shared_dir() / "vectors" / folder / "manifest.json"
    return {vector["id"]: vector for vector in json.loads(path.read_text())["vectors"]}


def arrays(folder, name):
    stored = np.load(shared_dir() / "vectors" / folder / name)
    return {str(key): stored[f"t{i}"] for i, key in enumerate(stored["names"])}


def out_of_band(vector):
    options = vector.get("decode_options", {})
    dimensions = options.get("tensor_dimensions", {}).items()
    given = {name: {"tensor_dimensions": value} for name, value in dimensions}
    return given | options.get("oob_dict", {})


@functools.cache
def decoded(folder, vector_id):
    """(stream, state of the update chain behind it)."""
    vector = manifest(folder)[vector_id]
    before = vector.get("requires")
    state = copy.deepcopy(decoded(folder, before)[1]) if before else UpdateState()
    data = (shared_dir() / "vectors" / folder / vector["stream"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == vector["sha256"]
    stream = decode_stream(
        data, state=state, out_of_band=out_of_band(vector), dialect=DIALECTS[folder]
    )
    return stream, state


def check(folder, vector_id):
    vector = manifest(folder)[vector_id]
    expected = arrays(folder, vector["expected"])
    weights = sum(array.size for array in expected.values())
    if weights > MAX_WEIGHTS:
        pytest.skip(f"{weights} weights: set NNREF_FULL=1")
    stream, _ = decoded(folder, vector_id)
    assert not stream.findings
    scaled = vector.get("decode_options", {}).get("reconstruct_lsa", False)
    tensors = compose_blocks(stream) if scaled else stream.tensors
    assert [tensor.name for tensor in tensors] == list(expected)
    for tensor in tensors:
        array = expected[tensor.name]
        values = tensor.values if tensor.exact_values is None else tensor.exact_values
        assert array.dtype == np.float64 or tensor.exact_values is None
        assert list(array.shape) == tensor.dimensions
        assert np.array(values, array.dtype).tobytes() == array.tobytes()
    if "indices" in vector:
        indices = arrays(folder, vector["indices"])
        for tensor in stream.tensors:
            array = indices[tensor.name]
            stored = tensor.values if tensor.quantized is None else tensor.quantized
            assert np.array(stored, array.dtype).tobytes() == array.tobytes()


def ids(folder):
    """The ids of a set; none where there is no folder, so that collection does not depend on it."""
    try:
        return list(manifest(folder))
    except (pytest.skip.Exception, FileNotFoundError):
        return []


@pytest.mark.parametrize("vector_id", ids("nncodec-2.1.3"))
def test_vector_of_nncodec_2_1_3(vector_id):
    check("nncodec-2.1.3", vector_id)


@pytest.mark.parametrize("vector_id", ids("nncodec-1.0"))
def test_vector_of_nncodec_1_0(vector_id):
    check("nncodec-1.0", vector_id)
