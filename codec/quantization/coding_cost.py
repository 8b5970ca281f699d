"""Clause 9.7: what a tensor's coding costs, without writing it. Encoder policy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import NO_FLAGS, NO_LEVELS, quantized_parameters
from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.entropy.plan import plan
from nnref.codec.entropy.search import TensorData, choose_shift_idx, no_choice
from nnref.codec.entropy.syntax import TensorSyntax
from nnref.codec.entropy.tables import START_WORDS
from nnref.codec.quantization.kernels.adaptive_rates import flags_cost, measure_rates
from nnref.codec.quantization.kernels.rate import MAX_PREFIX
from nnref.codec.quantization.scan import from_scan
from nnref.spec.tables.cabac import GREATER_PLAIN, SIG_HISTORY, SIGN_PLAIN, remainder_prefix
from nnref.spec.tables.enums import Dialect

_SHORTEST_SEGMENT: Final = 1024
"""Weights over which rates are averaged, at least: shorter segments follow the noise of the
estimators (measured on trained layers: 256 and the whole tensor cost 0.1 % each)."""

_SHIFT_IDX_BITS: Final = 3.0
"""Of shift_idx_minus_1."""


@dataclass(frozen=True, slots=True)
class CodingCost:
    """The bits that a choice of quantized parameters costs, and the rates that it leaves."""

    bits: float
    """Of the weights and of the parameter sets of their contexts."""
    rates: npt.NDArray[np.int32]
    """As `measure_rates` writes them."""
    segment: int
    """Weights per row of `rates`."""


class CostModel:
    """Clause 9: prices choices for one tensor, whose weights it takes in scan order."""

    def __init__(self, shape: tuple[int, ...], syntax: TensorSyntax, *, search: bool) -> None:
        """`shape` is the tensor's; without `search` every context keeps parameter set 0."""
        self.syntax = syntax
        self.restart = syntax.block_edge * syntax.columns if syntax.block_rows > 1 else 0
        self._shape = shape
        self._search = search
        self._contexts = _estimated_contexts(syntax.unary_length)
        self.segment = max(_SHORTEST_SEGMENT, 8 * self._contexts.size)

    def cost(self, q: npt.NDArray[np.int32]) -> CodingCost:
        """The cost of quantized parameters int32[n] in scan order."""
        shift_idx, bits = self._shift_idx(q)
        segments = max(1, -(-q.size // self.segment))
        rates = np.empty((segments, 2 * shift_idx.size), np.int32)
        cost = measure_rates(
            q,
            int(self.syntax.dq_flag),
            self.syntax.unary_length,
            self.restart,
            START_WORDS[shift_idx],
            self.segment,
            rates,
        )
        return CodingCost(cost / ONE_BIT + bits, rates, self.segment)

    def _shift_idx(self, q: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.uint8], float]:
        """Clause 9.7: shift_idx of the estimated contexts, and the bits of all that are sent."""
        known = plan(self.syntax, Dialect.NNCODEC_2)
        shift_idx = no_choice(known)
        if self._search:
            parameters = from_scan(q, self._shape, self.syntax.scan_order)
            settled = quantized_parameters(self.syntax, parameters)
            data = TensorData(settled, NO_LEVELS, NO_FLAGS, 0, 0, NO_FLAGS)
            shift_idx, _ = choose_shift_idx(known, data, compatible=False)
        history = (known.indices >= SIG_HISTORY) & (known.indices < SIGN_PLAIN)
        present = (shift_idx[known.indices[~history]] > 0).astype(np.uint8)
        flags = flags_cost(present, int(START_WORDS[0])) / ONE_BIT
        bits = flags + _SHIFT_IDX_BITS * np.count_nonzero(shift_idx)
        return shift_idx[self._contexts], float(bits)


def _estimated_contexts(unary_length: int) -> npt.NDArray[np.int64]:
    """Clause 9.4: the contexts of a tensor by the numbers they have in the rate kernels."""
    runs = (
        (0, SIGN_PLAIN // 2),
        (SIGN_PLAIN, 3),
        (GREATER_PLAIN, 2 * unary_length),
        (remainder_prefix(unary_length), MAX_PREFIX),
    )
    return np.concatenate([np.arange(first, first + length) for first, length in runs])
