import json

import numpy as np
import pytest
import safetensors.numpy

from nnref.codec.model import open_model
from nnref.spec.errors import FileError

A = {"a": np.arange(3, dtype=np.float32)}
B = {"b": np.arange(4), "c": np.zeros((0, 2), np.float16)}


def put(folder, file, tensors, metadata=None):
    safetensors.numpy.save_file(tensors, folder / file, metadata)


def put_index(folder, weight_map, name="model.safetensors.index.json"):
    content = {"metadata": {"total_size": 44}, "weight_map": weight_map}
    (folder / name).write_text(json.dumps(content))


def refusal_of(folder):
    with pytest.raises(FileError) as caught:
        open_model(folder)
    return caught.value


@pytest.fixture
def sharded(tmp_path):
    put(tmp_path, "model-00001-of-00002.safetensors", A, {"format": "pt"})
    put(tmp_path, "model-00002-of-00002.safetensors", B)
    one, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    put_index(tmp_path, {"c": two, "a": one, "b": two})
    return tmp_path


def check(source, tensors):
    assert source.names() == tuple(tensors)
    for name, array in tensors.items():
        assert np.array_equal(source.read(name), array)
        assert source.info(name).shape == array.shape


def test_an_index_decides_what_the_model_holds_and_in_which_order(sharded):
    put(sharded, "other.safetensors", {"z": np.ones(1)})
    with open_model(sharded) as source:
        check(source, {"c": B["c"], "a": A["a"], "b": B["b"]})
    with open_model(str(sharded)) as source:
        assert source.metadata == {}, "of the first file, which is that of c"


def test_a_missing_shard_is_file_not_found(sharded):
    (sharded / "model-00002-of-00002.safetensors").unlink()
    error = refusal_of(sharded)
    assert error.id == "file-not-found"
    assert "model-00002-of-00002.safetensors" in error.detail


def test_a_single_file_is_the_model(tmp_path):
    put(tmp_path, "model.safetensors", A, {"format": "pt"})
    put(tmp_path, "adapter.safetensors", B)
    with open_model(tmp_path) as source:
        check(source, A)
        assert source.metadata == {"format": "pt"}


def test_several_files_are_one_model_in_the_order_of_their_names(tmp_path):
    for index in (5, 3, 9, 1, 7, 8, 2):
        put(tmp_path, f"{index}.safetensors", {f"tensor {index}": np.full(2, index)})
    with open_model(tmp_path) as source:
        check(source, {f"tensor {index}": np.full(2, index) for index in (1, 2, 3, 5, 7, 8, 9)})


def test_a_name_in_two_files_is_refused(tmp_path):
    put(tmp_path, "1.safetensors", A)
    put(tmp_path, "2.safetensors", A)
    error = refusal_of(tmp_path)
    assert error.id == "file-format"
    assert "'a' is in 1.safetensors and in 2.safetensors" in error.detail


def test_a_folder_without_model_is_refused(tmp_path):
    assert refusal_of(tmp_path).id == "file-format"


def test_the_only_index_may_have_another_name_and_two_are_ambiguous(sharded):
    usual = sharded / "model.safetensors.index.json"
    usual.rename(sharded / "unet.safetensors.index.json")
    with open_model(sharded) as source:
        assert source.names() == ("c", "a", "b")
    put_index(sharded, {}, "vae.safetensors.index.json")
    assert "2 indexes" in refusal_of(sharded).detail
    put_index(sharded, {})
    with open_model(sharded) as source:
        assert source.names() == (), "model.safetensors.index.json wins"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"weight_map": []}',
        '{"weight_map": {"a": 1}}',
        '{"weight_map": {"a": "../a.safetensors"}}',
        '{"weight_map": {"a": "/a.safetensors"}}',
        '{"weight_map": {"a": ".."}}',
        '{"weight_map": {"a": "model.bin"}}',
        '{"weight_map": {"x": "model-00001-of-00002.safetensors"}}',
        "[" * 100_000,
    ],
)
def test_a_broken_index_is_refused(sharded, content):
    (sharded / "model.safetensors.index.json").write_text(content)
    assert refusal_of(sharded).id == "file-format"


def test_a_broken_shard_is_refused(sharded):
    (sharded / "model-00002-of-00002.safetensors").write_bytes(b"junk")
    assert refusal_of(sharded).id == "file-format"
