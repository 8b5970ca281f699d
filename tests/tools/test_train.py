"""The network of the demo: its training, its weights and its evaluation without torch."""

import subprocess
import sys
from importlib.resources import as_file, files

import numpy as np
import pytest
import safetensors.torch
import torch

from nnref.codec.model import open_model
from nnref.spec.errors import FileError
from nnref.tools.demo.digits import accuracy, load_test_set, load_training_set, scores
from nnref.tools.train import digits

STATED_ACCURACY = 447 / 449


@pytest.fixture(scope="module")
def weights():
    with as_file(files("nnref.tools.demo") / "digits_cnn.safetensors") as path:
        yield path


@pytest.fixture(scope="module")
def tensors(weights):
    with open_model(weights) as source:
        return {name: source.read(name) for name in source.names()}


@pytest.fixture
def torch_settings():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def test_the_weights_are_a_realistic_state_dictionary_of_at_most_2_mb(weights, tensors):
    assert weights.stat().st_size <= 2_000_000
    assert {tensor.dtype.name for tensor in tensors.values()} == {"float32", "int64"}
    assert tensors["norm1.num_batches_tracked"].shape == ()
    assert {tensor.ndim for tensor in tensors.values()} == {0, 1, 2, 4}
    assert 200_000 <= sum(tensor.size for tensor in tensors.values()) <= 450_000


def test_the_network_has_the_stated_accuracy(tensors):
    assert accuracy(tensors, *load_test_set()) == STATED_ACCURACY
    assert STATED_ACCURACY >= 0.975


def test_numpy_and_torch_compute_the_same_scores_and_digits(weights, tensors):
    images, _ = load_test_set()
    network = digits.build(torch)
    network.load_state_dict(safetensors.torch.load_file(weights))
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(images)).numpy()
    given = scores(tensors, images)
    assert np.allclose(given, expected, rtol=0, atol=1e-4)
    assert np.array_equal(given.argmax(axis=1), expected.argmax(axis=1))


def test_no_test_image_is_trained_on():
    test, test_labels = load_test_set()
    training, training_labels = load_training_set()
    assert (len(test), len(training)) == (len(test_labels), len(training_labels)) == (449, 1348)
    assert test.dtype == np.float32
    assert (test.min(), test.max()) == (0, 1)
    assert not {image.tobytes() for image in test} & {image.tobytes() for image in training}


def test_training_twice_writes_the_same_bytes(tmp_path, torch_settings, capsys):
    outputs = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for output in outputs:
        digits.main(["-o", str(output), "--epochs", "1"])
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert "one.safetensors: test accuracy 0." in capsys.readouterr().out


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(FileError, match=r"pip install 'nnref\[demo\]'") as caught:
        load_test_set()
    assert caught.value.id == "extra-missing"


def test_the_demo_needs_no_torch():
    code = "import sys, nnref.tools.demo.digits; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
