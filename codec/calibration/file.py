"""Calibration files: safetensors with up to four tensors for every weight NAME.

`NAME:moment` float32 or float64 [groups, columns, columns], the mean of x x' over the inputs x of
each group of rows, in the column order of the weight's matrix view; or, for an embedding,
`NAME:rows` [rows], the part of the look-ups that went to each row. `NAME:count` int64 [], how many
inputs were seen. `NAME:gains` float32 [rows], what squared errors of the results of each row count
for the outputs of the network. A mapping with such arrays, or an .npz file, will do as well.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from nnref.codec.calibration.moments import Moments, MomentsShape
from nnref.codec.model import ModelInput, TensorInfo, TensorSource, create_model, open_model
from nnref.codec.model.files import StrPath
from nnref.spec.errors import refusal

FORMAT: Final = "nnref.calibration/1"
_MOMENT, _ROWS, _COUNT, _GAINS = ":moment", ":rows", ":count", ":gains"


class Calibration:
    """An open calibration, of which moments are read as they are wanted."""

    def __init__(self, source: TensorSource) -> None:
        """Raises FileError file-format when something else is in the source."""
        self.source = source
        self._stored = frozenset(source.names())
        self._names = frozenset(name.rpartition(":")[0] for name in self._stored)
        for name in self._names:
            if (name + _MOMENT in self._stored) == (name + _ROWS in self._stored):
                detail = f"a calibration has {name + _MOMENT!r} or {name + _ROWS!r}, and not both"
                raise refusal("file-format", detail)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def names(self) -> frozenset[str]:
        """The weights it knows."""
        return self._names

    def moments(self, name: str) -> Moments:
        """The moments of one weight. Raises FileError file-format for no finite numbers."""
        count = int(self.source.read(name + _COUNT)) if name + _COUNT in self._stored else 0
        if name + _MOMENT in self._stored:
            found = self._numbers(name + _MOMENT, 3)
            if found.shape[1] != found.shape[2] or not found.shape[0]:
                raise refusal("file-format", f"{name + _MOMENT!r} has shape {list(found.shape)}")
            return Moments(found, None, count, self._gains(name))
        return Moments(None, self._numbers(name + _ROWS, 1), count)

    def _gains(self, name: str) -> Any:
        if name + _GAINS not in self._stored:
            return None
        gains = self._numbers(name + _GAINS, 1)
        if not (gains >= 0).all():
            raise refusal("file-format", f"{name + _GAINS!r} has negative numbers")
        return gains

    def _numbers(self, stored: str, dimensions: int) -> Any:
        array = self.source.read(stored)
        if array.ndim != dimensions or array.dtype not in (np.float32, np.float64):
            kind = f"{array.dtype} with {array.ndim} dimensions"
            raise refusal("file-format", f"{stored!r} is {kind}, not float with {dimensions}")
        if not np.isfinite(array).all():
            raise refusal("file-format", f"{stored!r} has NaN or infinite numbers")
        return array


CalibrationInput = Calibration | ModelInput
"""What `open_calibration` takes."""


@contextmanager
def open_calibration(given: CalibrationInput | None) -> Iterator[Calibration | None]:
    """A calibration, open in the block: the path of a file, a mapping of arrays, an open one.

    Raises FileError file-not-found, file-format, UsageError input-type.
    """
    if given is None or isinstance(given, Calibration):
        yield given
        return
    with open_model(given) as source:
        yield Calibration(source)


class CalibrationWriter:
    """A calibration file that is written weight by weight and appears whole or not at all."""

    def __init__(
        self, path: StrPath, shapes: Mapping[str, MomentsShape], *, gains: Container[str] = ()
    ) -> None:
        """`shapes` announces all weights, `gains` those whose rows do not count alike.

        Raises FileError file-format, file-write.
        """
        infos: dict[str, TensorInfo] = {}
        for name, shape in shapes.items():
            columns = (shape.groups, shape.columns, shape.columns)
            key, dimensions = (_MOMENT, columns) if shape.groups else (_ROWS, (shape.rows,))
            infos |= {name + key: TensorInfo("float32", dimensions)}
            infos |= {name + _COUNT: TensorInfo("int64", ())}
            infos |= {name + _GAINS: TensorInfo("float32", (shape.rows,))} if name in gains else {}
        self._sink = create_model(path, infos, {"format": FORMAT})

    def write(self, name: str, moments: Moments) -> None:
        """Write the moments of one weight, in binary32."""
        stored = moments.rows if moments.columns is None else moments.columns
        assert stored is not None
        key = _ROWS if moments.columns is None else _MOMENT
        self._sink.write(name + key, stored.astype(np.float32))
        self._sink.write(name + _COUNT, np.array(moments.count, np.int64))
        if moments.row_gains is not None:
            self._sink.write(name + _GAINS, moments.row_gains.astype(np.float32))

    def __enter__(self) -> "CalibrationWriter":
        return self

    def __exit__(self, *failure: Any) -> None:
        self._sink.__exit__(*failure)


def write_calibration(
    path: StrPath, shapes: Mapping[str, MomentsShape], found: Iterable[tuple[str, Moments]]
) -> None:
    """A whole file. Raises as `CalibrationWriter`."""
    with CalibrationWriter(path, shapes) as writer:
        for name, moments in found:
            writer.write(name, moments)
