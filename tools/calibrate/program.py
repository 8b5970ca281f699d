"""A torch module from a Python file: `PATH.py:FACTORY`."""

import runpy
from pathlib import Path
from typing import Any

from nnref.codec.model import open_model
from nnref.codec.model.torch_file import import_torch
from nnref.spec.errors import refusal
from nnref.tools.torch_models import load_folded


def module_of(program: str, weights: str | None = None) -> Any:
    """What the function FACTORY of the file PATH.py returns, called without arguments.

    With `weights`, a tensor file, the module gets these, as `load_folded` does it. The file is run
    with all rights of this process. Raises UsageError usage (no such file, function or module),
    FileError extra-missing, and as `open_model` and `load_folded`.
    """
    torch = import_torch("calibrating a module")
    path, _, factory = program.rpartition(":")
    if not path.endswith(".py") or not factory:
        raise refusal("usage", f"{program!r} is not PATH.py:FACTORY")
    if not Path(path).is_file():
        raise refusal("file-not-found", f"{path}: no such file")
    made = runpy.run_path(path).get(factory)
    if not callable(made):
        raise refusal("usage", f"{path} has no function {factory!r}")
    module = made()
    if not isinstance(module, torch.nn.Module):
        raise refusal("usage", f"{factory} of {path} returns a {type(module).__name__}, no module")
    if weights is None:
        return module
    with open_model(weights) as source:
        return load_folded(module, {name: source.read(name) for name in source.names()})
