"""What a calibration makes of the settings of a model's tensors.

What is made small is the sum of the squared errors of all layers' outputs, each times what it
counts: what it does to the outputs of the network, where the calibration knows that, and otherwise
in parts of the layer's own outputs, whatever their scale. A bit more buys the same in every layer
(equal slopes) where that error is in proportion to the number of weights, so that is how an SQNR is
shared out.
"""

import math
from collections.abc import Mapping
from math import prod
from typing import Final

import numpy as np

from nnref.codec.calibration import Calibration, Moments
from nnref.codec.encoder.settings import DEFAULT_SQNR, EncodeSettings
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorSource
from nnref.codec.model.tensors import Array
from nnref.spec.errors import NnrError, refusal

_OTHER_FORMS: Final = ("codebook", "low_rank", "low_rank_error", "local_scaling")
_LEAST_SIGNAL: Final = 1e-6
"""What a layer counts at least, in parts of what the others do on average."""


def shares(
    source: TensorSource,
    settings: EncodeSettings,
    own: Mapping[str, EncodeSettings],
    calibration: Calibration,
) -> dict[str, float | None]:
    """The tensors that are quantized by a calibration: `Moments.share` by name.

    A tensor to which a rule gives a quality of its own has no share. Arguments and errors are those
    of `calibrated_names`.
    """
    names = calibrated_names(source, settings, own, calibration)
    felt = signals(source, names, calibration)
    sizes = {name: prod(source.info(name).shape) for name in names}
    mean = sum(felt.values()) / max(1, sum(sizes.values()))
    return {name: _share(own[name], settings, felt[name] / sizes[name] / mean) for name in names}


def calibrated_names(
    source: TensorSource,
    settings: EncodeSettings,
    own: Mapping[str, EncodeSettings],
    calibration: Calibration,
) -> list[str]:
    """The tensors that are quantized by a calibration.

    `own` are the settings of all tensors with their rules applied. Raises UsageError
    setting-conflict for tools that go without a calibration, tensor-unknown for one of another
    model.
    """
    _check(settings)
    names = [name for name in own if name in calibration]
    if not names:
        raise refusal("tensor-unknown", "the calibration knows no tensor of the model")
    names = [name for name in names if _takes_part(source, name, own[name])]
    for name in names:
        _check_tensor(name, own[name])
    return names


def moments_of(source: TensorSource, calibration: Calibration, name: str) -> Moments:
    """The moments of a weight. Raises UsageError setting-conflict, FileError file-format."""
    try:
        moments = calibration.moments(name)
        moments.check(source.info(name).shape)
    except NnrError as error:
        raise error.at(tensor=name) from None
    return moments


def signals(source: TensorSource, names: list[str], calibration: Calibration) -> dict[str, float]:
    """What the network would feel of each layer's outputs, were they errors.

    1 for all layers where the calibration does not say it of any; the mean for those where it does
    not say it. One weight is in memory at a time.
    """
    felt: dict[str, float] = {}
    for name in names:
        moments = moments_of(source, calibration, name)
        if moments.row_gains is not None:
            felt[name] = output_energy(source.read(name), moments)
    mean = sum(felt.values()) / len(felt) if any(felt.values()) else 1.0
    return {name: max(felt.get(name, mean), _LEAST_SIGNAL * mean) for name in names}


def output_energy(weight: Array, moments: Moments) -> float:
    """The sum over rows w of gain w H w'; of looked-up rows of their squares as often."""
    rows = weight.reshape(weight.shape[0], -1).astype(np.float32)
    if moments.columns is None:
        assert moments.rows is not None
        often = moments.rows.astype(np.float64) * moments.count + 1.0
        found = float(np.square(rows, dtype=np.float64).sum(1) @ often)
    else:
        groups, columns, _ = moments.columns.shape
        grouped = rows.reshape(groups, -1, columns)
        moved = grouped @ moments.columns.astype(np.float32)
        squares = np.einsum("grc,grc->gr", moved, grouped).reshape(-1).astype(np.float64)
        gains = np.ones(len(rows)) if moments.row_gains is None else moments.row_gains
        found = float(squares @ gains)
    return found if math.isfinite(found) else 0.0


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
    asked += ["tools"] * (own.tools == "auto") + ["method"] * (own.method is not None)
    asked += ["lnq"] * (own.lnq != "off") + ["scan_order"] * (own.scan_order != 0)
    if asked:
        raise refusal("setting-conflict", f"{asked[0]} and a calibration", tensor=name)


def _share(own: EncodeSettings, settings: EncodeSettings, signal: float) -> float | None:
    """The share of a layer whose weights count so much, the mean of all being 1."""
    if own.qp is not None or own.step is not None or own.sqnr != settings.sqnr:
        return None
    return (DEFAULT_SQNR if own.sqnr is None else own.sqnr) + 10 * math.log10(signal)
