"""Streams written by NNCodec decode to the tensors NNCodec decodes, byte for byte."""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nnref.codec import Dialect, OutOfBand, Stream, UpdateState
from tests.support import shared_dir

pytestmark = pytest.mark.shared

COMPOSED = (
    "g_bnf_lsapplied_p0",
    "g_bnf_lsapplied_p1",
    "g_bnf_full_p1",
    "g_ls_applied_p0",
    "g_ls_applied_p1",
)
"""Their expected tensors are composed (local scaling applied); those of all others are as coded."""


@cache
def manifest(folder: str) -> dict[str, dict]:
    path = shared_dir() / "vectors" / folder / "manifest.json"
    return {vector["id"]: vector for vector in json.loads(path.read_text())["vectors"]}


def known(folder: str) -> list[str]:
    """Ids for parametrization; an empty folder is reported when a test runs."""
    try:
        return sorted(manifest(folder))
    except (OSError, pytest.skip.Exception):
        return []


def out_of_band(vector: dict) -> dict[str, OutOfBand]:
    options = vector.get("decode_options", {})
    given = {name: OutOfBand(dims) for name, dims in options.get("tensor_dimensions", {}).items()}
    for name, values in options.get("oob_dict", {}).items():
        given[name] = OutOfBand(values["tensor_dimensions"], values["cabac_unary_length_minus1"])
    return given


def state_before(folder: str, vector: dict) -> UpdateState:
    """Clause 12.2: the state that the required predecessors leave."""
    if not vector.get("requires"):
        return UpdateState()
    return opened(folder, manifest(folder)[vector["requires"]]).next_state()


def opened(
    folder: str,
    vector: dict,
    dialect: Dialect = Dialect.NNCODEC_2,
    *,
    as_coded: bool = True,
) -> Stream:
    data = (shared_dir() / "vectors" / folder / vector["stream"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == vector["sha256"]
    return Stream(
        data,
        dialect=dialect,
        out_of_band=out_of_band(vector),
        base=state_before(folder, vector),
        as_coded=as_coded,
    )


def arrays(path: Path) -> dict[str, np.ndarray]:
    stored = np.load(path)
    return {str(name): stored[f"t{index}"] for index, name in enumerate(stored["names"])}


def check_tensors(stream: Stream, expected: dict[str, np.ndarray]) -> None:
    decoded = {tensor.name: array for tensor, array in stream.decoded()}
    assert list(decoded) == list(expected)
    for name, product in expected.items():
        array = product
        if product.dtype == np.float64:  # Clause 10.4: we round the product that the peer keeps.
            assert stream.info(name).member.codebook is not None
            array = product.astype(np.float32)
        assert decoded[name].dtype == array.dtype
        assert decoded[name].shape == array.shape
        assert decoded[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize("name", known("nncodec-2.1.3"))
def test_streams_of_nncodec_2_decode_to_identical_tensors(name):
    folder = "nncodec-2.1.3"
    vector = manifest(folder)[name]
    check_tensors(
        opened(folder, vector, as_coded=name not in COMPOSED),
        arrays(shared_dir() / "vectors" / folder / vector["expected"]),
    )


@pytest.mark.parametrize("name", known("nncodec-2.1.3"))
def test_streams_of_nncodec_2_decode_to_identical_quantized_parameters(name):
    folder = "nncodec-2.1.3"
    vector = manifest(folder)[name]
    expected = arrays(shared_dir() / "vectors" / folder / vector["indices"])
    stream = opened(folder, vector)
    for unit in {tensor.unit.index: tensor.unit for tensor in stream.tensors()}.values():
        for coded in stream.coded_unit(unit).tensors:
            values = coded.raw if coded.quantized is None else coded.quantized
            assert np.array_equal(values, expected.pop(coded.member.name))
    assert not expected


@pytest.mark.parametrize("name", known("nncodec-1.0"))
def test_streams_of_nncodec_1_decode_under_their_dialect(name):
    folder = "nncodec-1.0"
    vector = manifest(folder)[name]
    check_tensors(
        opened(folder, vector, Dialect.NNCODEC_1),
        arrays(shared_dir() / "vectors" / folder / vector["expected"]),
    )
