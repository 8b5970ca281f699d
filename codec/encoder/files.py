"""Encoding whole models: into memory, or one tensor at a time into a file."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

from nnref.codec.calibration import Calibration, CalibrationInput, open_calibration
from nnref.codec.decoder.bases import Base, BaseInput, open_base
from nnref.codec.decoder.chain import Semantics
from nnref.codec.encoder.blocks import encode_group
from nnref.codec.encoder.index import with_index
from nnref.codec.encoder.layers import layers
from nnref.codec.encoder.parameter_sets import model_units, stream_settings
from nnref.codec.encoder.parts import with_parts
from nnref.codec.encoder.plan import planned
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import EncodedTensor
from nnref.codec.model import ModelInput, TensorSource, atomic_write, open_model
from nnref.codec.model_parameters import ModelParameters
from nnref.codec.parallel import Workers, workers
from nnref.spec.syntax import OutOfBand

Progress = Callable[[int, int, str], None]
"""Called with (tensors done, tensors in all, name of the next one)."""


@dataclass(slots=True)
class EncodeReport:
    """What was written: one row per tensor, totals and warnings."""

    tensors: list[EncodedTensor] = field(default_factory=list)
    total_bytes: int = 0

    @property
    def original_bytes(self) -> int:
        """Bytes of the tensors before coding."""
        return sum(tensor.info.nbytes for tensor in self.tensors)

    @property
    def out_of_band(self) -> dict[str, OutOfBand]:
        """By tensor name, what the stream leaves out and a decoder has to be given."""
        known = {tensor.name: tensor.out_of_band for tensor in self.tensors}
        return {name: given for name, given in known.items() if given is not None}

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence per tensor whose content was lost, or that is not quantized as was asked."""
        lost = tuple(
            f"tensor {tensor.name!r} decodes to zeros: the step of qp {tensor.qp} is too large"
            for tensor in self.tensors
            if tensor.all_zero
        )
        kept = tuple(
            f"tensor {tensor.name!r} is carried without quantization: {tensor.out_of_reach}"
            for tensor in self.tensors
            if tensor.out_of_reach
        )
        return lost + kept


