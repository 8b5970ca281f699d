"""The demo's task: handwritten digits, and a small network that reads them, in numpy alone.

The images are the digits of scikit-learn, 8x8 pixels, which come with that package. Every fourth
one is for testing and is never trained on. The network is that of `nnref.tools.train.digits`:
three convolutions with batch normalization and two linear layers.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nnref.spec.errors import refusal

Float = NDArray[np.float64]
Labels = NDArray[np.int64]

_TEST_STRIDE: Final = 4
_WHITE: Final = 16.0
_NORM_EPSILON: Final = 1e-5


def load_test_set() -> tuple[NDArray[np.float32], Labels]:
    """449 images, float32 [449, 1, 8, 8] in 0..1, and their digits, int64 [449].

    Raises `FileError` (extra-missing) when scikit-learn is not installed.
    """
    images, labels = _load()
    return images[_TEST_STRIDE - 1 :: _TEST_STRIDE], labels[_TEST_STRIDE - 1 :: _TEST_STRIDE]


def load_training_set() -> tuple[NDArray[np.float32], Labels]:
    """The other 1348 images and digits, formed and refused as by `load_test_set`."""
    images, labels = _load()
    chosen = np.arange(len(labels)) % _TEST_STRIDE != _TEST_STRIDE - 1
    return images[chosen], labels[chosen]


def _load() -> tuple[NDArray[np.float32], Labels]:
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 (an extra, and slow to import)
    except ImportError:
        detail = "the digits come with scikit-learn: pip install 'nnref[demo]'"
        raise refusal("extra-missing", detail) from None
    digits = load_digits()
    images = (digits.images / _WHITE).astype(np.float32)[:, np.newaxis]
    return images, digits.target.astype(np.int64)


def accuracy(tensors: Mapping[str, NDArray[Any]], images: NDArray[Any], labels: Labels) -> float:
    """The share of images, 0..1, whose digit the network names; deterministic."""
    return float(np.mean(np.argmax(scores(tensors, images), axis=1) == labels))


def scores(tensors: Mapping[str, NDArray[Any]], images: NDArray[Any]) -> Float:
    """How much the network sees each digit in each image, float64 [n, 10]; the largest decides.

    `tensors` is the network's state dictionary, `images` are as `load_test_set` gives them.
    Computes in float64, so that the order of additions, which differs between machines, does not
    decide.
    """
    network = {name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()}
    signal = np.asarray(images, np.float64)
    signal = _rectify(_normalize(_convolve(signal, network, "conv1"), network, "norm1"))
    signal = _rectify(_normalize(_convolve(signal, network, "conv2"), network, "norm2"))
    signal = _halve(signal)
    signal = _rectify(_normalize(_convolve(signal, network, "conv3"), network, "norm3"))
    signal = signal.reshape(len(signal), -1)
    signal = _rectify(_connect(signal, network, "linear1"))
    return _connect(signal, network, "linear2")


def _convolve(signal: Float, network: Mapping[str, Float], layer: str) -> Float:
    """3x3 cross-correlation with zeros around the image; [n, c, h, w] to [n, d, h, w]."""
    weight = network[f"{layer}.weight"]
    padded = np.pad(signal, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    result: Float = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3)))
    return np.moveaxis(result, -1, 1) + _per_channel(network[f"{layer}.bias"])


def _normalize(signal: Float, network: Mapping[str, Float], layer: str) -> Float:
    """Batch normalization with the statistics of training."""
    deviation = np.sqrt(network[f"{layer}.running_var"] + _NORM_EPSILON)
    scale = network[f"{layer}.weight"] / deviation
    shift = network[f"{layer}.bias"] - network[f"{layer}.running_mean"] * scale
    return signal * _per_channel(scale) + _per_channel(shift)


def _per_channel(values: Float) -> Float:
    return values[:, np.newaxis, np.newaxis]


def _rectify(signal: Float) -> Float:
    return np.maximum(signal, 0.0)


def _halve(signal: Float) -> Float:
    """The largest of every 2x2 pixels."""
    count, channels, height, width = signal.shape
    blocks = signal.reshape(count, channels, height // 2, 2, width // 2, 2)
    largest: Float = blocks.max(axis=(3, 5))
    return largest


def _connect(signal: Float, network: Mapping[str, Float], layer: str) -> Float:
    return signal @ network[f"{layer}.weight"].T + network[f"{layer}.bias"]
