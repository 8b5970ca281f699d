"""A mapping of arrays as a model."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnref.codec.model import torch_tensors
from nnref.codec.model.source import TensorSource
from nnref.codec.model.tensors import Array, TensorInfo
from nnref.spec.errors import NnrError, refusal


class MappingSource(TensorSource):
    """The arrays of a mapping: numpy arrays, torch tensors, or whatever numpy makes an array of.

    Raises `UsageError` for a key that is not a string (tensor-name-unsupported) and for a value
    that is not an array of a known data type (tensor-dtype-unsupported).
    """

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self._tensors: dict[str, Any] = {}
        infos: dict[str, TensorInfo] = {}
        for name, value in tensors.items():
            if not isinstance(name, str):
                raise refusal("tensor-name-unsupported", f"{name!r} is not a string")
            try:
                self._tensors[name], infos[name] = _tensor(value)
            except NnrError as error:
                raise error.at(tensor=name) from None
        self._infos = infos

    def _load(self, name: str) -> Array:
        value = self._tensors[name]
        return value if isinstance(value, np.ndarray) else torch_tensors.to_numpy(value)

    def close(self) -> None:
        """Lets go of the arrays."""
        self._tensors = {}
        self._infos = {}


def _tensor(value: Any) -> tuple[Any, TensorInfo]:
    """A numpy array or torch tensor, as it lies in memory, and what it holds."""
    if torch_tensors.is_tensor(value):
        return value, torch_tensors.info(value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise refusal("tensor-dtype-unsupported", f"not an array: {error}") from None
    return array, TensorInfo.of(array)
