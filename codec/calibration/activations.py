"""A calibration from saved inputs of layers, without the program that made them."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from nnref.codec.calibration.file import write_calibration
from nnref.codec.calibration.moments import Moments, MomentsShape, empty_sums
from nnref.codec.model import ModelInput, TensorInfo, TensorSource, open_model
from nnref.codec.model.files import StrPath
from nnref.spec.errors import refusal


def collect_activations(model: ModelInput, activations: ModelInput, path: StrPath) -> None:
    """Write the calibration of a model, given what some of its weights were multiplied by.

    `activations` has, by the name of the weight, float arrays whose last dimension is the columns
    of the weight's matrix view (of a convolution: its patches, channel by channel), of a grouped
    weight the columns of all groups one behind the other; integer arrays are row numbers of an
    embedding. One array is in memory at a time. Raises UsageError tensor-unknown, input-type, and
    as `open_model` and `CalibrationWriter` do.
    """
    with open_model(model) as weights, open_model(activations) as inputs:
        shapes = {name: _shape(name, weights, inputs.info(name)) for name in inputs.names()}
        write_calibration(path, shapes, _moments(inputs, shapes))


def _shape(name: str, weights: TensorSource, given: TensorInfo) -> MomentsShape:
    if name not in weights.names():
        raise refusal("tensor-unknown", "activations of no tensor of the model", tensor=name)
    shape = weights.info(name).shape
    rows, columns = (shape[0], prod(shape[1:])) if shape else (1, 1)
    if "int" in given.dtype:
        return MomentsShape(rows, 0, columns)
    groups, rest = divmod(given.shape[-1] if given.shape else 0, columns)
    if rest or not groups or rows % groups:
        detail = f"inputs of shape {list(given.shape)} for a matrix of {columns} columns"
        raise refusal("input-type", detail, tensor=name)
    return MomentsShape(rows, groups, columns)


def _moments(
    inputs: TensorSource, shapes: dict[str, MomentsShape]
) -> Iterator[tuple[str, Moments]]:
    for name, shape in shapes.items():
        sums = empty_sums(shape)
        array: Any = inputs.read(name)
        if shape.groups:
            array = array.reshape(-1, shape.groups, shape.columns).swapaxes(0, 1)
        sums.add(np.asarray(array))
        yield name, sums.moments()
