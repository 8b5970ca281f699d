"""Running a torch module on some inputs, with an eye on its products with weights."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal
from nnref.tools.calibrate.products import Product, product, watched

Inputs = Mapping[str, NDArray[Any]]
OnProduct = Callable[[Product, Any], Any]
"""Called with a product and its result; returns what the module gets as the result."""


def size_of(inputs: Inputs) -> int:
    """How many inputs there are. Raises UsageError input-type."""
    sizes = {array.shape[0] if array.ndim else 0 for array in inputs.values()}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items())
        raise refusal("input-type", f"inputs have the same first dimension, not 0: {shapes}")
    return sizes.pop()


def names_of(module: Any) -> dict[int, list[str]]:
    """The names of every parameter by its id; a shared one has several."""
    names: dict[int, list[str]] = {}
    for name, value in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(value), []).append(name)
    return names


def batch_of(torch: Any, inputs: Inputs, start: int, stop: int) -> dict[str, Any]:
    """Some inputs as tensors: floating-point numbers in binary32, integers in 64 bits."""
    given: dict[str, Any] = {}
    for name, array in inputs.items():
        dtype = np.float32 if array.dtype.kind == "f" else np.int64
        given[name] = torch.from_numpy(np.array(array[start:stop], dtype))
    return given


def run(torch: Any, module: Any, given: Mapping[str, Any], on_product: OnProduct) -> Any:
    """The module's outputs; every product of one of torch's watched functions is handed over."""
    kinds = watched(torch)

    class Watch(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, function: Any, _types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kind, keywords = kinds.get(function), kwargs or {}
            result = function(*args, **keywords)
            if kind is None:
                return result
            return on_product(product(torch, kind, args, keywords), result)

    with Watch():
        return module(*given.values()) if len(given) == 1 else module(**given)
