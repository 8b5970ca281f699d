"""A tiny suite on disk, made in the test."""

import hashlib
import json

import numpy as np
import pytest

from nnref.codec import decode, encode
from nnref.codec.model import TensorInfo, create_model
from nnref.conformance.runner import suite_cases
from nnref.conformance.suite import (
    Budget,
    Edit,
    Expected,
    ExpectedTensor,
    Fault,
    Options,
    Sheet,
    StreamFile,
    load,
    sheet_to_json,
)
from nnref.spec.syntax import StreamState, write_unit

BUDGET = Budget(1 << 28, 1)
PRIVATE = 40


def weights(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def base_sheet(name, kind, stream, **more):
    digest = hashlib.sha256(stream).hexdigest()
    return Sheet(
        id=name,
        group="tiny",
        title=f"The stream {name}",
        description="A stream that the tests of the runner are made with.",
        kind=kind,
        clauses=("10.2",),
        features=more.pop("features", ("uniform",)),
        profile=1,
        edition=2,
        dialect=more.pop("dialect", "nncodec-2.x"),
        decisions=(),
        stream=StreamFile(f"{name}.nnr", len(stream), digest),
        budget=BUDGET,
        **more,
    )


def put(folder, sheet, stream, tensors=None):
    (folder / sheet.stream.file).write_bytes(stream)
    (folder / f"{sheet.id}.json").write_text(json.dumps(sheet_to_json(sheet)))
    if tensors is not None:
        infos = {name: TensorInfo.of(array) for name, array in tensors.items()}
        with create_model(folder / sheet.expected.file, infos) as sink:
            for name, array in tensors.items():
                sink.write(name, array)
            sink.commit()


def expected_of(name, tensors):
    listed = tuple(
        ExpectedTensor(key, str(a.dtype), a.shape, hashlib.sha256(a.tobytes()).hexdigest())
        for key, a in tensors.items()
    )
    return Expected(f"{name}.safetensors", listed, (), ())


def put_valid(folder, name, stream, kind="valid", **more):
    tensors = decode(stream)
    sheet = base_sheet(name, kind, stream, expected=expected_of(name, tensors), **more)
    put(folder, sheet, stream, tensors)


def put_invalid(folder, name, parent, stream, rule):
    edit = Edit("set", 0, "", "")
    fault = Fault(parent, edit, rule, "7.1.1", "malformed", (0, 8 * len(stream)), "required")
    put(folder, base_sheet(name, "invalid", stream, fault=fault), stream)


@pytest.fixture(scope="session")
def suite_folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("suite")
    folder = root / "tiny"
    folder.mkdir()
    matrix = encode({"a": weights(1, 6, 5), "b": weights(2, 4)}, qp=-20)
    put_valid(folder, "matrix", matrix)
    put_valid(folder, "dependent", encode({"w": weights(3, 8, 8)}, qp=-18), features=("dq",))
    integers = encode({"steps": np.arange(-3, 9, dtype=np.int32)})
    put_valid(folder, "integers", integers, features=("integers",))
    unknown = write_unit(PRIVATE, {}, b"whatever", StreamState())
    put_valid(folder, "unknown-unit", matrix + unknown, kind="must-skip")
    put_invalid(folder, "cut", "matrix", matrix[:-4], "unit-truncated")
    put_invalid(folder, "no-start", "matrix", matrix[4:], "start-unit-missing")
    return root


@pytest.fixture(scope="session")
def cases(suite_folder):
    return {case.id: case for case in suite_cases(load(suite_folder))}


@pytest.fixture
def chain_suite(suite_folder, tmp_path):
    """A suite with a case that needs the stream before it."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    stream = (suite_folder / "tiny" / "matrix.nnr").read_bytes()
    put_valid(folder, "base", stream)
    put_valid(folder, "update", stream, options=Options(chain=("base",)))
    return tmp_path
