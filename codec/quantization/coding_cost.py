"""Clause 9.7: what a tensor's coding costs, without writing it. Encoder policy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import NO_FLAGS, NO_LEVELS, Flags, quantized_parameters
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

SHORTEST_SEGMENT: Final = 1024
"""Weights over which rates are averaged, at least: shorter segments follow the noise of the
estimators (measured on trained layers: 256 and the whole tensor cost 0.1 % each)."""

SHIFT_IDX_BITS: Final = 3.0
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
    shift_idx: Flags
    """Clause 9.7: the parameter sets of all contexts."""


class CostModel:
    """Clause 9: prices choices for one tensor, whose weights it takes in scan order."""

    def __init__(self, shape: tuple[int, ...], syntax: TensorSyntax, *, search: bool) -> None:
        """`shape` is the tensor's; without `search` every context keeps parameter set 0."""
        self.syntax = syntax
        self.restart = syntax.block_edge * syntax.columns if syntax.block_rows > 1 else 0
        self._shape = shape
        self._search = search
        self._plan = plan(syntax, Dialect.NNCODEC_2)
        self._contexts = estimated_contexts(syntax.unary_length)
        self.segment = max(SHORTEST_SEGMENT, 8 * self._contexts.size)

    def cost(self, q: npt.NDArray[np.int32], like: CodingCost | None = None) -> CodingCost:
        """The cost of quantized parameters int32[n] in scan order.

        With the parameter sets of an earlier cost under the same unary length, where one is given:
        to find the best ones takes more time than all else.
        """
        shift_idx = self._shift_idx(q) if like is None else like.shift_idx
        segments = max(1, -(-q.size // self.segment))
        rates = np.empty((segments, 2 * self._contexts.size), np.int32)
        cost = measure_rates(
            q,
            int(self.syntax.dq_flag),
            self.syntax.unary_length,
            self.restart,
            START_WORDS[shift_idx[self._contexts]],
            self.segment,
            rates,
        )
        bits = cost / ONE_BIT + self._shift_idx_bits(shift_idx)
        return CodingCost(bits, rates, self.segment, shift_idx)

    def _shift_idx(self, q: npt.NDArray[np.int32]) -> Flags:
        """Clause 9.7: the best shift_idx by context."""
        if not self._search:
            return no_choice(self._plan)
        parameters = from_scan(q, self._shape, self.syntax.scan_order)
        settled = quantized_parameters(self.syntax, parameters)
        data = TensorData(settled, NO_LEVELS, NO_FLAGS, 0, 0, NO_FLAGS)
        return choose_shift_idx(self._plan, data, compatible=False)[0]

    def _shift_idx_bits(self, shift_idx: Flags) -> float:
        """Clause 9.7: the bits that send shift_idx."""
        indices = self._plan.indices
        history = (indices >= SIG_HISTORY) & (indices < SIGN_PLAIN)
        present = (shift_idx[indices[~history]] > 0).astype(np.uint8)
        flags = flags_cost(present, int(START_WORDS[0])) / ONE_BIT
        return float(flags + SHIFT_IDX_BITS * np.count_nonzero(shift_idx))


def estimated_contexts(unary_length: int) -> npt.NDArray[np.int64]:
    """Clause 9.4: the contexts of a tensor by the numbers they have in the rate kernels."""
    runs = (
        (0, SIGN_PLAIN // 2),
        (SIGN_PLAIN, 3),
        (GREATER_PLAIN, 2 * unary_length),
        (remainder_prefix(unary_length), MAX_PREFIX),
    )
    return np.concatenate([np.arange(first, first + length) for first, length in runs])
