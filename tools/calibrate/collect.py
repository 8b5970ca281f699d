"""From a torch module and inputs to a calibration file."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from nnref.codec.calibration import CalibrationWriter, ColumnSums, Moments, MomentsShape, RowSums
from nnref.codec.calibration.moments import empty_sums
from nnref.codec.model.files import StrPath
from nnref.codec.model.torch_file import import_torch
from nnref.spec.errors import refusal
from nnref.tools.calibrate.curvature import CurvatureSums, Outputs, shape_with
from nnref.tools.calibrate.products import Product
from nnref.tools.calibrate.running import Inputs, OnProduct, batch_of, names_of, run, size_of

__all__ = ["DEFAULT_BATCH", "DEFAULT_MAX_BYTES", "Inputs", "calibrate_module"]

DEFAULT_BATCH: Final = 32
DEFAULT_MAX_BYTES: Final = 1 << 30


def calibrate_module(
    module: Any,
    inputs: Inputs,
    path: StrPath,
    *,
    batch: int = DEFAULT_BATCH,
    max_bytes: int = DEFAULT_MAX_BYTES,
    outputs: Outputs = "auto",
) -> tuple[str, ...]:
    """Write the calibration of a `torch.nn.Module` for some inputs, which need no labels.

    `inputs` are arrays of as many inputs along their first dimension: one is the argument of the
    module's forward, several are its arguments by name. The module runs in eval mode, `batch`
    inputs at a time, as often as it takes to keep the sums within `max_bytes` (but for one weight),
    and once more, with gradients, for what the errors of layers do to its `outputs`.
    Returns the names of matrices in the module that no product was seen of, which the file does not
    have: products inside other calls of torch (nn.MultiheadAttention) and transposed convolutions.
    Raises FileError extra-missing without torch, UsageError input-type, setting-unknown, and as
    `CalibrationWriter`.
    """
    if outputs not in get_args(Outputs):
        raise refusal("setting-unknown", f"outputs = {outputs!r}")
    torch = import_torch("calibrating a module")
    size = size_of(inputs)
    names = names_of(module)
    was_training = module.training
    module.eval()

    def runs(on_product: OnProduct) -> Iterator[Any]:
        for start in range(0, size, batch):
            given = batch_of(torch, inputs, start, start + batch)
            yield run(torch, module, given, on_product)

    try:
        shapes: dict[str, MomentsShape] = {}
        with torch.no_grad():
            run(torch, module, batch_of(torch, inputs, 0, 1), _noting(shapes, names))
        if not shapes:
            raise refusal("input-type", "the module multiplies its inputs by none of its weights")
        curvature = CurvatureSums(torch, outputs, names)
        if outputs != "none":
            with torch.enable_grad():
                for found in runs(curvature.note):
                    curvature.add(found)
        written = {name: shape_with(s, curvature.found.get(name)) for name, s in shapes.items()}
        with torch.no_grad(), CalibrationWriter(path, written, gains=curvature.found) as writer:
            for some in _portions(shapes, max_bytes):
                sums = {name: empty_sums(shapes[name]) for name in some}
                for _ in runs(_adding(sums, shapes, names)):
                    pass
                for name in some:
                    writer.write(name, _counted(sums.pop(name).moments(), curvature, name))
    finally:
        module.train(was_training)
    matrices = (name for name, value in module.named_parameters() if value.ndim > 1)
    return tuple(name for name in matrices if name not in shapes)


def _counted(found: Moments, curvature: CurvatureSums, name: str) -> Moments:
    """Moments with what the rows count, where gradients were seen."""
    of_rows = curvature.found.get(name)
    return found if of_rows is None else of_rows.moments(found, curvature.outputs)


def _noting(shapes: dict[str, MomentsShape], names: Mapping[int, list[str]]) -> OnProduct:
    """Takes down what moments the weights need.

    Of a weight that is looked up and multiplied by, too, as tied embeddings are, those of the
    product.
    """

    def note(found: Product, result: Any) -> Any:
        for name in names.get(id(found.weight), ()):
            if name not in shapes or found.shape.groups:
                shapes[name] = found.shape
        return result

    return note


def _adding(
    sums: Mapping[str, ColumnSums | RowSums],
    shapes: Mapping[str, MomentsShape],
    names: Mapping[int, list[str]],
) -> OnProduct:
    def add(found: Product, result: Any) -> Any:
        wanted = [
            sums[name]
            for name in names.get(id(found.weight), ())
            if name in sums and shapes[name] == found.shape
        ]
        for array in found.inputs() if wanted else ():
            for each in wanted:
                each.add(array)
        return result

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
