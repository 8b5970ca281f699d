"""Tensors that go to a file in portions are those that come out whole."""

import mmap

import numpy as np
import pytest

from nnref.codec import Block, Rule, decode, decode_file, encode, open_stream
from nnref.codec.decoder import batches, portions
from nnref.codec.entropy.pages import let_go
from nnref.codec.model import open_model
from nnref.spec.errors import NnrError

RNG = np.random.default_rng(11)


def numbers(*shape, scale=0.2):
    return RNG.normal(0, scale, shape).astype(np.float32)


MODEL = {
    "plain": numbers(90, 70),
    "scan": numbers(90, 70),
    "codebook": numbers(90, 70),
    "zero rows": numbers(90, 70) * (np.arange(90) % 3 == 0)[:, np.newaxis].astype(np.float32),
    "half": numbers(80, 80).astype(np.float16),
    "double": numbers(80, 80).astype(np.float64),
    "lossless double": numbers(80, 80).astype(np.float64),
    "raw": numbers(80, 80),
    "integers": RNG.integers(-1000, 1000, (80, 80)),
    "large integers": RNG.integers(-(2**60), 2**60, 6400),
    "bytes": RNG.integers(0, 256, 6400).astype(np.uint8),
    "fc.weight": numbers(80, 80),
    "fc.bias": numbers(80),
    "scalar": np.array(5.0),
    "empty": np.zeros((0, 5), np.float32),
}
RULES = (
    Rule("scan", {"scan_order": 1}),
    Rule("codebook", {"codebook": 9}),
    Rule("zero rows", {"row_skip": True}),
    Rule("raw", {"lossless": True}),
    Rule("lossless double", {"lossless": True}),
)


@pytest.fixture(scope="module")
def stream():
    return encode(MODEL, qp=-20, rules=RULES, blocks=(Block("fc.weight", bias="fc.bias"),))


@pytest.fixture(params=[1000, 1 << 24], ids=["decoded in portions", "converted in portions"])
def small_portions(request, monkeypatch):
    monkeypatch.setattr(portions, "PORTION_WEIGHTS", 256)
    monkeypatch.setattr(portions, "WHOLE_WEIGHTS", request.param)
    monkeypatch.setattr(batches, "BATCH_WEIGHTS", 1)
    monkeypatch.setattr(batches, "PAIR_WEIGHTS", 1 if request.param == 1000 else 1 << 25)


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_files_hold_what_comes_out_whole(stream, tmp_path, suffix):
    expected = decode(stream, strict=True)
    decode_file(stream, tmp_path / f"out{suffix}", strict=True)
    with open_model(tmp_path / f"out{suffix}") as source:
        assert set(source.names()) == expected.keys()
        for name, array in expected.items():
            assert (source.info(name).shape, source.info(name).dtype) == (array.shape, array.dtype)
            assert source.read(name).tobytes() == array.tobytes()


@pytest.mark.usefixtures("small_portions")
def test_large_tensors_come_in_many_portions(stream):
    counts = {
        tensor.name: sum(1 for _ in parts)
        for tensor, parts in open_stream(stream).decoded_in_portions()
    }
    assert list(counts) == list(decode(stream))
    for name in ("plain", "scan", "half", "double", "integers", "bytes"):
        assert counts[name] > 5
    assert counts["scalar"] == 1


@pytest.mark.usefixtures("small_portions")
def test_damaged_streams_are_refused_as_when_they_come_out_whole(stream, tmp_path):
    for position in range(40, len(stream), 6007):
        damaged = bytearray(stream)
        damaged[position] ^= 0x11
        outcomes = []
        for run in (decode, lambda data: decode_file(data, tmp_path / "out.safetensors")):
            try:
                run(bytes(damaged))
                outcomes.append("")
            except NnrError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]
        if outcomes[1]:
            assert not (tmp_path / "out.safetensors").exists()
        (tmp_path / "out.safetensors").unlink(missing_ok=True)


def test_pages_that_were_let_go_are_read_again(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 100)
    with path.open("rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    assert view[300] == 44
    for part in (view, view[5000:9000], view[7:8], view[10:10]):
        let_go(part)
    assert bytes(view) == path.read_bytes()
    let_go(memoryview(b"not a file"))
    let_go(memoryview(bytearray(5)))
