"""Rules that hold for every format that is written."""

import resource

import numpy as np
import pytest

from nnref.codec.model import TensorInfo, create_model, open_model, stored_dtype
from nnref.codec.model.tensors import ITEM_BYTES
from nnref.spec.errors import FileError, UsageError
from tests.codec.model.samples import EXTENDED_DTYPES, listing, odd_tensors, random_tensor, same

FORMATS = ["safetensors", "npz", "pt"]


@pytest.fixture(params=FORMATS)
def path(request, tmp_path):
    return tmp_path / f"model.{request.param}"


def infos_of(tensors):
    return {name: TensorInfo.of(array) for name, array in tensors.items()}


def save(path, tensors):
    with create_model(path, infos_of(tensors)) as sink:
        for name, array in tensors.items():
            sink.write(name, array)


@pytest.mark.parametrize("dtype", ITEM_BYTES)
def test_every_data_type_round_trips(path, dtype):
    tensors = {"a": random_tensor(dtype), "scalar": random_tensor(dtype, ())}
    save(path, tensors)
    with open_model(path) as source:
        for name, array in tensors.items():
            assert source.info(name).dtype == stored_dtype(path, dtype)
            expected = array.astype(np.float32) if dtype != source.info(name).dtype else array
            assert same(source.read(name), expected)


def test_odd_names_and_shapes_round_trip_in_order(path):
    tensors = odd_tensors()
    save(path, tensors)
    with open_model(path) as source:
        assert source.names() == tuple(tensors)
        for name, array in tensors.items():
            assert same(source.read(name).astype(array.dtype), array)
            assert source.read(name).flags.aligned


@pytest.mark.parametrize("dtype", EXTENDED_DTYPES)
def test_npz_holds_the_values_numpy_lacks_exactly(dtype):
    assert stored_dtype("a.npz", dtype) == "float32"
    octets = np.arange(1 << 8 * ITEM_BYTES[dtype], dtype=f"u{ITEM_BYTES[dtype]}")
    values = octets.view(random_tensor(dtype).dtype)
    with np.errstate(invalid="ignore"):  # signalling NaN
        back = values.astype(np.float32).astype(values.dtype)
        assert np.array_equal(back, values, equal_nan=True)
    assert stored_dtype("a.safetensors", dtype) == stored_dtype("a.pt", dtype) == dtype


def test_writing_order_is_free(path):
    tensors = odd_tensors()
    with create_model(path, infos_of(tensors)) as sink:
        for name in reversed(tensors):
            sink.write(name, tensors[name])
    with open_model(path) as source:
        for name, array in tensors.items():
            assert same(source.read(name).astype(array.dtype), array)


