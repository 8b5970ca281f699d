"""The files of one run: what a decoder is given, under names that say nothing, and its output.

A decoder sees neither the id of a case nor the folder of the suite: what it hands out, it has to
find in the stream.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnref.conformance.runner.case import Case

SUFFIXES: Final = {"safetensors": ".safetensors", "npz": ".npz", "raw": ".json"}
"""Output formats, and how the name of the output ends."""
OUT_OF_BAND_SCHEMA: Final = "nnref.out-of-band/1"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of one run."""

    folder: Path
    stream: Path
    bases: tuple[Path, ...]
    out_of_band: Path
    out: Path


@contextmanager
def workspace(case: Case, file_format: str) -> Iterator[Workspace]:
    """A folder with the files of a case, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="nnref-") as name:
        folder = Path(name)
        stream = folder / "stream.nnr"
        stream.write_bytes(case.stream)
        bases = tuple(folder / f"base{number}.nnr" for number in range(len(case.bases)))
        for path, data in zip(bases, case.bases, strict=True):
            path.write_bytes(data)
        given = folder / "out-of-band.json"
        given.write_text(_out_of_band_text(case), encoding="utf-8")
        yield Workspace(folder, stream, bases, given, folder / f"out{SUFFIXES[file_format]}")


def _out_of_band_text(case: Case) -> str:
    """As `nnref decode --out-of-band` reads it."""
    tensors = {name: dict(given) for name, given in case.out_of_band.items()}
    return json.dumps({"schema": OUT_OF_BAND_SCHEMA, "tensors": tensors})
