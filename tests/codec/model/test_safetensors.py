import json
import mmap

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.model import TensorInfo, create_model, open_model, safetensors_header
from nnref.codec.model.safetensors_header import METADATA
from nnref.codec.model.tensors import ITEM_BYTES
from nnref.codec.model.torch_tensors import from_numpy, to_numpy
from nnref.spec.errors import FileError, NnrError, UsageError
from tests.codec.model.samples import listing, odd_tensors, random_tensor, same


def file_of(header, data=b""):
    """A safetensors file with this header: an object, or bytes to be taken as they are."""
    octets = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(octets).to_bytes(8, "little") + octets + data


def entry(dtype="F32", shape=(2,), begin=0, end=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.safetensors"


def save(path, tensors, metadata=None):
    infos = {name: TensorInfo.of(array) for name, array in tensors.items()}
    with create_model(path, infos, metadata) as sink:
        for name, array in tensors.items():
            sink.write(name, array)


def refused(path, octets, match):
    path.write_bytes(octets)
    with pytest.raises(FileError, match=match) as caught:
        open_model(path)
    assert caught.value.id == "file-format"


def test_what_the_reference_library_writes_is_read(path):
    tensors = {name: random_tensor(name, (2, 3)) for name in ITEM_BYTES if name != "float8_e8m0fnu"}
    reference = {name: from_numpy(array, torch) for name, array in tensors.items()}
    safetensors.torch.save_file(reference, path, metadata={"format": "pt", "ключ": "значение"})
    with open_model(path) as source:
        assert source.metadata == {"format": "pt", "ключ": "значение"}
        assert set(source.names()) == set(tensors)
        for name, array in tensors.items():
            assert same(source.read(name), array)


def test_what_is_written_the_reference_library_reads(path):
    tensors = odd_tensors() | {name: random_tensor(name) for name in ITEM_BYTES}
    save(path, tensors, {"format": "pt"})
    with safetensors.safe_open(path, "pt") as reference:
        assert reference.metadata() == {"format": "pt"}
        assert set(reference.keys()) == set(tensors)
        for name, array in tensors.items():
            assert same(to_numpy(reference.get_tensor(name)), array)


def test_the_file_is_that_of_the_reference_writer(path):
    tensors = {"a": np.arange(3, dtype=np.float32), "b": np.arange(4, dtype=np.int32)}
    save(path, tensors)
    assert path.read_bytes() == safetensors.numpy.save(tensors)


def test_tensors_lie_aligned_to_their_items_whatever_their_order(path):
    save(path, {"byte": np.zeros(3, np.int8), "wide": np.zeros(2), "half": np.zeros(1, np.float16)})
    header = safetensors_header.parse(path.read_bytes())
    assert list(header.slots) == ["byte", "wide", "half"]
    assert header.data_start % 8 == 0
    for slot in header.slots.values():
        assert slot.begin % ITEM_BYTES[slot.info.dtype] == 0


def test_tensors_are_views_of_the_file(path):
    save(path, {"a": np.arange(10_000)})
    with open_model(path) as source:
        base = source.read("a").base
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(getattr(base, "obj", base), mmap.mmap)


def test_earlier_arrays_stay_valid_while_later_ones_are_read(path):
    tensors = {str(index): np.full(5000, index) for index in range(4)}
    save(path, tensors)
    with open_model(path) as source:
        arrays = {name: source.read(name) for name in source.names()}
    for name, array in tensors.items():
        assert same(arrays[name], array)


def test_misaligned_tensors_of_other_writers_are_read(path):
    header = {"odd": entry("U8", (1,), 0, 1), "value": entry("F32", (), 1, 5)}
    path.write_bytes(file_of(header, b"\7" + np.float32(1.5).tobytes()))
    with open_model(path) as source:
        assert source.read("value") == 1.5
        assert source.read("value").flags.aligned
        assert source.names() == ("odd", "value")


def test_packed_and_complex_data_types_are_refused_by_tensor(path):
    for dtype in ("F4", "C64", "F6_E2M3", "F6_E3M2"):
        path.write_bytes(file_of({"w": entry(dtype)}, bytes(8)))
        with pytest.raises(UsageError, match=dtype) as caught:
            open_model(path)
        assert caught.value.id == "tensor-dtype-unsupported"
        assert caught.value.place.tensor == "w"


@pytest.mark.parametrize(
    ("octets", "match"),
    [
        (b"\0" * 7, "7 bytes"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "a header of"),
        ((3).to_bytes(8, "little") + b"{}", "a header of 3 bytes"),
        (file_of(b""), "not a JSON object"),
        (file_of(b" {}"), "not a JSON object"),
        (file_of(b"[]"), "not a JSON object"),
        (file_of(b"{"), "not valid JSON"),
        (file_of(b"{}\0"), "not valid JSON"),
        (file_of(b'{"\xff":1}'), "not valid JSON"),
        (file_of(b'{"a":' * 100_000), "not valid JSON"),
        (file_of(b'{"a":' + b"9" * 5000 + b"}"), "not valid JSON"),
        (file_of(b'{"a":1,"a":1}'), "twice"),
        (file_of(b'{"\\ud800":1}'), "surrogate"),
        (file_of({METADATA: {"a": 1}}), "strings"),
        (file_of({METADATA: []}), "strings"),
    ],
)
def test_a_broken_header_is_refused(path, octets, match):
    refused(path, octets, match)


@pytest.mark.parametrize(
    "field",
    [
        None,
        {},
        entry() | {"extra": 1},
        entry(dtype="F31"),
        entry(dtype=["F32"]),
        entry(shape=(3,)),
        entry(shape=(-2,)),
        entry(shape=(True, 2)),
        entry(shape=(2.0,)),
        entry() | {"shape": "2"},
        entry(shape=(1,) * 32 + (2,)),
        entry(shape=(1 << 62, 1 << 62, 0), end=0),
        entry() | {"data_offsets": [0, 8, 8]},
        entry(begin=8, end=0),
        entry(begin=-8, end=0),
        entry(end=1 << 64),
    ],
)
def test_a_broken_entry_is_refused(path, field):
    refused(path, file_of({"w": field}, bytes(8)), "'w'")


@pytest.mark.parametrize(
    ("ranges", "data_bytes"),
    [
        ([(0, 8)], 9),
        ([(0, 8)], 7),
        ([], 1),
        ([(0, 8), (4, 12)], 12),
        ([(0, 8), (0, 8)], 8),
        ([(0, 8), (9, 17)], 17),
        ([(1, 9)], 9),
    ],
)
def test_byte_ranges_have_to_cover_the_file_exactly(path, ranges, data_bytes):
    header = {str(index): entry(begin=b, end=e) for index, (b, e) in enumerate(ranges)}
    refused(path, file_of(header, bytes(data_bytes)), "byte ranges")


def test_a_huge_declared_tensor_costs_nothing(path):
    refused(path, file_of({"w": entry(shape=(30000, 30000), end=3_600_000_000)}), "byte ranges")


def test_a_shape_of_many_large_dimensions_is_refused_without_multiplying_them(path):
    shape = [10**4000] * 2000
    refused(path, file_of({"w": entry(shape=shape)}), "impossible shape of 2000 dimensions")


def test_the_name_of_the_metadata_is_no_tensor_name(path):
    with pytest.raises(UsageError):
        create_model(path, {METADATA: TensorInfo("bool", ())})


@pytest.mark.parametrize("metadata", [{"a": 1}, {"a": "\ud800"}])
def test_metadata_that_is_not_text_is_refused(path, metadata):
    with pytest.raises(UsageError) as caught:
        create_model(path, {}, metadata)
    assert caught.value.id == "setting-unknown"
    assert listing(path.parent) == []


VALID = safetensors.numpy.save(
    {"a.weight": np.ones((2, 3), np.float32), "b": np.ones((), np.int64), "e": np.ones((0, 2))},
    {"format": "np"},
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(VALID)),
        st.integers(0, 3),
        st.one_of(st.binary(max_size=3), st.sampled_from([b"0", b"9" * 30, b"-1", b"{", b'"'])),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(EDITS)
def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path_factory, edits):
    octets = bytearray(VALID)
    for position, removed, inserted in edits:
        octets[position : position + removed] = inserted
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    path.write_bytes(octets)
    try:
        with open_model(path) as source:
            for name in source.names():
                assert TensorInfo.of(source.read(name)) == source.info(name)
    except NnrError:
        pass