def test_awkward_layouts_are_written_by_value(path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    awkward = {
        "big": array.astype(">f4"),
        "fortran": np.asfortranarray(array),
        "strided": array[::2, ::-1],
        "frozen": np.broadcast_to(array[0], (2, 4)),
    }
    save(path, awkward)
    with open_model(path) as source:
        for name, expected in awkward.items():
            assert np.array_equal(source.read(name), expected)
            assert source.read(name).dtype.isnative


def test_equal_tensors_make_equal_files(path):
    save(path, odd_tensors())
    first = path.read_bytes()
    save(path, odd_tensors())
    assert path.read_bytes() == first


def test_a_model_without_tensors_is_a_model(path):
    save(path, {})
    with open_model(path) as source:
        assert source.names() == ()


def test_a_model_of_nothing_but_an_empty_tensor_is_a_model(path):
    save(path, {"empty": np.zeros((3, 0), np.int32)})
    with open_model(path) as source:
        assert source.info("empty") == TensorInfo("int32", (3, 0))
        assert source.read("empty").shape == (3, 0)


def test_suffixes_may_be_in_capitals(tmp_path):
    save(tmp_path / "A.NPZ", {"a": np.ones(1)})
    with open_model(tmp_path / "A.NPZ") as source:
        assert source.names() == ("a",)


def test_arrays_outlive_their_source(path):
    save(path, {"a": np.arange(5)})
    with open_model(path) as source:
        array = source.read("a")
    assert array.tolist() == [0, 1, 2, 3, 4]


def test_a_file_may_replace_the_one_being_read(path):
    save(path, {"a": np.arange(5)})
    with open_model(path) as source:
        save(path, {"a": source.read("a") + 1})
        assert source.read("a").tolist() == [0, 1, 2, 3, 4]
    with open_model(path) as source:
        assert source.read("a").tolist() == [1, 2, 3, 4, 5]


def _refused(path, action):
    announced = {"a": TensorInfo("float32", (2,)), "b": TensorInfo("int8", ())}

    def use():
        with create_model(path, announced) as sink:
            sink.write("b", np.array(1, np.int8))
            action(sink)

    with pytest.raises(UsageError) as caught:
        use()
    assert caught.value.id == "tensor-announced"
    assert listing(path.parent) == []
    return caught.value


def test_a_tensor_that_was_not_announced_is_refused(path):
    assert _refused(path, lambda sink: sink.write("c", np.zeros(1))).place.tensor == "c"


def test_a_tensor_written_twice_is_refused(path):
    _refused(path, lambda sink: sink.write("b", np.array(1, np.int8)))


@pytest.mark.parametrize("array", [np.zeros(2), np.zeros((2, 1), np.float32), np.float32(0)])
def test_another_data_type_or_shape_is_refused(path, array):
    _refused(path, lambda sink: sink.write("a", array))


def test_a_missing_tensor_is_refused_at_the_end(path):
    assert _refused(path, lambda sink: None).place.tensor == "a"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_leaves_nothing(path, error):
    def fail():
        with create_model(path, {"a": TensorInfo("bool", (2,))}) as sink:
            sink.write("a", np.zeros(2, bool))
            raise error

    with pytest.raises(error):
        fail()
    assert listing(path.parent) == []


def test_the_file_appears_with_commit_and_not_before(path):
    sink = create_model(path, {"a": TensorInfo("bool", (2,))})
    sink.write("a", np.zeros(2, bool))
    assert not path.exists()
    sink.commit()
    sink.commit()
    sink.discard()
    assert listing(path.parent) == [path.name]


@pytest.mark.parametrize("name", ["nul\0", "\ud800"])
def test_a_name_that_is_not_text_is_refused(path, name):
    with pytest.raises(UsageError) as caught:
        create_model(path, {name: TensorInfo("bool", ())})
    assert caught.value.id == "tensor-name-unsupported"
    assert listing(path.parent) == []


def test_a_name_too_long_for_zip_is_refused_in_npz_alone(tmp_path):
    name = "n" * 65_532
    save(tmp_path / "a.safetensors", {name: np.zeros(1)})
    save(tmp_path / "a.npz", {name[1:]: np.zeros(1)})
    with pytest.raises(UsageError, match="65532"):
        save(tmp_path / "b.npz", {name: np.zeros(1)})


@pytest.fixture
def small_disk():
    """No file can grow beyond 64 KiB: writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("count", [1, 100])
def test_a_full_disk_is_file_write_and_leaves_nothing(path, small_disk, count):
    tensors = {str(index): np.zeros((1 << 20) // count, np.uint8) for index in range(count)}
    with pytest.raises(FileError, match="too large") as caught:
        save(path, tensors)
    assert caught.value.id == "file-write"
    assert listing(path.parent) == []


def test_a_folder_that_is_missing_is_file_write(path):
    with pytest.raises(FileError) as caught:
        create_model(path.parent / "none" / path.name, {})
    assert caught.value.id == "file-write"


def test_a_tensor_in_portions_is_the_tensor_whole(path):
    array = random_tensor("float32", (7, 9))
    with create_model(path, infos_of({"a": array, "empty": array[:0]})) as sink:
        sink.write_portions("a", (array.reshape(-1)[at : at + 10] for at in range(0, 63, 10)))
        sink.write_portions("empty", ())
    with open_model(path) as source:
        assert same(source.read("a"), array)
        assert source.info("empty").shape == (0, 9)


@pytest.mark.parametrize(
    "portions",
    [
        [np.zeros(5, np.float32)],
        [np.zeros(5, np.float32)] * 3,
        [np.zeros(10, np.float64)],
        [],
    ],
)
def test_portions_that_do_not_make_up_the_tensor_are_refused(path, portions):
    sink = create_model(path, {"a": TensorInfo("float32", (2, 5))})
    with pytest.raises(UsageError) as caught, sink:
        sink.write_portions("a", portions)
    assert caught.value.id == "tensor-announced"
    assert not path.exists()
