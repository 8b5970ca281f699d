import os
import sys
from collections import OrderedDict

import numpy as np
import pytest
import torch

from nnref.codec.model import TensorInfo, create_model, open_model
from nnref.codec.model.tensors import ITEM_BYTES
from nnref.codec.model.torch_tensors import from_numpy, to_numpy
from nnref.spec.errors import NnrError
from tests.codec.model.samples import listing, random_tensor, same


@pytest.fixture(params=[".pt", ".pth", ".bin"])
def path(request, tmp_path):
    return tmp_path / f"model{request.param}"


def refusal_of(path, content):
    torch.save(content, path)
    with pytest.raises(NnrError) as caught:
        open_model(path)
    return caught.value


def test_a_state_dictionary_is_read_in_its_order(path):
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    torch.save(network.state_dict(), path)
    with open_model(path) as source:
        assert source.names() == tuple(network.state_dict())
        for name, tensor in network.state_dict().items():
            assert same(source.read(name), tensor.numpy())


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_is_unwrapped(path, key):
    torch.save({"epoch": 3, key: OrderedDict(a=torch.ones(2))}, path)
    with open_model(path) as source:
        assert source.names() == ("a",)


def test_a_tensor_named_like_a_wrapper_is_a_tensor(path):
    torch.save({"model": torch.ones(2)}, path)
    with open_model(path) as source:
        assert source.names() == ("model",)


def test_files_of_old_releases_of_torch_are_read(path):
    torch.save({"a": torch.arange(3)}, path, _use_new_zipfile_serialization=False)
    with open_model(path) as source:
        assert source.read("a").tolist() == [0, 1, 2]


def test_views_and_shared_storage_are_read_by_value(path):
    base = torch.arange(6).reshape(2, 3)
    torch.save({"base": base, "columns": base.T, "row": base[1]}, path)
    with open_model(path) as source:
        assert source.read("columns").tolist() == [[0, 3], [1, 4], [2, 5]]
        assert source.read("row").tolist() == [3, 4, 5]


def test_every_data_type_is_read_by_torch(path):
    tensors = {name: random_tensor(name, (2, 3)) for name in ITEM_BYTES}
    tensors |= {"scalar": np.array(3.0), "empty": np.zeros((0, 2), np.int8)}
    with create_model(path, {n: TensorInfo.of(a) for n, a in tensors.items()}) as sink:
        for name in sorted(tensors):
            sink.write(name, tensors[name])
    loaded = torch.load(path, weights_only=True)
    assert list(loaded) == list(tensors)
    for name, array in tensors.items():
        assert same(to_numpy(loaded[name]), array)


def test_entries_that_are_no_tensors_are_refused(path):
    error = refusal_of(path, {"a": torch.ones(1), "note": "text"})
    assert error.id == "file-format"
    assert "'note' is a str" in error.detail


@pytest.mark.parametrize("content", [torch.ones(2), [torch.ones(2)], 3])
def test_a_file_without_dictionary_is_refused(path, content):
    assert refusal_of(path, content).id == "file-format"


def test_sparse_tensors_are_refused_by_name(path):
    error = refusal_of(path, {"a": torch.eye(2).to_sparse()})
    assert (error.id, error.place.tensor) == ("tensor-dtype-unsupported", "a")


class Code:
    """What a hostile pickle looks like: loading it would make a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_a_file_never_runs_code(path):
    folder = path.parent / "made"
    assert refusal_of(path, {"a": Code(folder)}).id == "file-format"
    assert not folder.exists()


@pytest.mark.parametrize("end", [1, 100, 0.5, -1])
def test_a_cut_file_is_refused(path, end):
    torch.save({"a": torch.arange(100)}, path)
    octets = path.read_bytes()
    path.write_bytes(octets[: int(len(octets) * end) if isinstance(end, float) else end])
    with pytest.raises(NnrError) as caught:
        open_model(path)
    assert caught.value.id == "file-format"


def test_torchs_own_error_of_writing_is_file_write(path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(NnrError, match="PytorchStreamWriter") as caught, create_model(path, {}):
        pass
    assert caught.value.id == "file-write"
    assert listing(path.parent) == []


@pytest.mark.parametrize("action", [open_model, lambda path: create_model(path, {})])
def test_without_torch_the_extra_is_named(path, action, monkeypatch):
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(NnrError, match=r"pip install 'nnref\[torch\]'") as caught:
        action(path)
    assert caught.value.id == "extra-missing"


def test_a_data_type_this_torch_lacks_is_refused():
    class OldTorch:
        __version__ = "2.2"

    with pytest.raises(NnrError, match=r"torch 2\.2 has no uint16"):
        from_numpy(np.zeros(1, np.uint16), OldTorch)
