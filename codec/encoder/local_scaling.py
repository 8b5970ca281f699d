"""Local scaling factors as a member of a weight's unit. Encoder policy."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.member import CodedMember, UnitTools, quantized_member
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.weight import Weight, scaling_name
from nnref.codec.quantization import qp_range
from nnref.codec.quantization.step import qp_below
from nnref.codec.transform.local_scaling import fitted_factors
from nnref.spec.syntax import StreamState

Float32 = NDArray[np.float32]

_STRICTEST_ROWS: Final = 0.05
"""Part of the rows whose factors would need a smaller step."""
_FINEST_STEP: Final = 2.0**-20
"""Of the largest factor."""


def scaling_member(
    weight: Weight,
    reference: Float32,
    members: Sequence[CodedMember],
    state: StreamState,
    tools: UnitTools,
) -> CodedMember:
    """The factors with which what a decoder makes of `members` comes nearest to `reference`.

    That is the weight, or what a rank leaves of it. The factors' step is the settings' nonweight_qp
    or follows from the errors of the rows. Raises UsageError as `quantized_member` does.
    """
    assert weight.scaling is not None
    rows = weight.decoded(members, state.qp_density)
    factors = fitted_factors(reference, rows, weight.scaling)
    settings = replace(weight.settings, holds_for_vectors=False)
    if settings.nonweight_qp is None:
        step = _step(reference, rows, factors)
        settings = replace(settings, nonweight_qp=_qp(step, settings, state.base_qp))
    return quantized_member(scaling_name(weight.name), factors, settings, tools, state, "ls")


def _step(reference: Float32, rows: NDArray[Any], factors: Float32) -> float:
    """With which rounding a factor adds as much to the squared error of its row as a weight has.

    That takes the fewest bits in all: a bit more for the factor would gain what it gains elsewhere.
    A step d has an error of d * d / 12 times the energy of the decoded row.
    """
    wanted, found = (each.astype(np.float64).reshape(len(each), -1) for each in (reference, rows))
    error = np.sum((wanted - found * factors.astype(np.float64)[:, None]) ** 2, axis=1)
    energy = np.sum(found**2, axis=1)
    present = energy > 0
    largest = float(np.abs(factors).max())
    if not present.any():
        return largest
    steps = np.sqrt(12 * error[present] / (found.shape[1] * energy[present]))
    return max(float(np.quantile(steps, _STRICTEST_ROWS)), _FINEST_STEP * largest)


def _qp(step: float, settings: EncodeSettings, base_qp: int) -> int:
    legal = qp_range(settings.density, base_qp)
    return min(max(qp_below(step, settings.density), legal[0]), legal[-1])
