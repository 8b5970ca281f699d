"""Clause 9.7: which parameter set every context of a tensor gets."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nnref.codec.entropy.arrays import Flags, Quantized
from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.entropy.kernels import search as kernel
from nnref.codec.entropy.plan import Plan
from nnref.spec.errors import refusal
from nnref.spec.tables.cabac import PARAMETER_SETS


class ShiftSearch(StrEnum):
    """How an encoder chooses the parameter sets of the contexts."""

    OFF = "off"
    """Set 0 everywhere."""
    COMPATIBLE = "compatible"
    """As NNCodec 2.1.3 does, which counts something else than it codes: quantized parameters
    instead of levels, no bounds by the codebook, the neighbour kept at the start of a block row,
    the flags that send the choice not at all."""
    EXACT = "exact"
    """By what is really coded."""

    @classmethod
    def _missing_(cls, value: object) -> "ShiftSearch":
        known = ", ".join(cls)
        raise refusal("setting-unknown", f"parameter search {value!r}; known: {known}")


@dataclass(frozen=True, slots=True)
class TensorData:
    """Clause 6.14: what the encoder has to code for one tensor. Arrays are one-dimensional;
    `base`, `history` and `skipped` are empty when not in use.
    """

    quantized: Quantized
    base: Quantized
    history: Flags
    history_flag: int
    row_skip_flag: int
    skipped: Flags
    """row_skip_list."""


def no_choice(plan: Plan) -> Flags:
    """Clause 9.7: shift_idx 0 for every context."""
    return np.zeros(plan.contexts, np.uint8)


def choose_shift_idx(plan: Plan, data: TensorData, compatible: bool) -> tuple[Flags, float]:
    """Clause 9.7: the cheapest of the nine sets for every context, given all bins of a tensor.

    Returns shift_idx by context as uint8 and the estimated saving over set 0, in bits.
    """
    contexts = plan.contexts
    sets = len(PARAMETER_SETS)
    shift_idx = no_choice(plan)
    chunk = max(1, min(kernel.CHUNK, data.quantized.size))
    saving = kernel.choose_shift_idx(
        np.empty(chunk * contexts, np.uint8),
        np.zeros(contexts, np.int64),
        np.zeros(kernel.REGISTERS, np.int64),
        plan.layout,
        (data.history_flag, data.row_skip_flag, int(compatible)),
        data.quantized,
        data.base,
        data.history,
        data.skipped,
        plan.indices,
        np.empty(2 * sets * contexts, np.int64),
        np.zeros(sets * contexts, np.int64),
        shift_idx,
    )
    return shift_idx, saving / ONE_BIT
