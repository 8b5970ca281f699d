"""In which form a weight is coded: by steps, with a codebook, as factors; which one is smallest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from nnref.codec.encoder.data_unit import WrittenUnit, write_data_unit
from nnref.codec.encoder.low_rank import Factors, asked_factors, promising_factors
from nnref.codec.encoder.quality import tensor_sqnr
from nnref.codec.encoder.sparsity import is_sparse
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.encoder.weight import Weight
from nnref.codec.formats import from_carrier
from nnref.spec.errors import UsageError
from nnref.spec.syntax import StreamState

_AUTO_ENTRIES: Final = 256
"""Entries of a codebook that the encoder chooses by itself, at most."""


@dataclass(frozen=True, slots=True)
class WeightForm:
    """The form of a weight: factors or not, and for each tensor a codebook or not."""

    entries: int = 0
    """Of a codebook, at most; 0 for none."""
    max_squared_error: float | None = None
    """The codebook is the smallest that keeps to this; None: the best of so many entries."""
    factors: Factors | None = None
    dependent: bool = True
    """Dependent quantization, where the settings have it; False: nowhere."""


class UnitBuilder(Protocol):
    """Makes the unit of a weight, and of what is beside it, in some form."""

    def __call__(self, form: WeightForm, /) -> DataUnit:
        """The unit, quantized but not yet coded."""


def smallest_unit(
    build: UnitBuilder, weight: Weight, state: StreamState
) -> tuple[DataUnit, WrittenUnit]:
    """The unit of a weight in the form that its settings ask for.

    Where they leave the form to the encoder, it is the smallest of those tried that has no more
    error than the plain form.
    """
    settings = weight.settings
    entries = settings.codebook if isinstance(settings.codebook, int) else 0
    factors = asked_factors(weight.coded, settings) if weight.has_forms else None
    form = WeightForm(entries, factors=factors)
    best = build(form)
    written = write_data_unit(best, state)
    if best.tools.dq_flag and _may_be_independent(weight):
        unit = build(replace(form, dependent=False))
        other = write_data_unit(unit, state)
        if len(other.data) < len(written.data):
            form, best, written = replace(form, dependent=False), unit, other
    undecided = settings.codebook == "auto" or settings.low_rank == "auto"
    if not weight.has_forms or factors is not None or not undecided:
        return best, written
    error = _squared_error(best, weight, state)
    for other_form in _other_forms(weight, error, form):
        try:
            unit = build(other_form)
        except UsageError:  # factors of far larger or smaller numbers than the weight
            continue
        if _squared_error(unit, weight, state) > error:
            continue
        other = write_data_unit(unit, state)
        if len(other.data) < len(written.data):
            best, written = unit, other
    return best, written


def _may_be_independent(weight: Weight) -> bool:
    """Whether the encoder may do without dependent quantization, and that may pay.

    It may where an SQNR is asked for, which is then reached in another way; with a calibration that
    would be another error of the outputs.
    """
    settings, values = weight.settings, weight.coded
    if settings.plain or weight.moments is not None or tensor_sqnr(values, settings) is None:
        return False
    return weight.has_forms and is_sparse(values)


def _other_forms(weight: Weight, error: float, plain: WeightForm) -> Iterator[WeightForm]:
    if weight.settings.codebook == "auto":
        yield WeightForm(_AUTO_ENTRIES, error)
    if weight.settings.low_rank == "auto" and error > 0:
        for factors in promising_factors(weight.coded, error):
            yield replace(plain, factors=factors)


def _squared_error(unit: DataUnit, weight: Weight, state: StreamState) -> float:
    """That of the weight as a user gets it, rounded to its data type."""
    carrier, decoded = weight.carrier, weight.decoded(unit.members, state.qp_density)
    output = from_carrier(decoded, carrier.format_code, carrier.payload_type)
    difference = carrier.values.astype(np.float64) - output.astype(np.float64)
    return float(np.vdot(difference, difference))