def encode(
    model: ModelInput,
    settings: EncodeSettings | None = None,
    *,
    base: BaseInput | None = None,
    semantics: Semantics | str | None = None,
    calibration: CalibrationInput | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> bytes:
    """The stream of a model: a mapping of arrays, a path, or an open TensorSource.

    With a `base`, the streams before it (one, or several with the oldest first) or a chain of
    them, the stream is an update (clause 12): added to the base as `semantics` say, by default
    cumulatively, it gives the model with the quality asked for: an SQNR is that of the sum; a qp,
    step, codebook or rank that of the difference.
    With a `calibration` (a path, a mapping of its arrays, or an open one) the weights that it knows
    are quantized for the least error of their layers' outputs; their SQNR is then that of the
    outputs, on average over the layers: larger ones get less, so that a bit buys the same in all.
    `jobs` tensors are encoded at the same time: in threads, or in any `executor` of
    `concurrent.futures` (then `jobs` is best the number of its workers); the bytes are the same.
    Options are the fields of `EncodeSettings` and override `settings`.
    Raises UsageError (a tensor or a setting cannot be coded), FileError, and NnrError as decoding
    the base does.
    """
    merged = EncodeSettings.from_options(settings, options)
    opened = open_base(base, semantics)
    with (
        open_model(model) as source,
        open_calibration(calibration) as calibrated,
        workers(jobs, executor) as these,
    ):
        return encode_source(source, merged, these, opened, calibrated)[0]


def encode_source(
    source: TensorSource,
    settings: EncodeSettings,
    these: Workers,
    base: Base | None = None,
    calibration: Calibration | None = None,
) -> tuple[bytes, EncodeReport]:
    """The stream of an open model, which stays open, and what is in it. Raises as `encode`."""
    report = EncodeReport()
    units = _units(source, settings, report, None, these, base, calibration)
    return b"".join(units), report


def encode_out_of_band(
    model: ModelInput,
    settings: EncodeSettings | None = None,
    *,
    base: BaseInput | None = None,
    semantics: Semantics | str | None = None,
    calibration: CalibrationInput | None = None,
    **options: Any,
) -> tuple[bytes, dict[str, OutOfBand]]:
    """The stream of a model without dimensions and unary lengths, and these by tensor name.

    A decoder needs both (`out_of_band`, clause 7.8.9). Arguments and errors are those of `encode`.
    """
    merged = EncodeSettings.from_options(settings, options | {"out_of_band": True})
    opened = open_base(base, semantics)
    with (
        open_model(model) as source,
        open_calibration(calibration) as calibrated,
        workers(None, None) as these,
    ):
        stream, report = encode_source(source, merged, these, opened, calibrated)
    return stream, report.out_of_band


def encode_file(
    model: ModelInput,
    path: str | PathLike[str],
    settings: EncodeSettings | None = None,
    *,
    base: BaseInput | None = None,
    semantics: Semantics | str | None = None,
    calibration: CalibrationInput | None = None,
    progress: Progress | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> EncodeReport:
    """Encode a model into a stream file, one tensor in memory at a time (with `jobs`, so many).

    `base`, `semantics`, `calibration`, `jobs` and `executor` are those of `encode`. The file
    appears under its name only when everything is written. Raises as `encode`.
    """
    report = EncodeReport()
    merged = EncodeSettings.from_options(settings, options)
    opened = open_base(base, semantics)
    with (
        open_model(model) as source,
        open_calibration(calibration) as calibrated,
        workers(jobs, executor) as these,
        atomic_write(path) as file,
    ):
        for unit in _units(source, merged, report, progress, these, opened, calibrated):
            file.write(unit)
    return report


def _units(
    source: TensorSource,
    settings: EncodeSettings,
    report: EncodeReport,
    progress: Progress | None,
    these: Workers,
    base: Base | None,
    calibration: Calibration | None,
) -> Iterator[bytes]:
    """The units of the stream, counted."""
    known: dict[str, OutOfBand] = {}
    units = _model_and_tensors(source, settings, report, progress, these, known, base, calibration)
    if settings.max_unit_bytes is not None:
        units = with_parts(units, settings.max_unit_bytes, known)
    for unit in with_index(units, known) if settings.index else units:
        report.total_bytes += len(unit)
        yield unit


def _model_and_tensors(
    source: TensorSource,
    settings: EncodeSettings,
    report: EncodeReport,
    progress: Progress | None,
    these: Workers,
    known: dict[str, OutOfBand],
    base: Base | None,
    calibration: Calibration | None,
) -> Iterator[bytes]:
    """The units; `known` takes in what a unit leaves out before it comes."""
    settings, base_qp = stream_settings(source, settings)
    plan = planned(source, settings.for_tensors(), base, calibration)
    if base is not None:
        settings = replace(settings, parameters=_made_for(base, settings.parameters))
    units, state = model_units(settings, base_qp, plan.references, is_update=base is not None)
    yield from units
    maps = settings.parameters.layers if settings.parameters is not None else None
    under = list(layers(plan, source, state, maps or {}))
    groups = zip(plan.groups(source, base, calibration), under, strict=True)
    encoded = these.map(encode_group, ((layer.settled(g), layer.state) for g, layer in groups))
    done, total = 0, len(source.names())
    for members, layer in zip(plan.members, under, strict=True):
        if progress is not None:
            progress(done, total, members["weight"])
        if layer.unit:
            yield layer.unit
        for one in next(encoded):
            report.tensors += one.tensors
            known |= {t.name: t.out_of_band for t in one.tensors if t.out_of_band is not None}
            if one.data:
                yield one.data
        done += len(members)


def _made_for(base: Base, parameters: ModelParameters | None) -> ModelParameters:
    """Clause 12.7: with base_model_id the name of the base, unless the caller has another."""
    given = parameters or ModelParameters()
    return replace(given, base_model_id=given.base_model_id or base.base_model_id)
