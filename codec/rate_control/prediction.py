"""What a model would take with given settings, without encoding it.

Of a tensor of more than `SAMPLE` numbers only a sample is encoded: runs of neighbours, spread
evenly. The rest is taken to cost as much per number, but for what contexts learn only once.
Smaller tensors and the units in front of the tensors are counted exactly.
"""

import math
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.parameter_sets import model_units, stream_settings
from nnref.codec.encoder.quality import tensor_sqnr
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import CodedArray, encode_tensor
from nnref.codec.model import ModelInput, TensorInfo, TensorSource, open_model
from nnref.codec.parallel import workers
from nnref.codec.quantization.scan import block_edge
from nnref.spec.errors import refusal
from nnref.spec.syntax import StreamState

Array = NDArray[Any]

SAMPLE: Final = 8192
"""Numbers of a tensor that are encoded at most."""
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_RUN: Final = 128
"""Neighbours in a run, as contexts look at them."""
_ENTRY_POINT_BITS: Final = 24.0
"""Of one entry point in a header, about."""
_LEARNING_BITS: Final = 400.0
"""What a unit costs once, about: its header, and what contexts learn."""

_UNPREDICTED: Final = ("blocks", "codebook", "low_rank", "low_rank_error", "local_scaling", "index")


@dataclass(frozen=True, slots=True)
class PredictedTensor:
    """One tensor as it would be coded."""

    name: str
    info: TensorInfo
    unit_bytes: int
    qp: int | None
    sqnr: float
    """dB; infinite when nothing would be lost."""
    exact: bool
    """Whether all of it was looked at."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model as it would be coded."""

    tensors: tuple[PredictedTensor, ...]
    """In the order of the model."""
    total_bytes: int
    """Of the stream."""

    @property
    def original_bytes(self) -> int:
        """Bytes of the tensors before coding."""
        return sum(tensor.info.nbytes for tensor in self.tensors)

    @property
    def bits_per_weight(self) -> float:
        """Bits of the stream for each number of the model."""
        return 8 * self.total_bytes / max(1, sum(prod(t.info.shape) for t in self.tensors))

    @property
    def lowest_sqnr(self) -> float:
        """dB, of the tensor that would lose most; infinite when nothing would be lost."""
        return min((tensor.sqnr for tensor in self.tensors), default=math.inf)


def predict(
    model: ModelInput,
    settings: EncodeSettings | None = None,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> Prediction:
    """Bytes and SQNR of every tensor of a model and of its stream, nearly.

    Arguments are those of `encode`. Raises as `encode`, and UsageError setting-conflict for what is
    not predicted: blocks, codebooks, low-rank factors, local scaling, an index.
    """
    merged = EncodeSettings.from_options(settings, options)
    _check(merged)
    with open_model(model) as source, workers(jobs, executor) as these:
        merged, base_qp = stream_settings(source, merged)
        names = source.names()
        opening, state = model_units(merged, base_qp, names)
        calls = (_call(source, merged, state, i, name) for i, name in enumerate(names))
        tensors = tuple(these.map(_predicted, calls))
    total = sum(map(len, opening)) + sum(tensor.unit_bytes for tensor in tensors)
    return Prediction(tensors, total)


def _check(settings: EncodeSettings) -> None:
    for name in _UNPREDICTED:
        if getattr(settings, name) or any(rule.options.get(name) for rule in settings.rules):
            raise refusal("setting-conflict", f"a prediction and {name}")


def _call(
    source: TensorSource, settings: EncodeSettings, state: StreamState, position: int, name: str
) -> tuple[str, Array, EncodeSettings, StreamState, int]:
    return name, source.read(name), settings.for_tensor(name), state, position


def _predicted(
    name: str, array: Array, settings: EncodeSettings, state: StreamState, position: int
) -> PredictedTensor:
    if array.size <= SAMPLE:
        coded = encode_tensor(name, array, settings, state, position)
        report = coded.report
        return PredictedTensor(name, report.info, len(coded.data), report.qp, report.sqnr, True)
    matrix = array.reshape(array.shape[0], -1)
    used = np.asarray(matrix.any(axis=1)) | settings.lossless
    values = array.reshape(-1) if used.all() else matrix[used].reshape(-1)
    sample = _sample(values).reshape((1,) * (array.ndim - 1) + (-1,))
    louder = _louder(sample, values)
    own = _as_loud(sample, settings, louder)
    coded = encode_tensor(name, sample, own, state, position)
    bits = 8 * len(coded.data) + _more_bits(coded, values.size / sample.size)
    bits += _row_bits(used, matrix.shape[1], own) + _entry_bits(matrix.shape, own)
    sqnr, qp = coded.report.sqnr - louder, coded.report.qp
    return PredictedTensor(name, TensorInfo.of(array), math.ceil(bits / 8), qp, sqnr, False)


def _sample(values: Array) -> Array:
    """Runs of neighbours from everywhere, of at most `SAMPLE` numbers.

    One run lies anywhere in each of equal parts: even distances would be those of rows.
    """
    if values.size <= SAMPLE:
        return values
    runs = np.arange(SAMPLE // _RUN)
    parts = (runs + (runs * _GOLDEN) % 1.0) / len(runs)
    starts = (parts * (values.size - _RUN)).astype(np.int64)
    return np.concatenate([values[start : start + _RUN] for start in starts])


def _louder(sample: Array, values: Array) -> float:
    """By how many dB the numbers of a sample are larger than all: its SQNR is as much higher."""
    if sample.dtype.kind in "iub" or values.size == 0:
        return 0.0
    powers = [float(np.mean(np.square(each, dtype=np.float64))) for each in (sample, values)]
    if min(powers) <= 0 or not math.isfinite(max(powers)):
        return 0.0
    return 10 * math.log10(powers[0] / powers[1])


def _as_loud(sample: Array, settings: EncodeSettings, louder: float) -> EncodeSettings:
    """The settings with which the errors of a sample are those of the whole tensor."""
    if sample.dtype.kind in "iub" or louder == 0:
        return settings
    wanted = tensor_sqnr(sample, settings)
    if wanted is None or settings.lossless:
        return settings
    return replace(settings, sqnr=min(max(0.0, wanted + louder), 200.0))


def _more_bits(coded: CodedArray, times: float) -> float:
    """Bits of a tensor that is so many times as large as its sample, beyond those of the sample."""
    quantized = coded.report.qp is not None
    return (times - 1) * max(0.0, 8 * len(coded.data) - (_LEARNING_BITS if quantized else 0.0))


def _row_bits(used: NDArray[np.bool_], columns: int, settings: EncodeSettings) -> float:
    """Clause 9.6.5: of the rows that are zero, skipped where that is allowed."""
    share = float(used.mean())
    if share == 1.0:
        return 0.0
    rest = 1 - share
    flags = -sum(part * math.log2(part) for part in (share, rest) if part) * used.size
    skips = settings.row_skip is not False and settings.profile == 1 and not settings.compatible
    return flags if skips else 0.02 * float(np.count_nonzero(~used)) * columns


def _entry_bits(shape: tuple[int, ...], settings: EncodeSettings) -> float:
    """Clause 9.6.4: of the entry points of a block scan."""
    if settings.scan_order == 0 or min(shape) < 2:
        return 0.0
    return (math.ceil(shape[0] / block_edge(settings.scan_order)) - 1) * _ENTRY_POINT_BITS
