"""Encoding whole models: into memory, or one tensor at a time into a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from nnref.codec.encoder.parameter_sets import model_units, stream_base_qp
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import EncodedTensor, encode_tensor
from nnref.codec.model import ModelInput, TensorSource, atomic_write, open_model
from nnref.spec.errors import NnrError

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
    def warnings(self) -> tuple[str, ...]:
        """One sentence per tensor whose content was lost."""
        return tuple(
            f"tensor {tensor.name!r} decodes to zeros: the step of qp {tensor.qp} is too large"
            for tensor in self.tensors
            if tensor.all_zero
        )


def encode(model: ModelInput, settings: EncodeSettings | None = None, **options: Any) -> bytes:
    """The stream of a model: a mapping of arrays, a path, or an open TensorSource.

    Options are the fields of `EncodeSettings` and override `settings`.
    Raises UsageError (a tensor or a setting cannot be coded) and FileError.
    """
    report = EncodeReport()
    with open_model(model) as source:
        units = _units(source, EncodeSettings.from_options(settings, options), report, None)
        return b"".join(units)


def encode_file(
    model: ModelInput,
    path: str | PathLike[str],
    settings: EncodeSettings | None = None,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> EncodeReport:
    """Encode a model into a stream file, one tensor in memory at a time.

    The file appears under its name only when everything is written. Raises as `encode`.
    """
    report = EncodeReport()
    merged = EncodeSettings.from_options(settings, options)
    with open_model(model) as source, atomic_write(path) as file:
        for unit in _units(source, merged, report, progress):
            file.write(unit)
    return report


def _units(
    source: TensorSource,
    settings: EncodeSettings,
    report: EncodeReport,
    progress: Progress | None,
) -> Iterator[bytes]:
    units, state = model_units(settings, stream_base_qp(source, settings))
    for unit in units:
        report.total_bytes += len(unit)
        yield unit
    names = list(source.names())
    for index, name in enumerate(names):
        if progress is not None:
            progress(index, len(names), name)
        try:
            array = source.read(name)
        except NnrError as error:
            raise error.at(tensor=name) from None
        unit, tensor = encode_tensor(name, array, settings.for_tensor(name), state, index)
        report.total_bytes += len(unit)
        report.tensors.append(tensor)
        yield unit
