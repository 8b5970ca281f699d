import numpy as np
import pytest
import torch

from nnref.codec.model import TensorInfo, TensorSource, open_model
from nnref.codec.model.tensors import ITEM_BYTES
from nnref.codec.model.torch_tensors import from_numpy, to_numpy
from nnref.spec.errors import FileError, NnrError, UsageError
from tests.codec.model.samples import odd_tensors, random_tensor, same


def test_arrays_come_back_in_order_and_read_only():
    tensors = odd_tensors()
    with open_model(tensors) as source:
        assert source.names() == tuple(tensors)
        for name, array in tensors.items():
            assert source.info(name) == TensorInfo.of(array)
            assert same(source.read(name), array)
            assert not source.read(name).flags.writeable
            assert array.flags.writeable, "the caller's array is left as it was"


def test_lists_and_numbers_are_arrays_too():
    source = open_model({"list": [[1.0, 2.0]], "number": 3, "view": np.arange(6)[::2]})
    assert source.info("list") == TensorInfo("float64", (1, 2))
    assert source.read("number").shape == ()
    assert source.read("view").tolist() == [0, 2, 4]


@pytest.mark.parametrize("value", [None, "text", [1, [2]], object(), 1j, np.array(["a"])])
def test_a_value_that_is_no_tensor_is_refused_by_name(value):
    with pytest.raises(UsageError) as caught:
        open_model({"bad": value})
    assert caught.value.id == "tensor-dtype-unsupported"
    assert caught.value.place.tensor == "bad"


def test_a_name_that_is_no_string_is_refused():
    with pytest.raises(UsageError) as caught:
        open_model({1: np.zeros(1)})
    assert caught.value.id == "tensor-name-unsupported"


@pytest.mark.parametrize("method", ["info", "read"])
def test_an_unknown_tensor_is_refused(method):
    with open_model({"a": 1}) as source, pytest.raises(UsageError) as caught:
        getattr(source, method)("b")
    assert caught.value.id == "tensor-unknown"


def test_an_open_source_is_taken_as_it_is():
    source = open_model({"a": 1})
    assert isinstance(source, TensorSource)
    assert open_model(source) is source


@pytest.mark.parametrize("name", ["a.onnx", "a", "a.safetensors.gz"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(FileError, match=r"\.safetensors, \.npz, \.pt") as caught:
        open_model(tmp_path / name)
    assert caught.value.id == "file-format"


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt", ".pth", ".bin"])
def test_a_missing_file_is_file_not_found(tmp_path, suffix):
    with pytest.raises(FileError, match="No such file") as caught:
        open_model(tmp_path / f"a{suffix}")
    assert caught.value.id == "file-not-found"


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
@pytest.mark.parametrize("content", [b"", b"x" * 7, b"PK\3\4 and no more", bytes(100)])
def test_junk_is_not_of_its_format(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        open_model(path)
    assert caught.value.id == "file-format"
    assert str(path) in caught.value.detail


@pytest.mark.parametrize("dtype", ITEM_BYTES)
def test_torch_tensors_of_every_data_type_keep_their_bytes(dtype):
    array = random_tensor(dtype)
    tensor = from_numpy(array, torch)
    assert str(tensor.dtype) == f"torch.{dtype}"
    with open_model({"t": tensor, "scalar": tensor[0, 0], "columns": tensor.T}) as source:
        assert same(source.read("t"), array)
        assert same(source.read("scalar"), array[0, 0])
        assert same(source.read("columns"), np.ascontiguousarray(array.T))
        assert source.info("columns") == TensorInfo(dtype, (5, 3))


def test_torch_tensors_that_are_negated_lazily_are_read_by_value():
    negated = torch.imag(torch.tensor([1 + 2j]).conj())
    assert negated.is_neg()
    assert open_model({"t": negated}).read("t").tolist() == [-2]


def test_torch_parameters_are_read_without_their_gradient():
    parameter = torch.nn.Parameter(torch.ones(2))
    assert np.shares_memory(to_numpy(parameter), parameter.detach().numpy())


@pytest.mark.parametrize(
    "tensor",
    [
        torch.eye(2).to_sparse(),
        torch.empty(2, device="meta"),
        torch.ones(2, dtype=torch.complex64),
    ],
    ids=["sparse", "meta", "complex"],
)
def test_torch_tensors_without_plain_values_are_refused(tensor):
    with pytest.raises(NnrError) as caught:
        open_model({"t": tensor})
    assert caught.value.id == "tensor-dtype-unsupported"
