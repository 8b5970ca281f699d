"""A network as the experiment sees it: weights, calibration inputs, outputs, task metrics."""

import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal
from nnref.tools.bench.workload import Tensors
from nnref.tools.calibrate.running import Inputs


class Network(Protocol):
    """A trained network with inputs for its calibration and other ones for its test."""

    @property
    def path(self) -> Path:
        """The tensor file with its weights."""
        ...

    @property
    def inputs(self) -> str:
        """In words: where calibration and test inputs come from, and how many there are."""
        ...

    @property
    def regression(self) -> bool:
        """Whether outputs are numbers in their own right, not logits along the last dimension."""
        ...

    def module(self) -> Any:
        """A `torch.nn.Module` with the weights under the names of the file."""
        ...

    def calibration_inputs(self, seed: int) -> Inputs:
        """Inputs for `calibrate_module`, none of which is tested with."""
        ...

    def outputs(self, tensors: Mapping[str, Any]) -> NDArray[np.float32]:
        """float32[..., n]: the outputs for the test inputs with these weights."""
        ...

    def metrics(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        """What a network with these weights is worth on the test inputs; the task metric first."""
        ...


Networks = Mapping[str, Network]
Factory = Callable[[Path, Path], Networks]
"""From the data folder and a folder for files of its own."""


def factory_of(program: str | None) -> Factory:
    """The function FUNCTION of PATH.py:FUNCTION; that of data packs without a program.

    The file is run with all rights of this process. Raises UsageError usage, FileError
    file-not-found.
    """
    if program is None:
        from nnref.tools.experiments.calibrated.data_pack import data_pack  # noqa: PLC0415  torch

        return data_pack
    path, _, function = program.rpartition(":")
    if not path.endswith(".py") or not function:
        raise refusal("usage", f"--networks {program!r} is not PATH.py:FUNCTION")
    if not Path(path).is_file():
        raise refusal("file-not-found", f"{path}: no such file")
    found = runpy.run_path(path).get(function)
    if not callable(found):
        raise refusal("usage", f"{path} has no function {function!r}")
    return found  # type: ignore[no-any-return]


def distance(
    outputs: NDArray[np.float32], original: NDArray[np.float32], regression: bool
) -> float:
    """How far outputs are from those of the original network.

    Of logits the mean Kullback-Leibler divergence of their distributions in nats, original first;
    in a regression the mean square of the difference in parts of that of the original outputs.
    inf where an output is not a finite number.
    """
    found, expected = outputs.astype(np.float64), original.astype(np.float64)
    if not np.isfinite(found).all():
        return float("inf")
    if regression:
        return float(np.mean((found - expected) ** 2) / np.mean(expected**2))
    logs, own = _log_softmax(found), _log_softmax(expected)
    return float((np.exp(own) * (own - logs)).sum(-1).mean())


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


def as_arrays(tensors: Mapping[str, Any]) -> Tensors:
    """Decoded tensors as contiguous float32 arrays, which torch can take."""
    return {name: np.array(value, np.float32) for name, value in tensors.items()}
