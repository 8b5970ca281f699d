"""Trains the demo's network: python -m nnref.tools.train.digits -o FILE.safetensors

Needs the extras `torch` and `demo` and about half a minute on one core. Reproducible means: seed,
order of the images and number of threads are fixed and torch uses deterministic algorithms, so
the same releases of torch, numpy and scikit-learn on the same kind of processor write the same
bytes. Elsewhere roundings differ, and with them the weights, but hardly the accuracy.
"""

import argparse
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model import TensorInfo, create_model
from nnref.codec.model.torch_file import import_torch
from nnref.codec.model.torch_tensors import to_numpy
from nnref.tools.demo.digits import accuracy, load_test_set, load_training_set

_SEED: Final = 1
_EPOCHS: Final = 20
_BATCH: Final = 64
_PEAK_LEARNING_RATE: Final = 4e-3
_WEIGHT_DECAY: Final = 1e-2


def build(torch: Any) -> Any:
    """The untrained network, 0.36 million weights; `torch` is the imported module.

    Its state dictionary is what `nnref.tools.demo.digits.scores` evaluates.
    """
    nn = torch.nn
    layers = OrderedDict(
        conv1=nn.Conv2d(1, 32, 3, padding=1),
        norm1=nn.BatchNorm2d(32),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(32, 64, 3, padding=1),
        norm2=nn.BatchNorm2d(64),
        relu2=nn.ReLU(),
        halve=nn.MaxPool2d(2),
        conv3=nn.Conv2d(64, 128, 3, padding=1),
        norm3=nn.BatchNorm2d(128),
        relu3=nn.ReLU(),
        flatten=nn.Flatten(),
        linear1=nn.Linear(128 * 4 * 4, 128),
        relu4=nn.ReLU(),
        dropout=nn.Dropout(0.3),
        linear2=nn.Linear(128, 10),
    )
    return nn.Sequential(layers)


def train(torch: Any, epochs: int) -> dict[str, NDArray[Any]]:
    """The state dictionary of a network trained for `epochs` rounds over the training set."""
    torch.manual_seed(_SEED)
    network = build(torch)
    fit(torch, network, epochs)
    return {name: to_numpy(tensor) for name, tensor in network.state_dict().items()}


def fit(
    torch: Any,
    network: Any,
    epochs: int,
    peak_learning_rate: float = _PEAK_LEARNING_RATE,
    after_step: Callable[[], None] = lambda: None,
) -> None:
    """Train what can be trained of a network for `epochs` rounds over the training set.

    `after_step` is called behind every step of the optimizer: what must not change is put back.
    """
    generator = np.random.default_rng(_SEED)
    images, labels = load_training_set()
    network.train()
    trained = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(trained, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak_learning_rate, epochs=epochs, steps_per_epoch=-(-len(labels) // _BATCH)
    )
    for _ in range(epochs):
        for batch in _batches(generator, len(labels)):
            moved = torch.from_numpy(_moved(images[batch], generator))
            loss = torch.nn.functional.cross_entropy(
                network(moved), torch.from_numpy(labels[batch])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            after_step()
    network.eval()


def _batches(generator: np.random.Generator, count: int) -> Iterator[NDArray[np.int64]]:
    order = generator.permutation(count)
    return (order[start : start + _BATCH] for start in range(0, count, _BATCH))


def _moved(images: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Every image moved by up to one pixel in each direction, so that position matters less."""
    height, width = images.shape[2:]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    places = generator.integers(0, 3, (len(images), 2))
    return np.stack(
        [
            image[:, row : row + height, column : column + width]
            for image, (row, column) in zip(padded, places, strict=True)
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, writes the safetensors file and prints its accuracy on the test set."""
    parser = argparse.ArgumentParser(description="Train the network of the demo.")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("--epochs", type=int, default=_EPOCHS)
    options = parser.parse_args(arguments)

    torch = import_torch(options.output)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    state = train(torch, options.epochs)
    infos = {name: TensorInfo.of(tensor) for name, tensor in state.items()}
    with create_model(options.output, infos, {"format": "pt"}) as sink:
        for name, tensor in state.items():
            sink.write(name, tensor)
    print(f"{options.output}: test accuracy {accuracy(state, *load_test_set()):.4f}")


if __name__ == "__main__":
    main()
