"""Low-rank factors of a weight (clauses 7.8.5 and 10.6). Encoder policy but for their meaning."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.settings import EncodeSettings

Float32 = NDArray[np.float32]
Float64 = NDArray[Any]

_SHARES: Final = (0.1, 0.3, 0.6)
"""Parts of an allowed error that are tried for what the rank leaves out."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Clause 10.6: G of rows x rank and H of rank x columns, float32."""

    g: Float32
    h: Float32
    sqnr: float | None = None
    """dB that their product is to reach as a decoder finds it; None: what the settings say."""

    @property
    def rank(self) -> int:
        """decomposition_rank."""
        return int(self.g.shape[1])

    @property
    def margins(self) -> tuple[float, float]:
        """By how many dB G and H are to be finer than their product, with steps small beside them.

        Errors of a column of G come into the product with the energy of the row of H, and the
        other way round. Bits are fewest when a factor has a part of the error like its part of
        the numbers.
        """
        energies = np.sum(np.square(self.g, dtype=np.float64), axis=0)
        spread = self.rank * float(np.square(energies).sum())
        peaked = 10 * math.log10(float(energies.sum()) ** 2 / spread) if spread else 0.0
        g, h = (
            10 * math.log10((self.g.size + self.h.size) / each.size) for each in (self.g, self.h)
        )
        return peaked + g, peaked + h


class Decomposition:
    """The singular value decomposition of a weight, as a matrix of rows x columns.

    The entry of largest magnitude in each left singular vector is positive (of equal ones the
    first); otherwise signs would be up to the library. Singular vectors, most of the work, are
    computed when factors are first asked for.
    """

    def __init__(self, values: Float32) -> None:
        self._matrix = values.reshape(values.shape[0], -1).astype(np.float64)

    @cached_property
    def left_out(self) -> Float64:
        """Squared error of every rank, from 0 on: the energy that is not in the product."""
        singular = np.linalg.svd(self._matrix, compute_uv=False)
        tails = np.cumsum(np.square(singular)[::-1])[::-1]
        return np.append(tails, 0.0)

    @cached_property
    def _vectors(self) -> tuple[Float64, Float64, Float64]:
        left, singular, right = np.linalg.svd(self._matrix, full_matrices=False)
        signs = np.where(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])] < 0, -1.0, 1.0)
        return left * signs, singular, right * signs[:, np.newaxis]

    def factors(self, rank: int, sqnr: float | None = None) -> Factors:
        """The factors of the best approximation of a rank, with equal energies."""
        left, singular, right = self._vectors
        roots = np.sqrt(singular[:rank])
        g = (left[:, :rank] * roots).astype(np.float32)
        h = (right[:rank] * roots[:, np.newaxis]).astype(np.float32)
        return Factors(np.ascontiguousarray(g), np.ascontiguousarray(h), sqnr)


def can_be_factored(shape: tuple[int, ...], rank: int = 1) -> bool:
    """Whether factors of a rank have fewer numbers than a weight of this shape."""
    if len(shape) < 2:
        return False
    rows, columns = shape[0], prod(shape[1:])
    return 0 < rank * (rows + columns) < rows * columns


def asked_factors(values: Float32, settings: EncodeSettings) -> Factors | None:
    """The factors that the settings name outright, by ratio or by error; None without any.

    A rank whose factors have no fewer numbers than the weight is no use: None.
    """
    rows, columns = values.shape[0], prod(values.shape[1:])
    if not can_be_factored(values.shape):
        return None
    if settings.low_rank_error is not None:
        decomposition = Decomposition(values)
        left_out = decomposition.left_out
        rank = max(1, int(np.argmax(left_out <= settings.low_rank_error**2 * left_out[0])))
        return decomposition.factors(rank) if can_be_factored(values.shape, rank) else None
    if isinstance(settings.low_rank, str) or settings.low_rank is None:
        return None
    rank = max(1, math.floor(settings.low_rank * rows * columns / (rows + columns)))
    rank = min(rank, rows, columns)
    return Decomposition(values).factors(rank) if can_be_factored(values.shape, rank) else None


def promising_factors(values: Float32, squared_error: float) -> Iterator[Factors]:
    """Factors that can be coded with no more than a squared error in all, of a few ranks.

    Each is to be coded as finely as the error that its rank leaves out makes necessary.
    """
    if not can_be_factored(values.shape):
        return
    decomposition = Decomposition(values)
    left_out = decomposition.left_out
    seen = set()
    for share in _SHARES:
        rank = int(np.argmax(left_out <= share * squared_error))
        if rank in seen or not can_be_factored(values.shape, rank):
            continue
        seen.add(rank)
        signal, allowed = left_out[0] - left_out[rank], squared_error - left_out[rank]
        yield decomposition.factors(rank, 10 * math.log10(signal / allowed))
