"""How errors are shared out by a calibration: for the least that the network feels of them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from nnref.codec.calibration import Calibration
from nnref.codec.encoder.calibrated_model import calibrated_names, signals
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import EncodedTensor
from nnref.codec.model import TensorSource
from nnref.codec.quantization.metrics import ratio_db

_FINEST: Final = 100.0
"""dB of the finest scale; that of the coarsest is 0."""


@dataclass(frozen=True, slots=True)
class OutputAllocation:
    """`Allocation` by a calibration: a scale is the part of the outputs that may be noise."""

    signals: Mapping[str, float]
    """What the network feels of the outputs of each calibrated weight."""

    @property
    def bounds(self) -> tuple[float, float]:
        """log2 of the finest and of the coarsest scale."""
        return -_FINEST / (20 * math.log10(2)), 0.0

    def nominal_sqnr(self, scale: float) -> float:
        """About the SQNR of the outputs in dB that a scale gives."""
        return max(0.0, -20 * math.log10(scale))

    def scale_for(self, sqnr: float) -> float:
        """The scale with about this SQNR in dB."""
        return float(10 ** (-sqnr / 20))

    def settings(self, settings: EncodeSettings, scale: float) -> EncodeSettings:
        """Settings with the SQNR of a scale."""
        return EncodeSettings.from_options(settings, {"sqnr": self.nominal_sqnr(scale)})

    def sqnr(self, encoded: Iterable[EncodedTensor]) -> float:
        """The SQNR in dB of the outputs of all layers together, as the network feels them."""
        noise = math.fsum(
            self.signals[one.name]
            * 10 ** (-(one.sqnr if one.output_sqnr is None else one.output_sqnr) / 10)
            for one in encoded
            if one.name in self.signals
        )
        return ratio_db(math.fsum(self.signals.values()), noise)


def allocate_outputs(
    source: TensorSource, settings: EncodeSettings, calibration: Calibration
) -> OutputAllocation:
    """The allocation of a model; reads its weights once. Raises as `calibrated_names`."""
    own = {name: settings.for_tensor(name) for name in source.names()}
    names = calibrated_names(source, settings, own, calibration)
    return OutputAllocation(signals(source, names, calibration))
