"""Clustering kernels by their correlation: templates, and a scale and an offset for each kernel.

Encoder policy. A kernel less its mean is compared with templates of mean 0 and norm 1 by the
Pearson correlation r: with its magnitude, because a scale may be negative, or with its sign.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Indices = NDArray[np.int32]

_PASSES: Final = 20
_SETTLED: Final = 1e-3
"""Part of the kernels that may still change their template in the last pass."""
_CHUNK: Final = 1 << 20
"""Correlations that are computed at a time."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """Kernels as they are clustered: float64[kernels, size] without their means."""

    centred: Float64
    signed: bool
    """Whether a kernel belongs to the template of greatest r; if not, of greatest |r|."""

    @classmethod
    def of(cls, kernels: Float64, *, signed: bool = False) -> "Kernels":
        """Kernels as they are in the tensor."""
        return cls(kernels - kernels.mean(axis=1, keepdims=True), signed)

    def nearest(self, templates: Float64) -> tuple[Indices, Float64]:
        """The template of every kernel, and the scale that suits it.

        `templates` are float64[count, size] of any mean and norm; a constant one suits none.
        """
        units = _normalized(templates - templates.mean(axis=1, keepdims=True))
        count = len(self.centred)
        indices, products = np.empty(count, np.int32), np.empty(count)
        portion = max(1, _CHUNK // len(units))
        for start in range(0, count, portion):
            part = self.centred[start : start + portion] @ units.T
            found = np.argmax(part if self.signed else np.abs(part), axis=1)
            indices[start : start + portion] = found
            products[start : start + portion] = part[np.arange(len(part)), found]
        return indices, products

    def clustered(self, count: int) -> tuple[Float64, Indices]:
        """Templates of mean 0 and norm 1, those of the most kernels first, and the index of each.

        Starts with the kernels that the templates so far explain worst. In every pass a kernel
        goes to its nearest template, and a template to the direction that its kernels, weighted by
        their scales, have in common: this never increases the squared error. `count` is at most
        the number of kernels.
        """
        templates = self._first(count)
        indices, scales = self.nearest(templates)
        for _ in range(_PASSES):
            templates = self._improved(templates, indices, scales)
            before = indices
            indices, scales = self.nearest(templates)
            if np.count_nonzero(indices != before) <= _SETTLED * len(indices):
                break
        order = np.argsort(-np.bincount(indices, minlength=count), kind="stable")
        places = np.empty(count, np.int32)
        places[order] = np.arange(count)
        return templates[order], places[indices]

    def _first(self, count: int) -> Float64:
        energies = np.einsum("ij,ij->i", self.centred, self.centred)
        left = energies.copy()
        chosen = np.empty((count, self.centred.shape[1]))
        for number in range(count):
            chosen[number] = _normalized(self.centred[int(np.argmax(left))][None])[0]
            products = self.centred @ chosen[number]
            if self.signed:
                np.maximum(products, 0, out=products)
            np.minimum(left, energies - products**2, out=left)
        return chosen

    def _improved(self, templates: Float64, indices: Indices, scales: Float64) -> Float64:
        count = len(templates)
        sums = np.empty_like(templates)
        for place, column in enumerate(self.centred.T):
            sums[:, place] = np.bincount(indices, scales * column, count)
        return np.where(sums.any(axis=1, keepdims=True), _normalized(sums), templates)


def _normalized(rows: Float64) -> Float64:
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return _divided(rows, norms)


def _divided(numbers: Float64, divisors: Float64) -> Float64:
    """Quotients, and 0 where the divisor is."""
    quotients = np.zeros_like(numbers)
    np.divide(numbers, divisors, out=quotients, where=divisors > 0)
    return quotients


def fitted_scales(kernels: Float64, chosen: Float64) -> Float64:
    """The a of least squared error in a * template + b, for every kernel.

    `kernels` and `chosen`, their templates, are float64[kernels, size]; 0 where that is constant.
    """
    centred = chosen - chosen.mean(axis=1, keepdims=True)
    energy = np.einsum("ij,ij->i", centred, centred)
    products = np.einsum("ij,ij->i", kernels, centred)
    return _divided(products, energy)
