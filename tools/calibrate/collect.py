"""From a torch module and inputs to a calibration file."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import CalibrationWriter, ColumnSums, MomentsShape, RowSums
from nnref.codec.calibration.moments import empty_sums
from nnref.codec.model.files import StrPath
from nnref.codec.model.torch_file import import_torch
from nnref.spec.errors import refusal
from nnref.tools.calibrate.products import Product, product, watched

DEFAULT_BATCH: Final = 32
DEFAULT_MAX_BYTES: Final = 1 << 30

Inputs = Mapping[str, NDArray[Any]]
OnProduct = Callable[[Product], None]


def calibrate_module(
    module: Any,
    inputs: Inputs,
    path: StrPath,
    *,
    batch: int = DEFAULT_BATCH,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> tuple[str, ...]:
    """Write the calibration of a `torch.nn.Module` for some inputs, which need no labels.

    `inputs` are arrays of as many inputs along their first dimension: one is the argument of the
    module's forward, several are its arguments by name. The module runs in eval mode, `batch`
    inputs at a time, as often as it takes to keep the sums within `max_bytes` (but for one weight).
    Returns the names of matrices in the module that no product was seen of, which the file does not
    have: products inside other calls of torch (nn.MultiheadAttention) and transposed convolutions.
    Raises FileError extra-missing without torch, UsageError input-type, and as `CalibrationWriter`.
    """
    torch = import_torch("calibrating a module")
    size = _size(inputs)
    names = _names(module)
    shapes: dict[str, MomentsShape] = {}
    was_training = module.training
    module.eval()
    try:
        _run(torch, module, _batch(torch, inputs, 0, 1), _noting(shapes, names))
        if not shapes:
            raise refusal("input-type", "the module multiplies its inputs by none of its weights")
        with CalibrationWriter(path, shapes) as writer:
            for some in _portions(shapes, max_bytes):
                sums = {name: empty_sums(shapes[name]) for name in some}
                for start in range(0, size, batch):
                    given = _batch(torch, inputs, start, start + batch)
                    _run(torch, module, given, _adding(sums, shapes, names))
                for name in some:
                    writer.write(name, sums.pop(name).moments())
    finally:
        module.train(was_training)
    matrices = (name for name, value in module.named_parameters() if value.ndim > 1)
    return tuple(name for name in matrices if name not in shapes)


def _size(inputs: Inputs) -> int:
    """How many inputs there are. Raises UsageError input-type."""
    sizes = {array.shape[0] if array.ndim else 0 for array in inputs.values()}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items())
        raise refusal("input-type", f"inputs have the same first dimension, not 0: {shapes}")
    return sizes.pop()


def _names(module: Any) -> dict[int, list[str]]:
    """The names of every parameter; a shared one has several."""
    names: dict[int, list[str]] = {}
    for name, value in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(value), []).append(name)
    return names


def _batch(torch: Any, inputs: Inputs, start: int, stop: int) -> dict[str, Any]:
    """Some inputs as tensors: floating-point numbers in binary32, integers in 64 bits."""
    given: dict[str, Any] = {}
    for name, array in inputs.items():
        dtype = np.float32 if array.dtype.kind == "f" else np.int64
        given[name] = torch.from_numpy(np.array(array[start:stop], dtype))
    return given


def _run(torch: Any, module: Any, given: Mapping[str, Any], on_product: OnProduct) -> None:
    """Run the module and hand over every product of one of torch's watched functions."""
    kinds = watched(torch)

    class Watch(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, function: Any, _types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kind = kinds.get(function)
            if kind is not None:
                on_product(product(torch, kind, args, kwargs or {}))
            return function(*args, **(kwargs or {}))

    with torch.no_grad(), Watch():
        if len(given) == 1:
            module(*given.values())
        else:
            module(**given)


def _noting(shapes: dict[str, MomentsShape], names: Mapping[int, list[str]]) -> OnProduct:
    """Takes down what moments the weights need.

    Of a weight that is looked up and multiplied by, too, as tied embeddings are, those of the
    product.
    """

    def note(found: Product) -> None:
        for name in names.get(id(found.weight), ()):
            if name not in shapes or found.shape.groups:
                shapes[name] = found.shape

    return note


def _adding(
    sums: Mapping[str, ColumnSums | RowSums],
    shapes: Mapping[str, MomentsShape],
    names: Mapping[int, list[str]],
) -> OnProduct:
    def add(found: Product) -> None:
        wanted = [
            sums[name]
            for name in names.get(id(found.weight), ())
            if name in sums and shapes[name] == found.shape
        ]
        for array in found.inputs() if wanted else ():
            for each in wanted:
                each.add(array)

    return add


def _portions(shapes: Mapping[str, MomentsShape], max_bytes: int) -> Iterator[list[str]]:
    """The weights in portions whose sums fit, or that have one weight."""
    portion: list[str] = []
    left = max_bytes
    for name, shape in shapes.items():
        if portion and shape.bytes > left:
            yield portion
            portion, left = [], max_bytes
        portion.append(name)
        left -= shape.bytes
    if portion:
        yield portion
