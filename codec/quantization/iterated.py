"""Clause 10.3: quantization by iterated searches with the rates that the coding really has.

A search needs to know what decisions cost, which depends on the contexts, which depend on all
decisions. So searches are repeated: each takes the rates that the coding of the choice before it
left, and the best choice of all is kept. Encoder policy: nothing here is normative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from nnref.codec.quantization.coding_cost import CodingCost, CostModel
from nnref.codec.quantization.kernels.iterated import (
    round_at_price,
    search_path_at_price,
    trace_back_path,
)
from nnref.codec.quantization.kernels.trellis import search_path, trace_back
from nnref.codec.quantization.kernels.uniform import round_to_grid, squared_error
from nnref.codec.quantization.scan import read_only

FROM_PLAIN: Final = (1.5, 1.25, 1.0, 1.0, 1.0, 1.0)
"""Prices of the passes behind the plain quantizer, in parts of the final price. The first ones
ask for more than the final one: the rates then settle in half the passes."""

_LARGEST: Final = 2.0**24
"""Weights of more steps than this are left to the plain quantizer: their bits hardly differ."""

Levels = npt.NDArray[np.int32]
Scanned = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Choice:
    """Quantized parameters of one tensor with a step, and what they cost."""

    q: Levels
    """int32[n] in scan order."""
    step: float
    noise: float
    """Sum of the squared errors of the decoded weights."""
    cost: CodingCost

    def objective(self, price: float) -> float:
        """Squared error in steps squared plus bits times `price`."""
        return self.noise / self.step**2 + price * self.cost.bits


def plain_choice(scanned: Scanned, step: float, model: CostModel) -> Choice:
    """The choice of least error (dq_flag 1) or of nearest grid points; weights in scan order."""
    scanned, q = read_only(scanned), np.empty(scanned.size, np.int32)
    if model.syntax.dq_flag:
        decisions = np.empty(scanned.size, np.uint16)
        state = search_path(scanned, 1.0 / step, decisions)
        trace_back(scanned, 1.0 / step, decisions, state, q)
    else:
        round_to_grid(scanned, np.float32(1.0 / step), q)
    return _measured(scanned, q, step, model)


def iterate(
    scanned: Scanned,
    step: float,
    price: float,
    model: CostModel,
    rates: CodingCost,
    passes: Sequence[float],
) -> Iterator[Choice]:
    """One choice per pass; the first pass takes `rates`, every other those of the one before.

    Parameter sets of contexts are those of `rates` until the last pass, which finds its own.

    `price` > 0 is that of one bit in steps squared, `passes` holds the parts of it that the
    passes pay. Weights are float32[n] in scan order, finite, and at most 2**24 steps large.
    """
    for number, part in enumerate(passes, 1):
        q = _search(scanned, step, part * price, model, rates)
        choice = _measured(scanned, q, step, model, rates if number < len(passes) else None)
        rates = choice.cost
        yield choice


def can_iterate(scanned: Scanned, step: float) -> bool:
    """Whether `iterate` takes these weights; if not, the plain choice is as good."""
    return scanned.size > 0 and float(np.abs(scanned).max()) <= _LARGEST * step


def _search(
    scanned: Scanned, step: float, price: float, model: CostModel, rates: CodingCost
) -> Levels:
    scanned, q = read_only(scanned), np.empty(scanned.size, np.int32)
    decisions = np.empty(scanned.size, np.uint32)
    tables = (rates.rates, rates.segment, model.restart, model.syntax.unary_length, decisions)
    if model.syntax.dq_flag:
        state = search_path_at_price(scanned, 1.0 / step, price, *tables)
        trace_back_path(scanned, 1.0 / step, decisions, state, q)
    else:
        round_at_price(scanned, 1.0 / step, price, *tables, q)
    return q


def _measured(
    scanned: Scanned, q: Levels, step: float, model: CostModel, like: CodingCost | None = None
) -> Choice:
    noise = float(squared_error(read_only(scanned), q, np.float32(step)))
    return Choice(q, step, noise, model.cost(q, like))
