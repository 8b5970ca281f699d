"""Files that are no streams: the error says what they seem to be."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import zipfile

import numpy as np
import pytest

from nnref.spec.errors import NnrError
from nnref.spec.syntax import read_units


def _npz():
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


def _npy():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def _zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    return file.getvalue()


def _safetensors():
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(8)


FILES = {
    "zip archive": (_npz, _zip),
    "npy": (_npy,),
    "gzip": (lambda: gzip.compress(b"some bytes"),),
    "bzip2": (lambda: bz2.compress(b"some bytes"),),
    "xz": (lambda: lzma.compress(b"some bytes"),),
    "safetensors": (_safetensors,),
    "pickle": (lambda: pickle.dumps({"a": 1}),),
    "ONNX": (lambda: b"\x08\x08\x12\x07pytorch\x1a\x052.1.0",),
    "text": (lambda: b"name,value\n", lambda: "Gewichte für später\n".encode() * 100),
}


@pytest.mark.parametrize(
    ("name", "make"), [(name, make) for name, makers in FILES.items() for make in makers]
)
def test_the_error_says_what_a_file_seems_to_be(name, make):
    with pytest.raises(NnrError, match=f"seems to be .*{name}"):
        list(read_units(make()))


def test_an_empty_file_is_said_to_be_empty():
    with pytest.raises(NnrError, match="no bytes at all"):
        list(read_units(b""))


def test_nothing_is_guessed_of_damaged_streams():
    with pytest.raises(NnrError) as caught:
        list(read_units(bytes([0x00, 0x05, 0x04, 0x00, 0x01])))
    assert "seems" not in str(caught.value)
