"""A torch module in, tensors with folded batch norms out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from nnref.codec.model import open_model
from nnref.codec.model.torch_file import import_torch
from nnref.codec.transform import FoldedModel, FoldedSource, Form
from nnref.spec.errors import refusal
from nnref.tools.torch_models.graph import run
from nnref.tools.torch_models.load import load_folded
from nnref.tools.torch_models.pairs import module_pairs

_TOLERANCE: Final = 1e-3
"""Largest difference of outputs, relative to the largest output. Roundings of binary32 stay
far below; a batch norm that is folded wrongly is far above."""


def fold_module(module: Any, example_input: Any = None, *, form: Form = "folded") -> FoldedModel:
    """The state dictionary of a module, as numpy arrays, with its batch norms folded.

    `module` is a `torch.nn.Module`; it is looked at in eval mode and left as it was.
    `example_input` is what its forward takes, one input or a tuple. With it, linear layers are
    folded too, modules that torch.fx cannot trace are, and the outputs with and without batch norms
    are compared; `report.output_error` is their difference. What stays, and why, is in
    `report.left`. Raises FileError extra-missing without torch, IntegrityError comparison-failed
    when the outputs differ, UsageError as `FoldedSource`.
    """
    torch = import_torch("folding a module")
    with _evaluating(module):
        report = module_pairs(torch, module, example_input)
        with FoldedSource(open_model(module.state_dict()), report, form) as source:
            tensors = {name: source.read(name).copy() for name in source.names()}
            folded = FoldedModel(tensors, source.blocks, report)
        if example_input is None:
            return folded
        other = load_folded(module, folded.composed())
        error = _output_error(
            torch, run(torch, module, example_input), run(torch, other, example_input)
        )
    if not error <= _TOLERANCE:
        raise refusal("comparison-failed", f"outputs of the folded module differ by {error:.2g}")
    return replace(folded, report=replace(report, output_error=error))


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """In eval mode inside the block, and in its own again after it."""
    training = {child: child.training for child in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for child, mode in training.items():
            child.training = mode


def _output_error(torch: Any, expected: Any, found: Any) -> float:
    """The largest difference between two outputs relative to the largest magnitude."""
    flatten = torch.utils._pytree.tree_leaves
    pairs = [
        (one.double(), other.double())
        for one, other in zip(flatten(expected), flatten(found), strict=True)
        if isinstance(one, torch.Tensor) and one.numel()
    ]
    largest = max((float(one.abs().max()) for one, _ in pairs), default=0.0)
    error = max((float((one - other).abs().max()) for one, other in pairs), default=0.0)
    return error / largest if error else 0.0
