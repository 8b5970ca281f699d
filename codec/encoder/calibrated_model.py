"""What a calibration makes of the settings of a model's tensors.

The outputs of all layers count alike, whatever their scale: what is made small is the sum of their
noise-to-signal ratios. A bit more buys the same in every layer (equal slopes) where the ratio is in
proportion to the number of weights, so that is how an SQNR is shared out.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Final

from nnref.codec.calibration import Calibration
from nnref.codec.encoder.settings import DEFAULT_SQNR, EncodeSettings
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorSource
from nnref.spec.errors import refusal

_OTHER_FORMS: Final = ("codebook", "low_rank", "low_rank_error", "local_scaling")
_LEAST, _MOST = 1.0, 200.0
"""dB that a layer can be given."""


def calibrated_settings(
    source: TensorSource,
    settings: EncodeSettings,
    own: Mapping[str, EncodeSettings],
    calibration: Calibration,
) -> dict[str, EncodeSettings]:
    """The settings of the tensors that are quantized by a calibration, by name.

    `own` are those of all tensors with their rules applied. Raises UsageError setting-conflict for
    tools that go without a calibration, tensor-unknown for one of another model.
    """
    _check(settings)
    names = [name for name in own if name in calibration]
    if not names:
        raise refusal("tensor-unknown", "the calibration knows no tensor of the model")
    names = [name for name in names if _takes_part(source, name, own[name])]
    for name in names:
        _check_tensor(name, own[name])
    sizes = {name: prod(source.info(name).shape) for name in names}
    mean = sum(sizes.values()) / max(1, len(sizes))
    return {name: _shared(own[name], settings, size / mean) for name, size in sizes.items()}


def _check(settings: EncodeSettings) -> None:
    for name, asked in (
        ("compatible", settings.compatible),
        ("effort = 'fast'", settings.effort == "fast"),
    ):
        if asked:
            raise refusal("setting-conflict", f"{name} and a calibration")


def _takes_part(source: TensorSource, name: str, own: EncodeSettings) -> bool:
    info = source.info(name)
    matrix = is_quantized(info.dtype) and len(info.shape) > 1 and prod(info.shape) > 0
    return matrix and not own.lossless


def _check_tensor(name: str, own: EncodeSettings) -> None:
    asked = [tool for tool in _OTHER_FORMS if getattr(own, tool)]
    asked += ["tools"] * (own.tools == "auto")
    asked += ["lnq"] * (own.lnq != "off") + ["scan_order"] * (own.scan_order != 0)
    if asked:
        raise refusal("setting-conflict", f"{asked[0]} and a calibration", tensor=name)


def _shared(own: EncodeSettings, settings: EncodeSettings, part: float) -> EncodeSettings:
    """With the share of the model's SQNR; what the tensor is given by a rule stays."""
    if own.qp is not None or own.step is not None or own.sqnr != settings.sqnr:
        return own
    sqnr = (DEFAULT_SQNR if own.sqnr is None else own.sqnr) - 10 * math.log10(part)
    return replace(own, sqnr=min(max(_LEAST, sqnr), _MOST))
