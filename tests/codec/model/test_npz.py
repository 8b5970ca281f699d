import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.model import TensorInfo, create_model, open_model
from nnref.spec.errors import FileError, NnrError, UsageError
from tests.codec.model.samples import NUMPY_DTYPES, random_tensor, same


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.npz"


def npy_of(descr, shape, data=b"", fortran="False", version=b"\1\0"):
    header = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}}}".encode()
    size = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + size + header + data


def archive_of(*members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, octets in members:
            archive.writestr(name, octets)
    return buffer.getvalue()


def resized(octets, **sizes):
    """The archive with other sizes in the directory entry of its last member."""
    entry = octets.rindex(b"PK\1\2")
    for field, value in sizes.items():
        position = entry + {"compressed": 20, "plain": 24}[field]
        octets = octets[:position] + value.to_bytes(4, "little") + octets[position + 4 :]
    return octets


def read_all(path):
    with open_model(path) as source:
        for name in source.names():
            assert TensorInfo.of(source.read(name)) == source.info(name)


def refusal_of(path, octets):
    path.write_bytes(octets)
    with pytest.raises(NnrError) as caught:
        read_all(path)
    return caught.value


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(path, save):
    tensors = {name: random_tensor(name) for name in NUMPY_DTYPES}
    tensors |= {"0-d": np.array(2.5), "empty": np.zeros((2, 0)), "big": np.arange(4, dtype=">i4")}
    tensors["fortran"] = np.asfortranarray(np.arange(6).reshape(2, 3))
    save(path, **tensors)
    with open_model(path) as source:
        assert source.names() == tuple(tensors)
        assert source.metadata == {}
        for name, array in tensors.items():
            native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
            assert source.info(name) == TensorInfo.of(array)
            assert same(source.read(name), native.reshape(array.shape))


def test_what_is_written_numpy_reads(path):
    tensors = {name: random_tensor(name) for name in NUMPY_DTYPES} | {"0-d/é": np.array(2.5)}
    with create_model(path, {n: TensorInfo.of(a) for n, a in tensors.items()}) as sink:
        for name, array in tensors.items():
            sink.write(name, array)
    with np.load(path, allow_pickle=False) as loaded:
        assert loaded.files == list(tensors)
        for name, array in tensors.items():
            assert same(loaded[name], array)


@pytest.mark.parametrize("version", [b"\1\0", b"\2\0", b"\3\0"])
def test_all_header_versions_are_read(path, version):
    path.write_bytes(archive_of(("a.npy", npy_of("'<i2'", "(2,)", b"\1\0\2\0", version=version))))
    with open_model(path) as source:
        assert source.read("a").tolist() == [1, 2]


def test_objects_are_refused_and_never_unpickled(path):
    np.savez(path, bad=np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(UsageError, match="O") as caught:
        open_model(path)
    assert caught.value.id == "tensor-dtype-unsupported"
    assert caught.value.place.tensor == "bad"


@pytest.mark.parametrize("descr", ["'|V2'", "'<c8'", "'<U3'", "[('a', '<f4')]", "('<f4', 2)", "4"])
def test_other_types_are_refused(path, descr):
    error = refusal_of(path, archive_of(("a.npy", npy_of(descr, "(1,)", bytes(8)))))
    assert error.id == "tensor-dtype-unsupported"


@pytest.mark.parametrize(
    "npy",
    [
        b"",
        b"\x93NUMPY\4\0\0\0",
        npy_of("'<f4'", "(2,)", bytes(7)),
        npy_of("'<f4'", "(2,)", bytes(9)),
        npy_of("'<f4'", "(-1, -2)", bytes(8)),
        npy_of("'<f4'", "(True, 2)", bytes(8)),
        npy_of("'<f4'", "[2]", bytes(8)),
        npy_of("'<f4'", "(0, 1 << 70)"),
        npy_of("'<f4'", f"(0, {1 << 70})"),
        npy_of("'<f4'", f"(0, 0x{'f' * 9000})"),
        npy_of("'<f4'", "(1,)" * 2, bytes(4)),
        npy_of("'<f4'", "(1,)", bytes(4), fortran="0"),
        npy_of("'<f4'", "(1,), 'extra': 1", bytes(4)),
        npy_of("print('no')", "()", bytes(4)),
        npy_of("'<f4'", "(" * 5000),
        npy_of("'<f4'", "-" * 9000 + "1"),
        npy_of("'<f4'", "()" + " " * 10_000, bytes(4)),
    ],
)
def test_a_broken_member_is_refused(path, npy):
    assert refusal_of(path, archive_of(("a.npy", npy))).id == "file-format"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["readme.txt", "b.npy", "folder/"])
def test_a_surplus_member_is_refused(path, name):
    npy = npy_of("'<f4'", "()", bytes(4))
    assert refusal_of(path, archive_of(("b.npy", npy), (name, npy))).id == "file-format"


def test_other_compression_than_numpys_is_refused(path):
    npy = npy_of("'<f4'", "()", bytes(4))
    error = refusal_of(path, archive_of(("a.npy", npy), compression=zipfile.ZIP_BZIP2))
    assert error.id == "file-format"


def test_a_member_that_cannot_be_as_large_as_declared_is_refused_before_reading(path):
    octets = archive_of(("a.npy", npy_of("'<f4'", f"({1 << 28},)")))
    error = refusal_of(path, resized(octets, plain=(1 << 30) + 62))
    assert error.id == "file-format"
    assert "size" in error.detail


def test_a_member_with_bytes_after_its_items_is_refused_when_opened(path):
    path.write_bytes(archive_of(("a.npy", npy_of("'<f4'", "(2,)", bytes(9)))))
    with pytest.raises(FileError, match=r"float32 \[2\] in"):
        open_model(path)


def test_a_member_that_unpacks_to_less_than_declared_is_refused(path):
    npy = npy_of("'<f4'", "(300,)", bytes(400))
    octets = archive_of(("a.npy", npy), compression=zipfile.ZIP_DEFLATED)
    error = refusal_of(path, resized(octets, plain=len(npy) + 800))
    assert error.id == "file-format"
    assert "instead of 1200" in error.detail


def test_a_member_that_runs_past_the_end_of_the_file_is_refused(path):
    npy = npy_of("'<f4'", "(300,)", bytes(4))
    size = len(npy) + 1196
    octets = archive_of(("pad.npy", npy_of("'|u1'", "(2000,)", bytes(2000))), ("a.npy", npy))
    assert refusal_of(path, resized(octets, compressed=size, plain=size)).id == "file-format"


def test_a_wrong_checksum_is_refused_when_read(path):
    octets = bytearray(archive_of(("a.npy", npy_of("'<f4'", "(2,)", b"datadata"))))
    octets[octets.index(b"datadata")] ^= 1
    error = refusal_of(path, bytes(octets))
    assert isinstance(error, FileError)
    assert "CRC" in error.detail


ARRAYS = (("a.npy", npy_of("'<f4'", "(2,)", b"datadata")), ("b.npy", npy_of("'|b1'", "()", b"\1")))
VALID = [archive_of(*ARRAYS), archive_of(*ARRAYS, compression=zipfile.ZIP_DEFLATED)]
EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=3
)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(VALID), EDITS)
def test_damaged_archives_are_read_or_refused_and_nothing_else(tmp_path_factory, octets, edits):
    damaged = bytearray(octets)
    for position, removed, inserted in edits:
        damaged[position : position + removed] = inserted
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(damaged)
    with suppress(NnrError):
        read_all(path)
