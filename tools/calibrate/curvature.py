"""How much the outputs of a network feel the outputs of its layers: second derivatives.

What a small error of a layer's output does to the network's output is half the error times the
curvature of the distance between outputs, on average over inputs. Its diagonal over the rows of the
weight is the mean square of a random gradient (the Fisher information), so that one run backwards
for each input finds that of all layers: no labels are needed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments, MomentsShape
from nnref.spec.errors import refusal
from nnref.tools.calibrate.products import Product

Outputs = Literal["auto", "logits", "values", "none"]
"""What a network's outputs are: "logits", whose distance is the Kullback-Leibler divergence of the
distributions along the last dimension; "values", whose distance is the squared error; "auto" takes
those with more than three dimensions (pictures) or a single value for values; "none" looks at no
outputs, so that all layers count alike."""

_TEMPERATURE: Final = 2.0
"""Divides logits: where a network is sure, there are no derivatives, and yet errors add up."""
_SEED: Final = 15938


@dataclass(slots=True)
class Curvature:
    """Sums of squared gradients of one weight."""

    products: NDArray[np.float64]
    """Of the results of products: float64[rows]."""
    looked_up: NDArray[np.float64]
    """Of rows that are looked up, the mean over columns: float64[rows]."""
    gradients: NDArray[np.float64] | None = None
    """Of rows that are looked up, g g': float64[columns, columns]."""

    def moments(self, found: Moments, outputs: int) -> Moments:
        """Moments with what rows count, per output of the network.

        A weight that is looked up has those of the gradients in the rows that are looked up, one
        that is a factor of products, too, the sum of both.
        """
        gains = self.products / outputs
        if self.gradients is None:
            return Moments(found.columns, None, found.count, gains)
        columns = len(self.gradients)
        own = self.gradients[None] / outputs / len(gains)
        if found.columns is not None:
            own = own + found.columns * gains.mean()
            gains = gains * float(np.trace(found.columns[0]))
        else:
            gains = np.zeros_like(gains)
        gains = gains + self.looked_up / outputs * columns
        scale = float(np.trace(own[0]))
        return Moments(own, None, found.count, gains / scale if scale > 0 else gains)


class CurvatureSums:
    """Sums over the products of a module's weights, one batch of inputs after the other."""

    def __init__(self, torch: Any, outputs: Outputs, names: Mapping[int, list[str]]) -> None:
        self._torch, self._kind, self._names = torch, outputs, names
        self._generator = torch.Generator().manual_seed(_SEED)
        self._seen: list[tuple[Product, Any]] = []
        self.outputs = 0
        """Outputs of the network that were seen: distributions, or values."""
        self.found: dict[str, Curvature] = {}
        """By the name of the weight."""

    def note(self, product: Product, result: Any) -> Any:
        """Remember a product; the module gets a copy of the result, as it may write into it."""
        if id(product.weight) not in self._names:
            return result
        if not result.requires_grad:
            result.requires_grad_()
        self._seen.append((product, result))
        return result.clone()

    def add(self, outputs: Any) -> None:
        """Take in the outputs of a batch. Raises UsageError input-type for what has no gradient."""
        loss = self._loss(_tensor(self._torch, outputs))
        results = [result for _, result in self._seen]
        gradients = self._torch.autograd.grad(loss, results, allow_unused=True)
        for (product, _), gradient in zip(self._seen, gradients, strict=True):
            if gradient is not None:
                for name in self._names[id(product.weight)]:
                    self._add(name, product, gradient.detach())
        self._seen.clear()

    def _loss(self, outputs: Any) -> Any:
        """A number whose gradients, on average over its dice, have the distance's curvature."""
        torch = self._torch
        pictures = outputs.ndim > 3 or outputs.shape[-1] == 1
        if self._kind == "values" or (self._kind == "auto" and pictures):
            self.outputs += outputs.numel()
            return (outputs * torch.randn(outputs.shape, generator=self._generator)).sum()
        logits = outputs.reshape(-1, outputs.shape[-1]) / _TEMPERATURE
        self.outputs += len(logits)
        drawn = torch.multinomial(logits.detach().softmax(-1), 1, generator=self._generator)
        return -logits.log_softmax(-1).gather(1, drawn).sum()

    def _add(self, name: str, product: Product, gradient: Any) -> None:
        shape = product.shape
        found = self.found.setdefault(
            name, Curvature(np.zeros(shape.rows), np.zeros(shape.rows), None)
        )
        if shape.groups:
            found.products += product.by_row(gradient.double().square()).sum(0).cpu().numpy()
            return
        flat = gradient.reshape(-1, shape.columns).double()
        (indices,) = product.inputs()
        energy = flat.square().mean(1).cpu().numpy()
        found.looked_up += np.bincount(indices.reshape(-1), energy, shape.rows)
        squares = (flat.T @ flat).cpu().numpy()
        found.gradients = squares if found.gradients is None else found.gradients + squares


def shape_with(found: MomentsShape, curvature: Curvature | None) -> MomentsShape:
    """The shape of the moments that `Curvature.moments` gives."""
    if curvature is None or found.groups:
        return found
    return MomentsShape(found.rows, 1, found.columns)


def _tensor(torch: Any, outputs: Any) -> Any:
    """The outputs that count: a tensor, the field `logits` of a record, or the first of several."""
    found = getattr(outputs, "logits", outputs)
    if isinstance(found, Mapping):
        found = next(iter(found.values()), None)
    elif isinstance(found, Iterable) and not isinstance(found, torch.Tensor):
        found = next(iter(found), None)
    if not isinstance(found, torch.Tensor) or not found.requires_grad or not found.ndim:
        detail = "the module's outputs are no tensor that depends on its weights' products; try "
        raise refusal("input-type", f"{detail}outputs = 'none' (--outputs none)")
    return found
