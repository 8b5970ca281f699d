"""A small model, its stream, and a way to run command lines."""

import json

import ml_dtypes
import numpy as np
import pytest

from nnref.codec import encode
from nnref.codec.model import TensorInfo, create_model
from nnref.tools.cli import app


@pytest.fixture(scope="session")
def tensors():
    rng = np.random.default_rng(7)
    return {
        "conv.weight": rng.laplace(scale=0.02, size=(8, 3, 3, 3)).astype(np.float32),
        "conv.bias": rng.normal(size=8).astype(np.float32),
        "half": rng.normal(size=(6, 5)).astype(ml_dtypes.bfloat16),
        "steps": np.array(2**40 + 1, dtype=np.int64),
        "mask [red]\n": rng.integers(0, 2, size=9).astype(bool),
    }


@pytest.fixture(scope="session")
def model(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write(path, tensors)
    return path


@pytest.fixture(scope="session")
def stream(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("stream") / "model.nnr"
    path.write_bytes(encode(model, sqnr=30))
    return path


@pytest.fixture
def run(capsys):
    """Runs a command line: (exit status, stdout, stderr)."""

    def run_command(*arguments):
        status = app.run([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run_command


@pytest.fixture
def run_json(run):
    """Runs a command line with --json: (exit status, object, stderr)."""

    def run_command(*arguments):
        status, out, err = run(*arguments, "--json")
        return status, json.loads(out), err

    return run_command


def write(path, tensors):
    infos = {name: TensorInfo.of(array) for name, array in tensors.items()}
    with create_model(path, infos) as sink:
        for name, array in tensors.items():
            sink.write(name, array)
