"""How errors are shared out among the tensors of a model.

The total error is the sum over all weight tensors of a factor times the squared error. It takes the
fewest bits where one bit more buys the same in every tensor (equal slopes). The encoder pays for a
bit the same part of a squared step everywhere, so slopes are equal where the factor times the
squared step is: a tensor's step is a common scale divided by the root of its factor.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import EncodedTensor
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorSource
from nnref.codec.quantization.metrics import ratio_db
from nnref.spec.errors import refusal

Weighting = Literal["tensor", "model"] | Mapping[str, float]
"""What a squared error counts: "tensor", in parts of the mean square of its tensor, so that every
tensor gets about the same SQNR; "model", the same everywhere, so that all get the same step; or a
factor for every weight tensor by name, as a sensitivity analysis finds them."""

_FINE_DENSITY: Final = 6
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_SQNR_OF_ONE_STEP: Final = 6.0
"""dB that dependent quantization has about where the step is the root mean square."""
_VECTOR_SQNRS: Final = (3.0, 100.0)
"""Bounds of what is asked of weights for the sake of vectors, which get more (`EncodeSettings`)."""
_MARGIN: Final = 8.0
"""Octaves between the root mean square of the weights and the coarsest scale, at least."""
_FINEST: Final = 20.0
"""Octaves between it and the finest one: about 125 dB."""


@dataclass(frozen=True, slots=True)
class WeightTensor:
    """One tensor with two dimensions or more that takes part."""

    factor: float
    """What its squared errors count."""
    energy: float
    """Sum of its squares."""
    peak: float
    """Its largest magnitude."""
    size: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """The weight tensors of a model that are not zero, by name."""

    tensors: Mapping[str, WeightTensor]

    @property
    def _signal(self) -> float:
        return math.fsum(tensor.factor * tensor.energy for tensor in self.tensors.values())

    @property
    def root_mean_square(self) -> float:
        """Of all weights, each times the root of its factor: in units of the scale."""
        size = sum(tensor.size for tensor in self.tensors.values())
        return math.sqrt(self._signal / size) if size else 1.0

    @property
    def bounds(self) -> tuple[float, float]:
        """log2 of the finest and of the coarsest scale, with which all is zero."""
        middle = math.log2(self.root_mean_square)
        peaks = (t.peak * math.sqrt(t.factor) for t in self.tensors.values())
        coarsest = math.log2(max(peaks, default=1.0)) + 2.0
        return middle - _FINEST, max(middle + _MARGIN, coarsest)

    def nominal_sqnr(self, scale: float) -> float:
        """About the total SQNR in dB that a scale gives."""
        return _SQNR_OF_ONE_STEP - 20 * math.log10(scale / self.root_mean_square)

    def scale_for(self, sqnr: float) -> float:
        """The scale with about this total SQNR in dB."""
        return self.root_mean_square * 10 ** ((_SQNR_OF_ONE_STEP - sqnr) / 20)

    def settings(self, settings: EncodeSettings, scale: float) -> EncodeSettings:
        """Settings with the steps that a scale gives; other tensors follow its SQNR."""
        low, high = _VECTOR_SQNRS
        options: dict[str, Any] = {
            "sqnr": min(max(low, self.nominal_sqnr(scale)), high),
            "steps": self._steps(scale),
        }
        if settings.qp_density is None and not settings.compatible:
            options["qp_density"] = _FINE_DENSITY
        return EncodeSettings.from_options(settings, options)

    def _steps(self, scale: float) -> dict[str, float]:
        """Every tensor's step. They lie apart from each other by parts of a quantization parameter,
        so that the tensors do not all go from one to the next at the same scale.
        """
        finer = ((i * _GOLDEN) % 1.0 / (1 << _FINE_DENSITY) for i in range(len(self.tensors)))
        return {
            name: scale / math.sqrt(tensor.factor) * 2.0**-part
            for (name, tensor), part in zip(self.tensors.items(), finer, strict=True)
        }

    def sqnr(self, encoded: Iterable[EncodedTensor]) -> float:
        """The total SQNR in dB: of the weight tensors taken together, with their factors."""
        noise = math.fsum(
            self.tensors[one.name].factor * self.tensors[one.name].energy * 10 ** (-one.sqnr / 10)
            for one in encoded
            if one.name in self.tensors
        )
        return ratio_db(self._signal, noise)


def allocate(source: TensorSource, weighting: Weighting) -> Allocation:
    """The allocation of a model; reads every weight tensor once.

    Raises UsageError setting-unknown for a weighting that is none: factors are positive numbers,
    one for every weight tensor and for nothing else.
    """
    names = [name for name in source.names() if _is_weight(source, name)]
    if isinstance(weighting, Mapping):
        _check_factors(weighting, names)
    elif weighting not in ("tensor", "model"):
        raise refusal("setting-unknown", f"weighting = {weighting!r}; one of tensor, model")
    measured = {name: _measured(source.read(name), weighting, name) for name in names}
    return Allocation({name: tensor for name, tensor in measured.items() if tensor.energy > 0})


def _is_weight(source: TensorSource, name: str) -> bool:
    info = source.info(name)
    return is_quantized(info.dtype) and len(info.shape) > 1


def _check_factors(factors: Mapping[str, float], names: list[str]) -> None:
    for name in names:
        if name not in factors:
            raise refusal("setting-unknown", f"the weighting has no factor for {name!r}")
    for name, factor in factors.items():
        if name not in names:
            raise refusal("setting-unknown", f"the weighting names {name!r}, no weight tensor")
        number = isinstance(factor, int | float) and not isinstance(factor, bool)
        if not number or not 0 < factor < math.inf:
            raise refusal("setting-unknown", f"the weighting of {name!r} is {factor!r}")


def _measured(array: NDArray[Any], weighting: Weighting, name: str) -> WeightTensor:
    values = array.astype(np.float64).reshape(-1)
    values[~np.isfinite(values)] = 0.0  # the encoder refuses them, or keeps that tensor
    energy, peak = float(np.vdot(values, values)), float(np.abs(values).max(initial=0.0))
    if isinstance(weighting, Mapping):
        factor = float(weighting[name])
    else:
        factor = 1.0 if weighting == "model" or energy == 0 else values.size / energy
    return WeightTensor(factor, energy, peak, values.size)
