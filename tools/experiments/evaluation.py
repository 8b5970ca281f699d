"""What a network is worth, by a Python file of the user's.

The file has a function `evaluate(network, tensors, reference)` that takes the name of a network,
its decoded tensors and those that were coded, as numpy arrays by name, and returns numbers by name:
the task metric first, and then, where it can, an error of outputs that is 0 for the reference
itself, such as the mean divergence of what both networks say.
"""

import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from nnref.spec.errors import refusal

Tensors = Mapping[str, Any]
Evaluate = Callable[[str, Tensors, Tensors], Mapping[str, float]]


@dataclass(frozen=True)
class Evaluator:
    """The function of a file."""

    path: Path

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file: figures of another one are others. Raises FileError."""
        try:
            return sha256(self.path.read_bytes()).hexdigest()
        except OSError as failure:
            raise refusal("file-not-found", str(failure)) from failure

    @cached_property
    def _function(self) -> Evaluate:
        found = runpy.run_path(str(self.path)).get("evaluate")
        if not callable(found):
            raise refusal("usage", f"{self.path} has no function evaluate")
        function: Evaluate = found
        return function

    def metrics(self, network: str, tensors: Tensors, reference: Tensors) -> dict[str, float]:
        """Raises UsageError usage, evaluation-failed, and what the function raises."""
        found = self._function(network, tensors, reference)
        numbers = {name: float(value) for name, value in found.items()}
        if not numbers:
            raise refusal("evaluation-failed", f"{self.path} says nothing of {network}")
        return numbers
